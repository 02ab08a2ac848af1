"""Bounds of `spec/`, each with its unit and the reason for its value."""

# A spec nests seven levels deep; parsers that follow deeper nesting overflow their stack.
YAML_DEPTH_MAX = 32

# 65,536 shards with an override of five keys each; aliases of aliases could ask for billions.
YAML_NODES_MAX = 500_000

# Of all the files of a keyspace: ten that are wrong all through show what was done to them.
KEYSPACE_PROBLEMS_MAX = 1_000

# Below this a fence would be open again before a session that waits for a lock has had it (2 s).
FENCE_BUDGET_S_MIN = 5

# No application keeps its writes waiting for longer; a queue that needs more is not caught up.
FENCE_BUDGET_S_MAX = 300

# Of an environment: each is a machine with logins of its own, and a job in every wave of a rollout.
REGIONS_MAX = 64

# Of an environment: before each wave, a deployment has all before it looked at.
DEPLOYMENTS_MAX = 64

# Of an environment that says nothing: what somebody did by hand is found within a shift.
DRIFT_EVERY_S = 6 * 3_600

# What ended less than a month ago is asked for: by who was away, by a report of the month.
LEDGER_KEEP_S_MIN = 30 * 86_400

# A look asks every shard for all of its definitions: more often than this is load for nothing.
DRIFT_EVERY_S_MIN = 60

# Less is over before a command was read and the next one typed.
SCRATCH_KEEP_S_MIN = 60

# A working day: each is a process of some 400 MB that nobody sees.
SCRATCH_KEEP_S_MAX = 12 * 3_600
