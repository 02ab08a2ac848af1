"""What a controller asks of the world beside what the verbs ask."""

from __future__ import annotations

from typing import Protocol

from reconciler.ledger.model import StoredLease


class ControllerLease(Protocol):
    """The right to be the one that begins things in a ledger's environments. It keeps nobody from
    harm, that is what locks and the leases of applies are for: it keeps two from doing the same.
    Every call raises Unavailable if the ledger cannot be reached."""

    def seen(self) -> StoredLease | None: ...

    def take(self, *, holder: str, now_s: float, seen: StoredLease | None) -> int:
        """The fence of the new lease. Raises LeaseLost if it is not as it was `seen` any more."""

    def beat(self, fence: int, *, holder: str, now_s: float) -> None:
        """Show a sign of life. Raises LeaseLost if somebody took it."""

    def give_up(self, fence: int, *, now_s: float) -> None:
        """Nobody leads any more. A lease that was taken meanwhile is left alone."""


class Remote(Protocol):
    """Where the clone comes from."""

    def fetch(self) -> None:
        """Bring the clone's references up to date; nothing of the working tree changes. Raises
        Unavailable, in words that name no address."""
