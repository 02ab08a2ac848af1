"""What a flow ends in, per keyspace: the values that reports show and exit codes come from."""
