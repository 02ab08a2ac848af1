"""Bounds of connections, each with its unit and the reason for its value."""

# A host that vanished answers no keepalive for this long before its connection is given up; long
# enough for a switch to restart, short enough not to wait for a dead shard all night.
TCP_DEAD_AFTER_S = 120

# One answer in memory: a list of 200,000 tables, or what 10,000 sessions run, stays below this.
ANSWER_BYTES_MAX = 64_000_000

# A login's greeting, challenges and keys are some hundred bytes each.
LOGIN_BYTES_MAX = 65_536

# MySQL: the most columns of a SELECT.
COLUMNS_MAX = 4_096

# Lists of columns of which it is kept what was made of them: more than there are questions in the
# product, a few kilobytes each.
COLUMN_LISTS_KNOWN_MAX = 128

# Of one such list: many times what any question of the product is answered with. A server that
# means harm would have longer ones kept for as long as the process lives.
COLUMN_LIST_BYTES_MAX = 65_536

# How much of the first column tells lists apart before they are compared to the byte: its length
# and the first letters of its name, which for a lock's name are the same on every shard.
COLUMN_LIST_BEGINS_BYTES = 32

# Statements in one write, of which two may be unanswered at a time: enough to hide a round trip
# behind answers, and far below what a socket holds, or each side would wait for the other to read.
ASKED_AHEAD_MAX = 64

# Of so many questions that were asked ahead it is remembered what stands in front of the rows of
# their answers, which is the same to the byte for each question of a form: more forms than are
# asked for at a time.
HEADS_KNOWN_MAX = 8

# A socket's own limit may be so much later than the answer's: setting it costs a system call.
LATE_S_MAX = 1.0

# Zero would mean not to wait for the network at all, and end in another error.
LEAST_WAIT_S = 0.001

# For how long an answer counts as one of the moment at which it is asked for: what is asked next is
# asked within milliseconds, and whoever has waited in between asks again.
SOON_S_MAX = 1.0
