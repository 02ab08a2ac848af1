"""The fence of a source: one row that every writer reads with a lock.

Rules: it is changed by compare and set on its epoch, and no epoch closes it twice; only the clock
of its own server counts; who flips it has waited for every writer who passed it open (SP-38).
"""

from __future__ import annotations

from functools import partial

from reconciler.ddl.quote import quote_identifier, quote_string
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.problems import misread
from reconciler.edges.mysql.reading import number, text
from reconciler.edges.mysql.split.objects import make_table
from reconciler.edges.mysql.split.problems import wrong_shard
from reconciler.edges.mysql.split.session import SplitSession, none_without_table
from reconciler.errors import Refused
from reconciler.ports.split_servers import Busy, Fence
from reconciler.reshard.helper_tables import FenceState, HelperNames, fence_table

_OPEN, _FENCED, _SEALED, _MOVED = map(quote_string, FenceState)


class MysqlFence:
    def __init__(self, session: SplitSession, names: HelperNames, identity: str) -> None:
        self._session = session
        self._names = names
        self._identity = identity
        self._table = quote_identifier(names.fence)
        self._row = f"`job` = {names.job} AND `identity` = {quote_string(identity)}"

    def make(self) -> Busy | None:
        """Open, if there is none. Raises Refused, Unavailable."""

        def make() -> None:
            link = self._session.looks
            make_table(link, self._session.label, fence_table(self._names))
            link.execute(
                f"INSERT IGNORE INTO {self._table} (`job`, `identity`, `epoch`, `state`)"
                f" VALUES ({self._names.job}, {quote_string(self._identity)}, 0, {_OPEN})"
            )

        busy = self._session.tried("the fence", make)
        if busy is None and self.identity() != self._identity:
            raise Refused(wrong_shard(self._session.label))
        return busy

    def identity(self) -> str | None:
        """Whatever split it is of; None: of none. Raises Unavailable."""
        sql = f"SELECT `identity` FROM {self._table} WHERE `job` = {self._names.job}"
        rows = self._session.looked(
            lambda link: none_without_table(partial(link.query, sql, width=1))
        )
        return text(rows[0][0]) if rows else None

    def read(self) -> Fence | None:
        sql = (
            "SELECT `state`, `epoch`, TIMESTAMPDIFF(MICROSECOND, SYSDATE(6), `expires_at`)"
            f" FROM {self._table} WHERE {self._row}"
        )

        def look(link: Link) -> Fence | None:
            rows = none_without_table(partial(link.query, sql, width=3))
            return _fence(*rows[0]) if rows else None

        return self._session.looked(look)

    def flip(self, epoch: int, *, budget_s: float) -> bool | Busy:
        changed = self._changed(
            f"`state` = {_FENCED}, `epoch` = {epoch},"
            f" `expires_at` = SYSDATE(6) + INTERVAL {int(budget_s * 1e6)} MICROSECOND",
            f"`epoch` < {epoch} AND (`state` = {_OPEN}"
            f" OR (`state` = {_FENCED} AND `expires_at` <= SYSDATE(6)))",
        )
        if changed is not False:
            return changed
        fence = self.read()
        return fence is not None and fence.epoch == epoch and fence.is_closed

    def seal(self, epoch: int) -> bool | Busy:
        changed = self._changed(
            f"`state` = {_SEALED}, `expires_at` = NULL",
            f"`epoch` = {epoch} AND `state` = {_FENCED} AND `expires_at` > SYSDATE(6)",
        )
        return self._is(FenceState.SEALED, epoch) if changed is False else changed

    def reopen(self, epoch: int) -> bool | Busy:
        changed = self._changed(
            f"`state` = {_OPEN}, `expires_at` = NULL",
            f"`epoch` = {epoch} AND `state` IN ({_FENCED}, {_SEALED})",
        )
        return self._is(FenceState.OPEN, epoch) if changed is False else changed

    def leave(self, epoch: int) -> bool | Busy:
        """The rows have moved: nothing opens it any more."""
        changed = self._changed(f"`state` = {_MOVED}", f"`epoch` = {epoch} AND `state` = {_SEALED}")
        return self._is(FenceState.MOVED, epoch) if changed is False else changed

    def _is(self, state: FenceState, epoch: int) -> bool:
        fence = self.read()
        return fence is not None and (fence.state, fence.epoch) == (state, epoch)

    def _changed(self, assignments: str, condition: str) -> bool | Busy:
        sql = f"UPDATE {self._table} SET {assignments} WHERE {self._row} AND {condition}"
        changed = 0

        def change() -> None:
            nonlocal changed
            changed = self._session.looks.change(sql)

        return self._session.tried("the fence", change) or changed == 1


def _fence(state: object, epoch: object, left_us: object) -> Fence:
    left = number(left_us)
    try:
        return Fence(
            state=FenceState(text(state)),
            epoch=number(epoch) or 0,
            left_s=None if left is None else left / 1e6,
        )
    except ValueError:
        raise misread() from None
