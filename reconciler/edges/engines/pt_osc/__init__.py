"""pt-online-schema-change: copies a table's rows and keeps the copy up to date by triggers. It does
the copy alone: rows are compared, and the copy is swapped in, by ourselves."""
