"""Bounds of files and git, each with its unit and the reason for its value."""

# Git answers from a local disk in moments; a history of a million commits takes some 20 s to walk.
GIT_ANSWER_S_MAX = 120

# A folder of a commit with 60,000 names of 40 characters; one with more is no folder of tables.
GIT_TREE_BYTES_MAX = 4_000_000

# Folders that are remembered: each file that is read asks for those above it.
GIT_TREES_KEPT = 32

# A commit's message may quote a whole discussion; of more than this nothing is read.
GIT_COMMIT_BYTES_MAX = 1_000_000

# A fetch of some commits takes seconds; one that hangs must not keep the next from being tried.
FETCH_S_MAX = 120
