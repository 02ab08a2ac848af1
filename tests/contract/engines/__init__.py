"""Where the contract of engines is tried: a shard with a table, on each server that an engine
works on."""
