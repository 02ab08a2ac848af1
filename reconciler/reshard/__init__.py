"""A move of key ranges between shards: what it is, and what may come next; never runs anything."""
