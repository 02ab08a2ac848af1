"""One step of a whole keyspace: its VSchema, changed before all shards or behind them."""
