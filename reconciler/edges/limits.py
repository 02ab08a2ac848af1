"""Bounds of several edges, each with its unit and the reason for its value."""

# A password of fewer characters may be a word of any sentence: it is taken out of what servers say,
# and not looked for elsewhere.
SECRET_CHARS_MIN = 8

# An app's token lasts for an hour, and another one is got by then: what was said with those before
# these is over.
RENEWED_TOKENS_KEPT = 8

# A server with a full redo log, and a program that drops its triggers, need some seconds to end in
# good order.
PROGRAM_GRACE_S = 30.0

# `sun_path` holds 108 bytes on Linux, 104 on BSD and macOS.
SOCKET_PATH_BYTES_MAX = 100

# A server of metrics answers one sample in milliseconds; one that does not is measured again later.
METRIC_WAIT_S_MAX = 10.0
METRIC_ANSWER_S_MAX = 15.0

# One sample with the longest labels; a query of many is not one that can be compared.
METRIC_ANSWER_BYTES_MAX = 1_048_576
METRIC_ANSWER_VALUES_MAX = 10_000
