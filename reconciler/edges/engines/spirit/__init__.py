"""Spirit 0.15: copies rows into a table beside the one that changes, follows the binary log,
compares checksums of both, and swaps."""
