"""Documents to characters: one writer for each form."""
