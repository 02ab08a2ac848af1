"""Keeps the schema of a sharded MySQL fleet equal to what git says."""

__version__ = "0.1.0"
