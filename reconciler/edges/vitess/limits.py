"""Bounds of what Vitess is asked, each with its unit and the reason for its value."""

# Asked for its version, a program answers in well under a second; a busy machine takes its time.
VITESS_SAYS_S_MAX = 60

# vtctld answers from the topology in 0.1 s; of a keyspace with many shards it asks each tablet, and
# gives a topology up after 15 s (`--remote_operation_timeout`).
VTCTLD_ANSWER_S_MAX = 30

# Where nobody listens, vtctldclient would try for all that time: who listens takes a connection at
# once, over a network within a second or two.
VTCTLD_CONNECT_S_MAX = 5.0

# After so long without an answer people are told who is waited for.
VTCTLD_WAITED_FOR_S = 5.0

# What the program itself needs to give up after it has waited as long as it may.
VTCTLD_GRACE_S = 10

# An answer holds a VSchema or a list of shards. More than this no keyspace has, and vtctldclient
# takes no more than 16 MiB if nobody says so.
VTCTLD_ANSWER_BYTES_MAX = 16_777_216

# Of such an answer: each shard takes some twenty values.
VTCTLD_ANSWER_VALUES_MAX = 2_000_000

# The words of a refusal that are shown: a line.
VTCTLD_ERROR_CHARS_MAX = 400

# Keyspaces asked for their workflows at once: each is a process of 60 MB.
VTCTLD_PARALLEL = 4

# vtgate looks for tablets every second; a tablet that has begun to serve is seen within two.
VITESS_SERVING_S_MAX = 60.0

# vtgate and the topology hear of another primary within a second of each other.
VITESS_AGREED_S_MAX = 5.0
VITESS_AGREED_POLL_S = 0.5

# A shard gets its primary in 0.3 s; a tablet that has just started may refuse for some seconds.
VITESS_PROMOTE_S_MAX = 60.0

# What moves metadata alone takes well under a second once it has its lock.
STATEMENT_S_MAX = 1

# Of what is done in place without the rows: the same, and the pages of an index that is dropped.
IN_PLACE_S_MAX = 5

# A vtctld that died holds the lock of a keyspace for as long as it asked for, which Vitess makes of
# the time that a switch may take; whoever comes after it waits for that.
RESHARD_LOCKED_S_MAX = 90
