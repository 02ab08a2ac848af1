"""Bounds of the controller's decisions, each with its unit and the reason for its value."""

# Seven signs of life of a leader: a slow write or two of its ledger do not make another one lead.
LEADER_SILENT_S_MAX = 15.0

# What failed is tried again: soon, because most of what passes passes in seconds, and then ever
# later, so that what needs a person is not asked for all the time.
AGAIN_S_MIN = 10.0
AGAIN_S_MAX = 600.0

# An apply waits most of its time, for soaks and for statements; each has a few threads, its
# connections, and a scratch server where the spec names none.
APPLIES_AT_ONCE_MAX = 8

# A look at a fleet is quick and asks for much at once; two would only slow each other down.
LOOKS_AT_ONCE_MAX = 1

# What nudges said is remembered for as many as a busy repository sends in a day.
NUDGES_KEPT_MAX = 4_096
