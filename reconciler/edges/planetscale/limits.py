"""Bounds of the edge to PlanetScale, each with its unit and the reason for its value."""

# The largest page that its reference gives; 100 pages are more deploy requests from one branch, or
# branches in a queue, than anybody has.
PLANETSCALE_PAGE = 100
PLANETSCALE_PAGES_MAX = 100

# One read of the socket; the schema of a large keyspace takes some seconds to be put together.
PLANETSCALE_WAIT_S_MAX = 30
PLANETSCALE_ANSWER_S_MAX = 120

# A schema of 10,000 tables, each with the HTML that comes beside its text.
PLANETSCALE_ANSWER_BYTES_MAX = 200_000_000

# Of such an answer: brackets and commas, those of the definitions with it, 1,000 of each table.
PLANETSCALE_ANSWER_VALUES_MAX = 10_000_000

# For reads that the service failed: about 0.1 s and 0.2 s apart, with jitter. What it asks to wait
# for longer is for a person.
PLANETSCALE_ATTEMPTS_MAX = 3
PLANETSCALE_RETRY_S_MAX = 60

# Of an error, in which it says why; the rest is cut.
PLANETSCALE_WORDS_CHARS_MAX = 1_000

# A login to a development branch outlives its run by no more than this: DDL on a branch without
# rows takes seconds.
BRANCH_LOGIN_S = 900
BRANCH_CONNECT_S = 30
BRANCH_ANSWER_S = 120
