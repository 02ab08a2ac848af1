"""Bounds of the ledger's database, each with its unit and the reason for its value."""

# The waves of an apply: the names of 65,536 shards, and some brackets.
LEDGER_VALUES_MAX = 200_000

# Other writers hold a ledger for milliseconds; one that hangs must not hold a run forever.
LEDGER_BUSY_S_MAX = 15

# The operations of an apply over 4,000 shards with fifty tables each stay below this.
LEDGER_ANSWER_BYTES_MAX = 1_000_000_000

# Group commit lets one connection write for all; the others read.
LEDGER_CONNECTIONS_MAX = 6

# Deleted in one transaction: others wait for as long for the ledger, which is milliseconds.
SWEEP_ROWS_AT_ONCE = 500

# Of one transaction; an apply is one row of it, and its operations follow in others.
SWEEP_APPLIES_AT_ONCE = 16

# A lease that ran out an hour ago counts for nobody by any clock; until then it may tell a person
# which process went away.
FORGET_LEASES_S = 3_600
