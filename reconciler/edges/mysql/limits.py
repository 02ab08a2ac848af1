"""Bounds of the edge to MySQL and MariaDB, each with its unit and the reason for its value."""

# Texts of programs of other databases, searched for each shard of their server: beyond this, what
# they use counts as not seen.
PROGRAMS_ELSEWHERE_BYTES_MAX = 8_000_000

# A view on a view on a view: nobody stacks more, and each takes a question.
VIEWS_ON_VIEWS_MAX = 16

# SHOW CREATE TABLE waits while an ALTER of that table commits, which takes moments.
READ_LOCK_WAIT_S = 5

# The whole look at one shard may take as long as this many of its slowest permitted answers.
OBSERVE_ANSWERS_MAX = 10

# Shards of one server that one connection looks at, one after the other: enough to make the cost of
# connecting small, few enough to be done in the time of one shard's look. A server has this many
# such connections where that leaves each of them some shards.
SHARDS_PER_BATCH_MAX = 32
BATCHES_PER_SERVER = 4

# Distinct texts that are known by their bytes while a fleet is looked at; counters make many.
TEXTS_KNOWN_MAX = 20_000

# Logins' grants that are kept as they were read: one for each login and kind of server, and some.
GRANTS_KNOWN_MAX = 64

# Of one login: a thousand lines. Longer ones are read each time, and none of a server that means
# harm is kept for as long as the process lives.
GRANTS_CHARS_KNOWN_MAX = 131_072

# What servers said of their settings, as it was read, and how they were asked: one for each server
# and character set of a database, of those that a process looks at by turns.
SETTINGS_KNOWN_MAX = 256

# Of one server: many times what its settings take.
SETTINGS_CHARS_KNOWN_MAX = 16_384

# All answers of one look: 50,000 tables of an ordinary width stay below this.
LOOK_BYTES_MAX = 512_000_000

# Each replica of a shard is asked over a connection of its own; a list of more is no list.
REPLICAS_MAX = 64

# Tables that come and go while a shard is read: after this many reads it is not going to rest.
READ_ATTEMPTS_MAX = 3

# A throwaway server is on this machine; a statement on an empty table takes it moments, and minutes
# where the disk is slow to flush.
SCRATCH_CONNECT_S_MAX = 10
SCRATCH_ANSWER_S_MAX = 300

# A proof takes seconds; a scratch database older than a day belongs to a run that was killed.
SCRATCH_LEFTOVER_AFTER_S = 86_400

# Databases of a run that stay on a scratch server that ends with it.
SCRATCH_LEFT_MAX = 1

# Statements on many scratch databases at once meet in the server's dictionary; InnoDB ends one of
# two that wait for each other, which then finds the way free.
DEADLOCK_TRIES_MAX = 5

# A statement that was told to stop undoes its work first; after this long without an answer its
# outcome is unknown.
KILLED_ANSWER_S_MAX = 600

# How long an engine waits for news of a statement before it asks the server how far it is: often
# enough for people who watch, rarely enough for a server with thousands of sessions to list.
ENGINE_LOOK_S = 2.0

# An engine's connection that is told to pause, or waits for the other one's work, may be silent for
# as long as people let a copy rest.
ENGINE_SILENT_S_MAX = 86_400

# After its last row a server has sent its answer; what has not come by now was lost on the way. A
# statement that a busy server has not read yet looks the same, and is read by then.
ANSWER_LOST_AFTER_S = 5.0

# A pace that was seen for less than this tells nothing of how long the rest takes.
PACE_S_MIN = 5.0

# The connection that watches asks for lists that take milliseconds.
WATCH_ANSWER_S_MAX = 10

# Enough to act on; a busy table can have hundreds of readers.
BLOCKERS_SHOWN_MAX = 3
STATEMENT_SHOWN_CHARS_MAX = 120

# 256 GET_LOCKs in one statement take a millisecond; the text stays far below max_allowed_packet.
LOCKS_PER_STATEMENT_MAX = 256

# A lock's own connection does nothing else: no answer in this time means that it cannot be trusted.
LOCK_ANSWER_S_MAX = 10

# At the end it may still wait for such an answer; after this long it is cut, which frees the locks.
LOCK_LET_GO_S_MAX = 1

# A holder shows itself this often; after this long a silence the server frees its locks.
LOCK_SHOW_SELF_EVERY_S = 20
LOCK_SILENT_S_MAX = 300

# A session of a machine that vanished must end before that machine's locks do: its last statement
# may be on its way yet. A live one is made again where the server ended it for its silence.
SESSION_SILENT_S_MAX = 240

# While it swaps a trigger, a session holds its table against all writers: one that falls silent
# with the lock in hand is ended by its server, and the lock goes with it.
SWAP_SILENT_S_MAX = 5

# The attributes of a connection share 512 bytes (performance_schema_session_connect_attrs_size).
LOCK_HOLDER_BYTES_MAX = 120

# How much of the text of a server's error the log of a run shows.
SERVER_TEXT_CHARS_MAX = 1_000

# Rows of a table that are compared with its copy before that is swapped in: all of most tables, and
# no longer than a person waits at a cutover. What was left out is told.
ROWS_COMPARED_MAX = 5_000_000
ROWS_COMPARED_S_MAX = 60.0

# By one statement: a second's work for a server, and few enough statements.
ROWS_PER_STRETCH = 50_000

# By one statement while the copy goes on, and for how long between two looks at it, which take two
# seconds: one core of the server has a third of its time to do at most, and less once it keeps up.
ROWS_PER_STRETCH_AHEAD = 10_000
ROWS_AHEAD_S_MAX = 1.0

# A table that was not written for so long rests: what was written before that, its engine has
# followed by now, for it is behind by no more than that and by the lag that the spec allows.
ROWS_REST_S_MIN = 10

# A stretch that differs at every look, though nobody writes, is for the look that tells why.
ROWS_AHEAD_TRIES_MAX = 5

# Rows told apart in one look; who has more of them has no copy.
ROWS_DIFFERING_MAX = 1_000

# How long a copy is given to follow what was just written: engines are behind by a second or two.
ROWS_LOOK_AGAIN_S = (0.1, 0.4, 1.0, 2.0, 4.0, 8.0)

# Whether anything listens on a port of this machine is told at once.
LISTENS_S_MAX = 2.0

# What a server is asked about a shard's load is kept by it anyway; one that takes longer has others
# to serve first.
LOAD_STATEMENT_S_MAX = 10
LOAD_S_MAX = 60
LOAD_BYTES_MAX = 64_000_000

# What every client of the ledger keeps exact: 8 PiB, or 285 years of a million statements a second.
LOAD_NUMBER_MAX = 1 << 53

# Some hundred dives and some dozen statements for each table, from another region of the world.
SAMPLE_S_MAX = 300
ESTIMATES_MAX = 400
SAMPLES_PER_STATEMENT = 50

# A question about rows: a stretch is sized to the first, for whoever waits behind its metadata lock
# waits as long; the server ends what takes longer than the second.
PROBE_STRETCH_S = 0.2
PROBE_STATEMENT_S_MAX = 1

# The first stretch, before anybody knows how long a row takes, and the bounds between which its
# size moves by no more than this factor at a time.
PROBE_ROWS_FIRST = 500
PROBE_ROWS_MIN = 8
PROBE_ROWS_MAX = 200_000
PROBE_GROWTH_MAX = 4

# Read as a whole in well below a second; where the estimate was wrong, the server ends it.
PROBE_ROWS_AT_ONCE = 50_000

# Who asks rests for so many times as long as its statements took, and looks this often whether the
# shard is within its limits of load and lag. Of two cores, a stretch takes one: with half of the
# time rested, or three quarters, a primary's slowest hundredth of statements was among those beside
# it (`bench/preflight.py`, decision 115).
PROBE_REST_SHARE = 9.0
PROBE_REST_SHARE_OF_A_REPLICA = 1.0
PROBE_LOOK_EVERY_S = 1.0

# A server that keeps its limit has answered by then; one that does not is told to end the
# statement, and what it says later is not heard.
PROBE_OVERTIME_S = 4

# The settings of a machine are a few lines.
SETTINGS_BYTES_MAX = 64 << 10

# What a spec asks of a shard before a wave: long enough for a count over an index, and no work that
# a shard would feel.
PROMOTION_STATEMENT_S_MAX = 5

# Definitions that are asked for in one write at the end of a shard, with the list behind them:
# below what a connection takes before an answer is read.
SHOWN_SOON_MAX = 50

# A warm server answers in milliseconds; one that does not is ended, and one begun in two seconds.
WARM_ANSWER_S_MAX = 3

# What the command before had dropped or closed may yet be under way.
WARM_RESTS_S_MAX = 2.0

# It is killed, and so is its container, which takes a second; a command does not wait for one that
# nothing ends: it begins another.
WARM_END_S_MAX = 5.0

# Its logs and its counters grow with each command; a new one is begun in two seconds.
WARM_LIFE_S_MAX = 86_400
