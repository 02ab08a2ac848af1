"""The parts of a table out of the server's text: one module for each noun of the model."""
