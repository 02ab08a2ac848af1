"""Bounds of the client for applications, each with its unit and the reason for its value."""

# For how long an application may route by what it saw. A split opens its targets once every lease
# of before has run out: what is longer here is an outage there.
LEASE_S_MAX = 20.0

# How long one call waits for a range that is between two owners: a fence holds for 20 s by default,
# and the leases of others are waited for behind it.
PATIENCE_S = 60.0

# The pauses between two tries double from one to the other, and half of each is by chance.
PAUSE_S_MIN = 0.05
PAUSE_S_MAX = 1.0

# What an application is called in the catalog: the width of the column.
NAME_CHARS_MAX = 64
