"""The outline of a definition as a person wrote it: what can be said of a file without a server."""
