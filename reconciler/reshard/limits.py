"""Bounds of `reshard/`, each with its unit and the reason for its value."""

# A batch job, a backfill or a busy hour is over by then; a shard that has grown is not smaller.
ADVICE_LOOKS = 3

# A move leaves caches cold and rows to purge: what is measured on the day after says little.
ADVICE_PAUSE_S = 86_400

# A look is one of a scheduled job, hourly or daily; from one that is older the fleet has moved on.
LOOK_AGE_S_MAX = 2 * 86_400

# Three looks of one minute are one look; a job that runs by the hour may be ten minutes early.
LOOKS_APART_S = 3_000

# Clocks are set, and a count is asked for a moment after the time was; a server that was started
# again, or is another one, is up for a quite different time.
UPTIME_SLACK_S = 60

# By chance a share of 0.5 is measured within 0.03 of it (two standard deviations of 1,000).
ADVICE_SAMPLES_MIN = 1_000

# More than are needed: rows are deleted between the choice of a place and the look at it.
ADVICE_SAMPLES = 1_200

# Each takes some hundred questions of the shard's server; what is in smaller tables tips no scale.
SAMPLED_TABLES_MAX = 8

# Of the bytes of sharded tables: what less of them says, the rest may turn over.
SAMPLED_BYTES_SHARE_MIN = 0.5

# The rows behind one gap can be taken for no more than one part in so many.
SAMPLED_STRETCHES = 64

# Of the rows, for either side: a split that moves less costs as much and comes back soon.
ADVICE_SHARE_MIN = 0.35

# A tick that closes the fence must be able to open it again after all of its time, and to tell so.
FENCES_IN_TICK = 3

# What is left at the fence may take this share of its budget: predictions are wrong by a factor.
FENCED_WORK_SHARE = 1 / 3

# Writers hardly notice so much of refused writes; what is more is worth another round before it,
# as long as a round leaves less than this share of what was to compare before it.
FENCED_WORK_S_UNNOTICED = 0.2
ROUND_LEAVES_SHARE = 0.7

# Writes come in bursts; who has followed for this long and is not nearer will not get there.
OUTRUN_AFTER_S = 120.0

# Each refuses writes for up to the budget; whoever loses so many in one tick lets a person look.
FENCES_LOST_MAX = 3

# A switch lets writes wait until the streams have caught up: Vitess' own bound is 30 s, and streams
# that keep up are within a second.
RESHARD_LAG_S_MAX = 10

# Switches that Vitess refused in one tick, each of which had writes wait for nothing.
SWITCHES_REFUSED_MAX = 3
