"""Bounds of `guard/`, each with its unit and the reason for its value."""

# The record of pushes to one branch: more than these were made for no pull request that was read.
PUSHES_MAX = 300

# A pull request may be opened right after its branch is pushed, before that is on record.
PUSH_RECORD_LATE_S = 60

# Each line is asked for each path, about 10 us: of so many 0.1 s. Hundreds of lines are usual,
# thousands rare. A pattern is a path with stars: git's own paths end far below this.
CODE_OWNERS_LINES_MAX = 10_000
CODE_OWNERS_PATTERN_CHARS_MAX = 1_000

# A copy is written row by row, and its pages are not as full as those of a table that was loaded.
COPY_SIZE_FACTOR = 1.2

# Below this a copy ends by itself, whatever the spec says: the server needs room for its own logs.
COPY_DISK_FREE_PERCENT_MIN = 5

# Of a large disk 5 % is no danger: with so much left a copy goes on.
COPY_DISK_FREE_BYTES_ENOUGH = 4 * 2**30

# Tables on which a login lacks one right: who grants it does so on the database, as a rule.
RIGHTS_NAMED_MAX = 5

# Online DDLs of others that are told one by one: a refusal is read by people.
VITESS_NAMED_MAX = 20
