"""Room on a server's disk for all copies that go on there at once.

Rule: what the copies of one server need yet is counted together (EN-60): each fits there alone, and
all of them would fill the disk. A copy is begun beside others where there is room for what they
still need and for itself.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Needed:
    server: str
    bytes: int


class CopyRoom:
    """Of one run. Each shard's thread tells what its own copy needs, and reads what the others'
    do; those that asked first come first, so that of two which do not fit one begins."""

    def __init__(self) -> None:
        self._needed: dict[str, _Needed] = {}

    def ask(self, shard: str, server: str, needed_bytes: int) -> int:
        """How many bytes the copies need yet that asked before on that server."""
        self.needs(shard, server, needed_bytes)
        earlier_bytes = 0
        for other, needed in tuple(self._needed.items()):
            if other == shard:
                break
            earlier_bytes += needed.bytes if needed.server == server else 0
        return earlier_bytes

    def needs(self, shard: str, server: str, needed_bytes: int) -> None:
        """Said again, it keeps its place."""
        self._needed[shard] = _Needed(server, needed_bytes)

    def done(self, shard: str) -> None:
        self._needed.pop(shard, None)
