"""Real servers for scratch, sandbox and tests: found, started on loopback, gone afterwards."""
