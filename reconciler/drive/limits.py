"""Bounds of `drive/`, each with its unit and the reason for its value."""

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

# Doubling from the first to the second: five retries take about half a minute in all.
RETRY_PAUSE_S = 1.0
RETRY_PAUSE_S_MAX = 30.0

# A server that was killed is usually back within this many looks (each with its pause, as above).
SETTLE_LOOKS_MAX = 5

# A shard that loses its connection in statement after statement is left to a person.
SETTLES_PER_SHARD_MAX = 3

# A statement that is found running and lost from sight again and again is left to a person, too.
TAKE_UPS_PER_SHARD_MAX = 100

# How often the progress of a statement is recorded: `status` shows it, and an ALTER takes hours.
PROGRESS_RECORDED_EVERY_S = 5.0

# How often a complete copy that waits is looked at, and how soon it hears that it is released.
CUTOVER_POLL_S = 1.0

# A copy that was told to end does so within seconds; what does not by then is in doubt.
STOP_LOOKS_MAX = 60

# A complete copy that is still there after this many looks needs no process to be kept up to date.
STOP_LOOKS_OF_READY = 10

# For how long rows that were compared count as compared: a cutover that waits for a lock is tried
# again within minutes.
ROWS_ALIKE_S_MAX = 600.0

# A copy that was held up has written rows to follow when it goes on, and follows them first: its
# rows are not compared before it has had this long.
ROWS_AHEAD_AFTER_HOLD_S = 10.0

# How often a server is measured while an engine copies on it: soon enough for replicas and disks,
# and each time a query to each replica.
VITALS_EVERY_S = 5.0

# A statement that outlived its sender is asked after this often, and waited for this long; then the
# run ends with its outcome unknown, which a later resume settles.
SETTLE_PAUSE_S = 0.5
SETTLE_WAIT_S_MAX = 3_600.0

# A vtgate hears of a VSchema that was written within a second or so; what it does not show by then
# was not written.
VSCHEMA_SEEN_EVERYWHERE_S = 10.0

# vtctldclient outlives a driver that is killed, and asks for 30 s (`--action-timeout`); vtctld's
# write to the topology (SaveVSchema) has that limit and no other. And what a busy machine takes.
VSCHEMA_ON_ITS_WAY_S = 45.0

# Replicas need about as long as an ALTER took to catch up with it; what has not gone down by then
# is not the rollout's own doing.
GUARD_WAIT_S_MAX = 900.0
GUARD_PAUSE_S = 2.0

# An earlier session of an apply is waited for a little longer than the server keeps a silent one.
CLAIM_WAIT_S_MAX = 300.0

# What fits a screen; older events stay in the ledger.
STATUS_EVENTS_MAX = 12

# How often a deploy request is looked at, doubling from the first to the second: a branch is ready
# and a difference known within seconds, a deploy takes minutes to days, and a look is six calls.
DEPLOY_POLL_S = 0.5
DEPLOY_POLL_S_MAX = 10.0

# Failures of PlanetScale one after the other before a run leaves the deploy to the next one.
DEPLOY_FAILURES_MAX = 5

# Who began an apply, and whose change it is, stand among its first events.
FIRST_EVENTS_MAX = 4

# The history of an apply that somebody asks for as a whole; the ledger keeps all of it.
WHOLE_APPLY_EVENTS_MAX = 60

# An apply of one shard makes the ledger forget at least so much: a second of its writing at most.
FORGET_ROWS_AT_LEAST = 1_000
