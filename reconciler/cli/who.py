"""What this process is called, by itself and by others."""

from __future__ import annotations

import getpass
import os
import secrets
import socket


def process_token() -> str:
    """Chance, which tells this process from all others."""
    return secrets.token_hex(4)


def holder_name() -> str:
    """Who asks, as the ledger and reports will say it."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"user {os.getuid()}"
    return f"{user} on {socket.gethostname()} (process {os.getpid()})"
