"""Bounds of the engines' programs, each with its unit and the reason for its value."""

# Asked for its version, a program answers in well under a second; a busy machine takes its time.
ENGINE_SAYS_S_MAX = 60

# What a program says while it runs is kept up to here, and then begun again: gh-ost says 200 bytes
# each time it is asked, for days.
OUTPUT_BYTES_MAX = 1_000_000

# The last words of it that are looked at and shown: the reason of an end stands in the last lines.
TAIL_BYTES = 4_000

# The reason of an end is a sentence of a server with some words of the engine around it.
ENGINE_REASON_CHARS_MAX = 400

# What a copy that is taken up repeats: the least gh-ost takes, at a row of a small table each time.
CHECKPOINT_EVERY_S = 10

# gh-ost holds the table's lock no longer than this in one try to swap.
GH_OST_LOCK_WAIT_S_MAX = 10

# gh-ost writes a heartbeat every 0.1 s: one that is at work is not silent for so long.
HEARTBEAT_FRESH_S = 5

# An engine that is asked on this machine answers in milliseconds, and in some hundred bytes.
ENGINE_ANSWER_S_MAX = 5.0
ENGINE_ANSWER_BYTES_MAX = 65_536

# How often a program is asked while news is waited for: each time costs a line of its output. That
# it has ended, or copied its last row, is heard without asking.
ENGINE_ASK_EVERY_S = 0.5

# With no more than this to go, by its own estimate, a copy by gh-ost is looked at as often as it is
# asked, so that the comparison stays right behind it.
GH_OST_NEARLY_THROUGH_S = 10

# How often it is looked whether a program serves, or its server has let go of it: it takes moments.
ENGINE_POLL_S = 0.1

# Until a program that was started can be asked: it connects and reads the table's definition first.
ENGINE_SERVES_S_MAX = 20.0

# Until a server has let go of a program that has ended: its sessions, and a statement of theirs
# that waits for a lock for at most as long as one try to swap.
ENGINE_LET_GO_S_MAX = 15.0

# Dropping a table of terabytes, on a server that is busy, takes minutes.
DROP_S_MAX = 600.0

# For how long gh-ost is held after its last row, until it waits by itself: what is compared and
# asked before a swap takes a second or two.
GH_OST_HELD_S_MAX = 5.0

# gh-ost waits a second between two tries to swap; half of it leaves a busy machine some room.
GH_OST_POSTPONES_AGAIN_S = 0.5

# A copy that has lasted for so long is not held: the second it saves is less than a third of a
# percent.
GH_OST_HOOK_AGE_S_MAX = 300.0

# In one try to swap gh-ost waits for the table's lock twice as long as it keeps it.
GH_OST_SWAP_S_MAX = 2 * GH_OST_LOCK_WAIT_S_MAX

# A session of gh-ost that was let go, or is about to lock the table, comes to wait for it within a
# millisecond; writers wait meanwhile.
GH_OST_COMES_S_MAX = 0.05

# How often it is looked whether a swap has begun: from then to its end gh-ost asks the server some
# ten times, and reads the binary log to its end.
SWAP_GUARD_POLL_S = 0.005

# Should this process have died with gh-ost, its session keeps the table for so long: a RENAME that
# was let go comes to wait for it within milliseconds, on a busy server within some hundred.
SWAP_GUARD_OUTLIVES_S = 1

# Should this process be stopped while it keeps the table, the server ends its session, in seconds.
SWAP_GUARD_SILENT_S_MAX = 5

# gh-ost looks every second whether it may swap; a reader of the binary log that is behind catches
# up in some seconds, or never.
RELEASE_PENDING_S_MAX = 30.0

# Spirit's log is a file: looked at so often that nobody waits for what it has said already.
SPIRIT_POLL_S = 0.1

# Spirit looks for its sentinel once it has compared the rows, and if that is there, each second. It
# may be taken away while rows are compared where that takes moments: of a copy that took so long,
# about half as long. What was looked at before a swap is not older than this when it begins.
SPIRIT_SHORT_COPY_S_MAX = 60.0
SPIRIT_TOLD_AHEAD_S_MAX = 30.0

# Of a process that was killed, a server that is busy frees locks and sessions within a second or
# two; one that still swaps has the table's lock already.
SPIRIT_ENDS_S_MAX = 5.0

# Rows that are equal in a new unique key are looked for before the swap: a table of a billion rows
# is sorted in minutes.
ROWS_ASKED_S_MAX = 1_800.0
