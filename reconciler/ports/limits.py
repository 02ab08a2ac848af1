"""Bounds of `ports/`, each with its unit and the reason for its value."""

# Answers of one command, each with the texts of a table or some: 20 MB. With more, it begins anew.
REMEMBERED_MAX = 2_000
