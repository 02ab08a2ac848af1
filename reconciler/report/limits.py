"""Bounds of `report/`, each with its unit and the reason for its value."""

# GitHub: the body of a comment or an issue; counted in bytes here, which is never more generous.
COMMENT_BYTES_MAX = 65_536

# GitHub shows ten errors and ten warnings of a step and drops the rest without a word.
ANNOTATIONS_MAX = 10

# A reader acts on the first of them; `--output json` has them all.
REASONS_SHOWN_MAX = 20

# Remarks of one rule of lint: the next hundred say what the first ones say.
REMARKS_SHOWN_MAX = 20

# A statement that is named, not shown, in one line; the whole of it is in the plan.
STATEMENT_LINE_CHARS_MAX = 160

# GitHub: the description of a commit status.
STATUS_CHARS_MAX = 140

# Changes of a VSchema that are told in one line above the lines that differ.
VSCHEMA_CHANGES_NAMED_MAX = 5

# Who looks for a full shard finds it among the first; `--output json` has them all.
FULLEST_SHOWN = 10

# Tables that differ between shards while a plan runs; `--output json` has them all.
WINDOWS_SHOWN_MAX = 20

# A worker that waits for work asks anew each minute: who has not for longer is gone.
WORKER_ASKS_S_MAX = 70

# One that is there takes an order within a second, and shows a sign of life each second; the rest
# is for clocks that differ.
WORKER_ANSWERS_S_MAX = 10

# Waves that are told one by one; of more, neighbours that stand alike are one line.
WAVES_SHOWN_MAX = 12

# Groups of shards of an apply that stand alike; `--output json` has every shard.
SHARD_GROUPS_SHOWN_MAX = 20

# Errors of an apply, each with all shards that have it: on a terminal the last lines are read.
FAILURES_SHOWN_MAX = 8

# Statements of a change set that a terminal names below an apply; the plan has all.
STATEMENTS_NAMED_MAX = 8

# Destructive changes that an alert names; the list of dangers has all.
DESTRUCTIVE_NAMED_MAX = 8

# Programs of an apply whose swaps are told, the longest first; `--output json` has all.
SWAPS_SHOWN_MAX = 8

# Past applies and splits, a line or two each: `audit` and `--before-split` go further back.
PAST_APPLIES_SHOWN_MAX = 25
PAST_SPLITS_SHOWN_MAX = 8

# Kinds of work in one apply of which a pace is told; more would push what waits off the screen.
PACES_SHOWN_MAX = 3

# A copy of a smaller table fits on any disk that is looked after.
ROOM_TOLD_BYTES_MIN = 1_000_000_000

# What runs longer leads to the part of the runbook that says what a statement may wait for.
STATEMENT_LONG_S = 600
