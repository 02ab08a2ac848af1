"""Bounds of `drive/split/`, each with its unit and the reason for its value."""

# Between two looks at everything: short beside a fence's budget, long beside the looks themselves.
ROUND_S = 1.0

# Until somebody's lock, load or lag may be gone.
PAUSE_S = 0.5
# Behind a fence writers wait for every moment of it.
FENCED_PAUSE_S = 0.05

# Keys that changed since they were compared: some hundred bytes each.
COMPARE_KEYS_MAX = 500_000
# Of them, those of rows that differ in a range; the others are for what is about to be written.
NARROWED_KEYS_SHARE = 0.5
# A range of so many chunks is read row by row where it differs: some megabytes from each server.
NARROWED_CHUNKS_MAX = 10
# Of a longer one, in one look: each is a question of some milliseconds.
PARTS_MAX = 1_000

# Rows that are compared again and again, behind what was written to them, are equal within
# seconds, unless somebody else has written to the targets.
DIFFERENT_S_MAX = 60.0

# A server that was restarted is back within these; then the next tick tries.
RECONNECTS_MAX = 5
RECONNECT_PAUSE_S = 1.0

# What was measured longer ago tells nothing of the writes of now.
RATE_WINDOW_S = 30.0

# Long beside a measurement of all servers, short beside the time in which a disk runs full.
BRAKE_ASKED_S = 5.0

# Beyond a tick's time, as long as others wait: for leases, which end within half a minute, and for
# locks that reports keep for minutes. What stands in the way for longer, a person has to look at.
OVERTIME_S = 300.0

# A switch that was cut off holds writes up until it is ended: Vitess needs two minutes to give up
# the lock of a vtctld that died, and as long again for the switch.
RESHARD_OVERTIME_S = 300.0
