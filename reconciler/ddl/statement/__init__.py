"""The gate before a socket: what is sent is one statement of a known kind on a managed table."""
