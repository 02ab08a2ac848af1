"""Bounds of the controller's loop, each with its unit and the reason for its value."""

# Between two turns, where nothing ended meanwhile: what a nudge and a signal wait for.
TURN_S = 1.0

# How often a leader shows a sign of life, and how often others look for one.
LEADER_BEAT_S = 2.0

# A leader that could not show itself for this long begins nothing more: well before another may
# take its silence for death.
LEADER_SURE_S_MAX = 10.0

# How often a ledger that could not be opened is asked again: each time costs a wait for its server,
# or questions to a forge.
LEDGER_CLOSED_S = 30.0

# How often a ledger is read: a release that a person gave is taken up as soon as people notice.
LEDGER_READ_S = 5.0

# How often git's remote is asked, and by how much of that the times are spread, so that many
# controllers do not ask one server in the same moment.
FETCH_EVERY_S = 60.0
FETCH_SPREAD = 0.1

# For how long an end at once waits for what is recorded then: outcomes that nobody knows.
LEAVE_S_MAX = 5.0

# However often somebody nudges, git's remote is asked no more often than this.
NUDGE_PAUSE_S = 5.0
