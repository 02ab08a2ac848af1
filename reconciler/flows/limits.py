"""Bounds of `flows/`, each with its unit and the reason for its value."""

# Before-states that are worked out side by side; a fleet rarely has more.
COHORTS_PARALLEL = 4

# Schedules run late when GitHub is busy, and daily ones are common: after two days one is dead.
SCHEDULE_SILENT_S_MAX = 172_800

# What a fork may have more than the base branch, and how long its job may take: a change that a
# person wrote stays far below, and the job's own time is 30 min.
FORK_FILES_MORE_MAX = 500
FORK_BYTES_MORE_MAX = 5_000_000
FORK_SHARDS_MORE_MAX = 1_000
FORK_TABLES_MAX = 500
FORK_S_MAX = 600

# A plan is applied again after a cancel or a failure, and rarely more than once.
APPLIES_OF_A_PLAN_MAX = 5

# So many characters of a plan id name one plan among all that a repository will ever hold.
PLAN_ID_CHARS_MIN = 8

# A shard whose rows cannot be parted stays as it is; the next ones may still be split.
ADVICE_TRIES_MAX = 3

# Rows that are in a row, two days apart at most, and the one before them, for its counts.
LOOKS_KEPT_S = 8 * 86_400

# Keys of one shard that are looked for on another before both are merged: where counters have given
# out the same ids, the first ones tell.
KEYS_LOOKED_FOR = 500

# Who asks what became of a shard asks within two years; a fleet makes fewer splits than this.
ENDED_SPLITS_KEPT_S = 2 * 365 * 86_400
ENDED_SPLITS_KEPT = 1_000

# A transaction of some ten thousand rows at the most, at the end of each run.
SPLITS_FORGOTTEN_AT_ONCE = 20

# GitHub: the jobs that one matrix makes in one run of a workflow.
MATRIX_JOBS_MAX = 256

# A run of GitHub's lives for 35 days, waits included, and each wave is two places in the graph that
# a person reads.
WORKFLOW_WAVES_MAX = 16

# GitHub: the wait timer of an environment, 30 days.
WAVE_WAIT_S_MAX = 2_592_000

# Statuses and comments of as many plans as are open at once, and some more: beyond it one is said
# again.
SAID_KEPT_MAX = 1_000

# Nobody wonders how long a smaller table takes; of more tables than this the largest are asked for,
# and of each so many statements of the past as an apply has shards that take longest.
LEARNED_BYTES_MIN = 100_000_000
TABLES_LEARNED_MAX = 4
PAST_STATEMENTS_MAX = 50
