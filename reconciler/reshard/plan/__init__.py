"""The plan of a move: what is reviewed before shards are replaced by others."""
