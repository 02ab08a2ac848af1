"""One shard's part of an apply: intent, statement, read back, record."""
