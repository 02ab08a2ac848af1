"""Bounds of the engine `vitess`, each with its unit and the reason for its value."""

# Tries at one statement of one apply: as many as `lock_retries` allows, a few times over.
TRIES_MAX = 1_000

# How often a migration is looked at while news is waited for: Vitess itself looks once a minute, or
# within seconds of a command.
MIGRATION_POLL_S = 0.5

# For how long after its status a migration's message may come: Vitess writes the one and then the
# other.
MESSAGE_S = 5.0
MESSAGE_POLL_S = 0.1

# Vitess says "complete" within a second of a swap. A table that has changed for so long, while
# Vitess still says "running", was swapped by a tablet that died before it said so.
SWAP_UNTOLD_S = 15.0

# A tick of vttablet's scheduler is a minute apart (--migration-check-interval): what has not moved
# for some of them will not by itself.
MIGRATION_STILL_S = 300.0

# A tablet that runs a migration has made its copy within a second, and says once a minute that it
# lives, or is throttled. One that has done neither for so long does nothing.
MIGRATION_BEGINS_S = 150.0

# A throttle is told again before it expires, so that one whose teller died ends by itself.
THROTTLE_EXPIRES_S = 600
THROTTLE_TOLD_EVERY_S = 120.0

# What --cut-over-threshold takes: for how long writes may be held back in one try to swap.
CUT_OVER_S_MIN = 5
CUT_OVER_S_MAX = 30

# Vitess' message of an error; the statement and the rows that it quotes are left out before.
MIGRATION_MESSAGE_CHARS_MAX = 400
