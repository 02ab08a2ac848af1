"""A move of shards that Vitess itself carries out, by Reshard (decision 49)."""
