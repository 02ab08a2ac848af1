"""How a value becomes a key: a file for each function, in Python and in SQL."""
