"""Bounds of `guard/`, each with its unit and the reason for its value."""

# The record of pushes to one branch: more than these were made for no pull request that was read.
PUSHES_MAX = 300

# A pull request may be opened right after its branch is pushed, before that is on record.
PUSH_RECORD_LATE_S = 60

# Each line is asked for each path, about 10 us: of so many 0.1 s. Hundreds of lines are usual,
# thousands rare. A pattern is a path with stars: git's own paths end far below this.
CODE_OWNERS_LINES_MAX = 10_000
CODE_OWNERS_PATTERN_CHARS_MAX = 1_000
