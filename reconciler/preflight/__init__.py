"""Whether the rows of a shard allow a statement, asked before the first one runs anywhere."""
