"""One file to look at: the document of an outcome, and pictures of the same values beside it."""
