"""Bounds of reading statements, each with its unit and the reason for its value."""

# Every shard asks of the same statements, and before each one of all that follow it: a plan of this
# many has each read once. What is kept of one is its names, a few hundred bytes.
STATEMENTS_KEPT_MAX = 1_024
