"""Engine `vitess`: Online DDL of Vitess, on one shard alone, over vtgate."""
