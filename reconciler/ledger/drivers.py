"""What a process that drives is called: in the ledger, on the servers' locks, in reports.

Rule: no two processes have one name (SP-123). The job of a forge is run again under the same
address, and the process of every container has the same number.
"""

from __future__ import annotations

_OF = " of "


def driver_name(who: str, token: str) -> str:
    """`token` is chance, drawn once by the process. It stands first: a long name loses its end."""
    return f"run {token}{_OF}{who}"


def is_called(stored: str, name: str) -> bool:
    """Whether that is the name as a ledger keeps it: cut behind the token, or redacted there."""
    return stored.partition(_OF)[0] == name.partition(_OF)[0]
