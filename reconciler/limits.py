"""Bounds that several rooms share, each with its unit and the reason for its value."""

# MySQL manual, "Identifier Length Limits": 64 characters for databases, tables, columns, indexes.
IDENTIFIER_CHARS_MAX = 64

# A CREATE TABLE with 4,096 columns of long names and comments stays below this. Of a file and of
# what a server prints alike, bodies of views, triggers, routines and events among it: what no file
# could hold is not read, for a server can print as much as it likes.
DEFINITION_BYTES_MAX = 1_000_000

# A plan for 4,000 shards that all differ stays below this; a larger file is refused unread.
PLAN_BYTES_MAX = 64_000_000

# A spec that lists 65,536 shards with overrides stays below this.
SPEC_BYTES_MAX = 16_000_000

# A VSchema is one value of the topology server, and etcd takes no more than 1.5 MB of one.
VSCHEMA_BYTES_MAX = 1_500_000

# Key ranges of Vitess are at most 8 bytes in practice; 65,536 shards need two.
SHARDS_MAX = 65_536

# Nobody reads more of what is wrong with one file; one of some megabytes could hold a million.
FILE_PROBLEMS_MAX = 100

# One of them, with what it quotes; two definitions side by side stay below this.
PROBLEM_CHARS_MAX = 2_000

# Looking is light on a server and waits mostly for the network: `rollout.parallel`, which is chosen
# for DDL, does not hold it below this.
OBSERVE_PARALLEL_MIN = 32

# How fast a server reads or rewrites a table: from a copy with many indexes on a slow volume to a
# rebuild in memory on a fast one. Estimates are spans between the two.
REWRITE_BYTES_PER_S_MIN = 5_000_000
REWRITE_BYTES_PER_S_MAX = 200_000_000

# By how much the clocks of two machines may differ before one of them is wrong.
CLOCKS_APART_S_MAX = 60

# A server's error text is at most 512 bytes; our own messages with two definitions stay below this.
LEDGER_MESSAGE_CHARS_MAX = 4_000

# GitHub: one step's job summary; a larger one is dropped whole.
SUMMARY_BYTES_MAX = 1 << 20

# A CODEOWNERS file of more is not read by GitHub either (3 MB).
CODE_OWNERS_BYTES_MAX = 3_000_000

# Where one line must say which shards: more names than this say less than "12 of 32 shards".
SHARDS_NAMED_MAX = 8

# Shards in flight of one apply, those whose copies wait to be swapped in among them: each has a
# thread, its connections and an engine's process. Waves whose copies belong together are no larger.
SHARDS_AT_WORK_MAX = 256

# For how long PlanetScale keeps a way back, by its documentation: it cannot be made longer.
REVERT_WINDOW_S_MAX = 1_800

# What fits some screens; older applies and splits stay in the ledger.
STATUS_APPLIES_MAX = 50

# Whoever drives an apply or asks something of it, in words: the ledger's columns that keep them.
ASKER_CHARS_MAX = 255

# An application measures its lease from before it asked, the server from when it wrote: they differ
# by how unevenly two clocks run in a minute, and by a step of the server's.
LEASE_SKEW_S_MAX = 5

# The contract of the routes allows 20 s, and clocks differ by the above: behind a cutover nobody
# serves before the last lease of before it is over.
LEASE_LEFT_S_MAX = 25

# Of a whole document on a terminal: what somebody who was woken still scrolls through.
SCREEN_LINES_MAX = 120
