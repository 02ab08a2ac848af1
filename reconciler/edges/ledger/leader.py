"""The controller's lease: a row among the leases, of no environment and of no apply.

An environment and a keyspace have names of one character at least: nobody's lease is in its place.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine

from reconciler.edges.ledger.engine import reading, writing
from reconciler.edges.ledger.rows import known_as
from reconciler.edges.ledger.writes import Place, beat, find_lease, take_lease
from reconciler.errors import Problem
from reconciler.ledger.model import Lease, StoredLease
from reconciler.ports.ledger import LeaseLost

_PLACE = Place(environment="", keyspace="controller", region="")
_NO_APPLY = 0


class SqlControllerLease:
    """Implements the ControllerLease port."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def seen(self) -> StoredLease | None:
        with reading(self._engine) as connection:
            return find_lease(connection, _PLACE)

    def take(self, *, holder: str, now_s: float, seen: StoredLease | None) -> int:
        with writing(self._engine) as connection:
            _check_unchanged(connection, seen)
            return take_lease(connection, _PLACE, _NO_APPLY, holder, now_s).fence

    def beat(self, fence: int, *, holder: str, now_s: float) -> None:
        with writing(self._engine) as connection:
            if not beat(connection, _lease(fence), known_as(holder), now_s):
                raise _lost()

    def give_up(self, fence: int, *, now_s: float) -> None:
        with writing(self._engine) as connection:
            beat(connection, _lease(fence), None, now_s)


def _check_unchanged(connection: Connection, seen: StoredLease | None) -> None:
    """A leader that was silent may have come back since it was judged."""
    if find_lease(connection, _PLACE, for_update=True) != seen:
        raise _lost()


def _lease(fence: int) -> Lease:
    return Lease(**_PLACE._asdict(), apply_id=_NO_APPLY, holder="", fence=fence)


def _lost() -> LeaseLost:
    return LeaseLost(
        Problem(
            code="controller-lease-lost",
            message="another controller leads in this ledger",
            recovery="nothing: this one waits, and leads when the other has gone",
        )
    )
