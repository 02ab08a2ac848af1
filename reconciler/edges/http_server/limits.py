"""Bounds of the HTTP server, each with its unit and the reason for its value."""

# Probes, a scraper, a webhook and some programs ask now and then; each has a thread meanwhile.
CONNECTIONS_MAX = 32

# Who asks sends some hundred bytes at once, and reads what comes. A client that sends a byte now
# and then would else keep its thread for as long as it likes.
WAIT_S_MAX = 5.0
CONNECTION_S_MAX = 15.0

# The longest path that means something has two names of 64 characters.
LINE_BYTES_MAX = 2_048

# What proxies and forges add to a request stays far below this.
HEAD_BYTES_MAX = 16_384

# A push of some thousand commits, as a forge tells it. Larger ones are left to the next fetch.
BODY_BYTES_MAX = 1 << 20

# How often connections are looked over for those that are overdue. Who ends the server waits for
# as long.
LOOK_OVER_S = 0.1
