"""Every bound in one place, each with its unit and the reason for its value."""

# MySQL manual, "Identifier Length Limits": 64 characters for databases, tables, columns, indexes.
IDENTIFIER_CHARS_MAX = 64

# A CREATE TABLE with 4,096 columns of long names and comments stays below this.
DEFINITION_BYTES_MAX = 1_000_000

# A plan for 4,000 shards that all differ stays below this; a larger file is refused unread.
PLAN_BYTES_MAX = 64_000_000

# A file of that size has some 3 million values; Python needs 60 bytes and more for each.
PLAN_VALUES_MAX = 4_000_000

# A spec that lists 65,536 shards with overrides stays below this.
SPEC_BYTES_MAX = 16_000_000

# Key ranges of Vitess are at most 8 bytes in practice; 65,536 shards need two.
SHARDS_MAX = 65_536

# Git answers from a local disk in moments; a history of a million commits takes some 20 s to walk.
GIT_ANSWER_S_MAX = 120

# A folder of a commit with 60,000 names of 40 characters; one with more is no folder of tables.
GIT_TREE_BYTES_MAX = 4_000_000
# Folders that are remembered: each file that is read asks for those above it.
GIT_TREES_KEPT = 32

# A commit's message may quote a whole discussion; of more than this nothing is read.
GIT_COMMIT_BYTES_MAX = 1_000_000

# A spec nests seven levels deep; parsers that follow deeper nesting overflow their stack.
YAML_DEPTH_MAX = 32

# 65,536 shards with an override of five keys each; aliases of aliases could ask for billions.
YAML_NODES_MAX = 500_000

# Nobody reads more of what is wrong with one file; one of some megabytes could hold a million.
FILE_PROBLEMS_MAX = 100
# Of all the files of a keyspace: ten that are wrong all through show what was done to them.
KEYSPACE_PROBLEMS_MAX = 1_000
# One of them, with what it quotes; two definitions side by side stay below this.
PROBLEM_CHARS_MAX = 2_000

# A throwaway server starts in about 1.5 s; a loaded machine of two cores may need ten times that.
SERVER_START_S_MAX = 90.0

# Looking is light on a server and waits mostly for the network: `rollout.parallel`, which is chosen
# for DDL, does not hold it below this.
OBSERVE_PARALLEL_MIN = 32

# Smaller tables change in moments whatever the class; a ceiling below this would only be noise.
ROW_CEILING_MIN = 100_000
# Ceilings are powers of ten.
ROW_CEILING_STEP = 10

# A statement that moves metadata alone, with nobody in its way.
MOMENT_S = 1.0

# How fast a server reads or rewrites a table: from a copy with many indexes on a slow volume to a
# rebuild in memory on a fast one. Estimates are spans between the two.
REWRITE_BYTES_PER_S_MIN = 5_000_000
REWRITE_BYTES_PER_S_MAX = 200_000_000

# A host that vanished answers no keepalive for this long before its connection is given up; long
# enough for a switch to restart, short enough not to wait for a dead shard all night.
TCP_DEAD_AFTER_S = 120

# Texts of programs of other databases, searched for each shard of their server: beyond this, what
# they use counts as not seen.
PROGRAMS_ELSEWHERE_BYTES_MAX = 8_000_000

# A view on a view on a view: nobody stacks more, and each takes a question.
VIEWS_ON_VIEWS_MAX = 16

# SHOW CREATE TABLE waits while an ALTER of that table commits, which takes moments.
READ_LOCK_WAIT_S = 5

# The whole look at one shard may take as long as this many of its slowest permitted answers.
OBSERVE_ANSWERS_MAX = 10

# One answer in memory: a list of 200,000 tables, or what 10,000 sessions run, stays below this.
ANSWER_BYTES_MAX = 64_000_000

# All answers of one look: 50,000 tables of an ordinary width stay below this.
LOOK_BYTES_MAX = 512_000_000

# Each replica of a shard is asked over a connection of its own; a list of more is no list.
REPLICAS_MAX = 64

# A login's greeting, challenges and keys are some hundred bytes each.
LOGIN_BYTES_MAX = 65_536

# MySQL: the most columns of a SELECT.
COLUMNS_MAX = 4_096

# Tables that come and go while a shard is read: after this many reads it is not going to rest.
READ_ATTEMPTS_MAX = 3

# A throwaway server is killed, not asked to end; what takes time is removing a large folder.
SERVER_STOP_S_MAX = 60.0

# A server with a full redo log needs some seconds to end in good order.
SERVER_GRACE_S = 30.0

# Asked for its version or its settings, a server's program answers in well under a second.
SERVER_SAYS_S_MAX = 60

# Somebody may take a free port between choosing and binding it.
PORT_ATTEMPTS_MAX = 5

# `sun_path` holds 108 bytes on Linux, 104 on BSD and macOS.
SOCKET_PATH_BYTES_MAX = 100

# Each is a process of some 400 MB; a laptop holds that many.
SANDBOX_SERVERS_MAX = 16

# Rows that somebody loads into a sandbox may take an hour.
SANDBOX_CONNECT_S_MAX = 10
SANDBOX_ANSWER_S_MAX = 3_600

# Servers that are started side by side: each start is mostly one core's work.
SANDBOX_PARALLEL = 4

# A server's error text is at most 512 bytes; our own messages with two definitions stay below this.
LEDGER_MESSAGE_CHARS_MAX = 4_000

# A password of fewer characters may be a word of any sentence: it is taken out of what servers say,
# and not looked for elsewhere.
SECRET_CHARS_MIN = 8

# Texts of server errors that the log of one run shows, and how much of one.
SERVER_TEXTS_LOGGED_MAX = 200
SERVER_TEXT_CHARS_MAX = 1_000

# The waves of an apply: the names of 65,536 shards, and some brackets.
LEDGER_VALUES_MAX = 200_000

# Other writers hold a ledger for milliseconds; one that hangs must not hold a run forever.
LEDGER_BUSY_S_MAX = 15

# The operations of an apply over 4,000 shards with fifty tables each stay below this.
LEDGER_ANSWER_BYTES_MAX = 1_000_000_000

# Group commit lets one connection write for all; the others read.
LEDGER_CONNECTIONS_MAX = 6

# A driver shows a sign of life this often, and is taken for dead after several missed ones.
HEARTBEAT_S = 2.0
HEARTBEAT_MISSED_S_MAX = 15.0

# Two signs of life and a little: who looks so long and sees none is not misled by a wrong clock.
SIGN_OF_LIFE_S_MAX = 5.0

# A driver answers within two polls, and after this long one that died is taken for dead; a person
# is told "recorded" rather than kept waiting longer.
REQUEST_ANSWER_S_MAX = 20.0

# How soon a running apply hears of a request or a signal: stop must take effect at once for people.
ROLLOUT_POLL_S = 0.25

# GitHub: the body of a comment or an issue; counted in bytes here, which is never more generous.
COMMENT_BYTES_MAX = 65_536

# GitHub: one step's job summary; a larger one is dropped whole.
SUMMARY_BYTES_MAX = 1 << 20

# GitHub shows ten errors and ten warnings of a step and drops the rest without a word.
ANNOTATIONS_MAX = 10

# A throwaway server is on this machine; a statement on an empty table takes it moments, and minutes
# where the disk is slow to flush.
SCRATCH_CONNECT_S_MAX = 10
SCRATCH_ANSWER_S_MAX = 300

# A proof takes seconds; a scratch database older than a day belongs to a run that was killed.
SCRATCH_LEFTOVER_AFTER_S = 86_400

# Doubling from the first to the second: five retries take about half a minute in all.
RETRY_PAUSE_S = 1.0
RETRY_PAUSE_S_MAX = 30.0

# Statements on many scratch databases at once meet in the server's dictionary; InnoDB ends one of
# two that wait for each other, which then finds the way free.
DEADLOCK_TRIES_MAX = 5

# A server that was killed is usually back within this many looks (each with its pause, as above).
SETTLE_LOOKS_MAX = 5

# A shard that loses its connection in statement after statement is left to a person.
SETTLES_PER_SHARD_MAX = 3

# A statement that outlived its sender is asked after this often, and waited for this long; then the
# run ends with its outcome unknown, which a later resume settles.
SETTLE_PAUSE_S = 0.5
SETTLE_WAIT_S_MAX = 3_600.0

# A statement that was told to stop undoes its work first; after this long without an answer its
# outcome is unknown.
KILLED_ANSWER_S_MAX = 600

# How long an engine waits for news of a statement before it asks the server how far it is: often
# enough for people who watch, rarely enough for a server with thousands of sessions to list.
ENGINE_LOOK_S = 2.0
# After its last row a server has sent its answer; what has not come by now was lost on the way. A
# statement that a busy server has not read yet looks the same, and is read by then.
ANSWER_LOST_AFTER_S = 5.0
# The connection that watches asks for lists that take milliseconds.
WATCH_ANSWER_S_MAX = 10
# A reader acts on the first of them; `--output json` has them all.
REASONS_SHOWN_MAX = 20

# A statement that is named, not shown, in one line; the whole of it is in the plan.
STATEMENT_LINE_CHARS_MAX = 160

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

# Replicas need about as long as an ALTER took to catch up with it; what has not gone down by then
# is not the rollout's own doing.
GUARD_WAIT_S_MAX = 900.0
GUARD_PAUSE_S = 2.0

# An earlier session of an apply is waited for a little longer than the server keeps a silent one.
CLAIM_WAIT_S_MAX = 300.0

# The attributes of a connection share 512 bytes (performance_schema_session_connect_attrs_size).
LOCK_HOLDER_BYTES_MAX = 120

# What Linux itself follows in one path, and the longest path it takes.
LINKS_MAX = 40
LINK_BYTES_MAX = 4096

# One round proves what the diff says; a second sets right what a server made of it; more would mean
# that the two never agree.
PROOF_ROUNDS_MAX = 3

# Each exclusion is a class that one of two states of a table refuses; a chain has few such.
PROOF_EXCLUSIONS_MAX = 20

# Before-states that are worked out side by side; a fleet rarely has more.
COHORTS_PARALLEL = 4

# Parts of one change set that are proven side by side; a scratch server is mostly waiting on disk.
PROOF_PARALLEL = 4

# What fits a screen; older events and applies stay in the ledger.
STATUS_EVENTS_MAX = 12
STATUS_APPLIES_MAX = 50

# How often `status --watch` looks again.
STATUS_WATCH_S = 1.0

# GitHub: the largest page it gives; 100 pages are more commits, files or reviews than it lists.
FORGE_PAGE = 100
FORGE_PAGES_MAX = 100

# GitHub ends a request of its own after 10 s.
FORGE_ANSWER_S_MAX = 20

# The record of pushes to one branch: more than these were made for no pull request that was read.
PUSHES_MAX = 300

# A pull request may be opened right after its branch is pushed, before that is on record.
PUSH_RECORD_LATE_S = 60

# Trees of commits that are kept for when they are asked about again; a proof looks at some dozens.
FORGE_TREES_MAX = 1_000

# GitHub: a plan of the largest size, in base64; its lists are far smaller. The whole answer must be
# there in this time.
FORGE_ANSWER_BYTES_MAX = 90_000_000
FORGE_WHOLE_ANSWER_S_MAX = 120

# For reads that the server failed: about 0.1 s and 0.2 s apart, with jitter.
FORGE_ATTEMPTS_MAX = 3

# After a burst GitHub asks to wait, for a minute at most; what takes longer is for a person.
FORGE_WAIT_S_MAX = 60

# GitHub: the list of a pull request's files ends here without a word.
FORGE_FILES_MAX = 3_000

# Schedules run late when GitHub is busy, and daily ones are common: after two days one is dead.
SCHEDULE_SILENT_S_MAX = 172_800

# A CODEOWNERS file of more is not read by GitHub either (3 MB).
CODE_OWNERS_BYTES_MAX = 3_000_000

# Each line is asked for each path, about 10 us: of so many 0.1 s. Hundreds of lines are usual,
# thousands rare. A pattern is a path with stars: git's own paths end far below this.
CODE_OWNERS_LINES_MAX = 10_000
CODE_OWNERS_PATTERN_CHARS_MAX = 1_000

# An event holds at most 2,048 commits; the payload is at most 25 MB.
EVENT_BYTES_MAX = 25_000_000
EVENT_VALUES_MAX = 2_000_000

# What a fork may have more than the base branch, and how long its job may take: a change that a
# person wrote stays far below, and the job's own time is 30 min.
FORK_FILES_MORE_MAX = 500
FORK_BYTES_MORE_MAX = 5_000_000
FORK_SHARDS_MORE_MAX = 1_000
FORK_TABLES_MAX = 500
FORK_S_MAX = 600

# Where one line must say which shards: more names than this say less than "12 of 32 shards".
SHARDS_NAMED_MAX = 8

# GitHub: the description of a commit status.
STATUS_CHARS_MAX = 140

# So many characters of a plan id name one plan among all that a repository will ever hold.
PLAN_ID_CHARS_MIN = 8

# A comment that is edited more often than people look only uses up the token's rate limit.
COMMENT_PAUSE_S = 10.0

# All plans of a repository, packed: their text packs to a tenth.
ARTIFACT_BYTES_MAX = 25_000_000
# Unpacked they are held in memory until each has been checked.
ARTIFACT_UNPACKED_BYTES_MAX = 250_000_000
