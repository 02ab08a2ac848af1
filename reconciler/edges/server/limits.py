"""Bounds of servers that we start, each with its unit and the reason for its value."""

# A throwaway server starts in about 1.5 s; a loaded machine of two cores may need ten times that.
SERVER_START_S_MAX = 90.0

# A throwaway server is killed, not asked to end; what takes time is removing a large folder.
SERVER_STOP_S_MAX = 60.0

# Asked for its version or its settings, a server's program answers in well under a second.
SERVER_SAYS_S_MAX = 60

# Somebody who names a port may take the one that a server is being started on.
PORT_ATTEMPTS_MAX = 5

# Above the ports that most services are known by; below 32768, from where on Linux, unless it is
# told otherwise, gives ports to connections.
PORT_FIRST = 20_000
PORT_LAST = 32_767

# Each is a process of some 400 MB; a laptop holds that many.
SANDBOX_SERVERS_MAX = 16

# Rows that somebody loads into a sandbox may take an hour.
SANDBOX_CONNECT_S_MAX = 10
SANDBOX_ANSWER_S_MAX = 3_600

# Servers that are started side by side: each start is mostly one core's work.
SANDBOX_PARALLEL = 4

# Of the lock of a warm server, 5 ms apart: its keeper has it for less than that when it looks.
WARM_LOCK_TRIES = 5
