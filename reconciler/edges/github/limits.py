"""Bounds of the edge to GitHub, each with its unit and the reason for its value."""

# GitHub: the largest page it gives; 100 pages are more commits, files or reviews than it lists.
FORGE_PAGE = 100
FORGE_PAGES_MAX = 100

# GitHub ends a request of its own after 10 s.
FORGE_ANSWER_S_MAX = 20

# Trees of commits that are kept for when they are asked about again; a proof looks at some dozens.
FORGE_TREES_MAX = 1_000

# GitHub: a plan of the largest size, in base64; its lists are far smaller. The whole answer must be
# there in this time.
FORGE_ANSWER_BYTES_MAX = 90_000_000
FORGE_WHOLE_ANSWER_S_MAX = 120

# Of such an answer, as of an event: a page of a list has some thousand.
FORGE_ANSWER_VALUES_MAX = 2_000_000

# For reads that the server failed: about 0.1 s and 0.2 s apart, with jitter.
FORGE_ATTEMPTS_MAX = 3

# After a burst GitHub asks to wait, for a minute at most; what takes longer is for a person.
FORGE_WAIT_S_MAX = 60

# GitHub: the list of a pull request's files ends here without a word.
FORGE_FILES_MAX = 3_000

# An event holds at most 2,048 commits; the payload is at most 25 MB.
EVENT_BYTES_MAX = 25_000_000
EVENT_VALUES_MAX = 2_000_000

# All plans of a repository, packed: their text packs to a tenth.
ARTIFACT_BYTES_MAX = 25_000_000

# Unpacked they are held in memory until each has been checked.
ARTIFACT_UNPACKED_BYTES_MAX = 250_000_000
