"""Bounds of reading statements, each with its unit and the reason for its value."""

# Every shard asks of the same statements, and before each one of all that follow it: a plan of this
# many has each read once. What is kept of one is its names, a few hundred bytes.
STATEMENTS_KEPT_MAX = 1_024

# Shards show the same programs, often in a database of the same name: those of a keyspace are each
# read once. What is kept of one is a digest, and where names stand: a few hundred bytes.
PROGRAM_TEXTS_KEPT_MAX = 4_096
