"""Bounds of the command line, each with its unit and the reason for its value."""

# A turn takes a second, and one that reads a new tip some more; a loop that is silent for so long
# hangs, and only a restart helps.
LOOP_SILENT_S_MAX = 60.0

# A fetch is begun each minute and may take two; after so long git's remote is away.
READY_FETCH_S_MAX = 300.0

# 16 random bytes in hexadecimal digits: what nobody guesses, however fast they may ask.
API_SECRET_CHARS_MIN = 32

# How often a browser reads again what `status --watch` writes, in seconds.
REFRESH_S = 2

# A page of an audit, which reads every operation of each of its applies.
AUDIT_APPLIES_MAX = 500
