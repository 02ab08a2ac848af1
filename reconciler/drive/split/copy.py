"""One table of one source on its way to the targets.

Rules: chunks and the queue are one order of batches for each target (SP-52): what was read before
is never written after what was read later, for a target takes the batch that follows its last one,
and no other. Each batch goes to every target, and to the targets in one order, so that the last of
them is never ahead. Keys leave the queue when every target has what became of them. Where several
sources become one, a row may have moved from one to another: a key goes from a target only if no
source has a row of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from reconciler.drive.split.world import OpenServers, SplitOrder
from reconciler.ports.split_servers import NOT_BEGUN, Ack, OutOfTurn, SplitSource, SplitTarget
from reconciler.reshard.batches import Owners, TargetBatch, chunk_batches, queue_batches
from reconciler.reshard.job import Bracket, Stage
from reconciler.reshard.rows import Dirty, Key, MovedTable, Row, render_cursor


class TurnLost(Exception):
    """A target has taken a batch that this process did not send: somebody else copies, or did."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """A bracket: the table's way to one target."""

    bracket_id: int
    shard: str
    target: SplitTarget


class TableCopy:
    """`tell` hears which keys are about to be written to the targets. `elsewhere` are the other
    sources, which may have rows of this one's keys. Without `lanes` nothing goes over: what was
    written to is told, and so compared. Of all that had been written at `followed_until_s` nothing
    waits any more."""

    def __init__(
        self,
        *,
        source_shard: str,
        source: SplitSource,
        table: MovedTable,
        lanes: tuple[Lane, ...],
        acks: Sequence[Ack],
        owners: Owners,
        tell: Callable[[str, Sequence[Key]], None],
        elsewhere: tuple[SplitSource, ...] = (),
    ) -> None:
        self.table = table
        self.lanes = lanes
        self.is_copied = not lanes
        self._shard = source_shard
        self._source = source
        self._acks = list(acks)
        self._owners = owners
        self._tell = tell
        self._elsewhere = elsewhere
        self._scanned = 0
        self.followed_until_s = -math.inf
        self._awaited: tuple[float, int] | None = None

    def copy_chunk(self, rows: int) -> int:
        """The next rows behind the cursor of the last target: the others have them all, and more.
        How many were read. Raises Unavailable, Refused, TurnLost."""
        after = self._acks[-1].cursor
        chunk = self._source.read_chunk(self.table.name, after, rows=rows)
        if chunk.end is None:
            self.is_copied = True
            return 0
        self._deliver(chunk_batches(self.table, chunk.rows, self._owners), cursor=chunk.end)
        self._scanned += len(chunk.rows)
        return len(chunk.rows)

    def drain(self, keys_max: int) -> int:
        """One batch of the queue: how many marks it had. Raises Unavailable, Refused, TurnLost."""
        marks = self._source.read_queue(self.table.name, keys=keys_max)
        if not marks:
            self._has_followed(marks, keys_max)
            return 0
        keys = tuple(dict.fromkeys(mark.key for mark in marks))
        self._tell(self.table.name, keys)
        if self.lanes:
            batches = queue_batches(self.table, keys, self._rows_of(keys), self._owners)
            self._deliver(batches, cursor=None)
        self._source.forget(self.table.name, [mark.seq for mark in marks])
        self._has_followed(marks, keys_max)
        return len(marks)

    def follow_from(self, now_s: float) -> None:
        """Await the end that the queue has now, if no earlier one is awaited: by its place, for
        under a steady load it is never empty. Raises Unavailable."""
        if self._awaited is None:
            last = self._source.queue(self.table.name).last
            if last is None:
                self.followed_until_s = now_s
            else:
                self._awaited = now_s, last

    def _has_followed(self, marks: Sequence[Dirty], keys_max: int) -> None:
        """The first marks are read first: those behind the last of them, or of fewer than were
        asked for, have all gone."""
        if self._awaited is not None:
            since_s, last = self._awaited
            if len(marks) < keys_max or marks[-1].seq >= last:
                self.followed_until_s, self._awaited = since_s, None

    def reset(self) -> None:
        """The next chunk is the first one; batches go on being counted. Raises Unavailable,
        TurnLost."""
        for number, lane in enumerate(self.lanes):
            self._take(number, lane, cursor=None, replaced=(), deleted=())
        self.is_copied = not self.lanes

    def brackets(self) -> tuple[Bracket, ...]:
        """As they are recorded: what is shown, while the targets keep what counts."""
        return tuple(
            Bracket(
                bracket_id=lane.bracket_id,
                source=self._shard,
                target=lane.shard,
                table=self.table.name,
                stage=Stage.COPIED if self.is_copied else Stage.COPYING,
                batch=ack.batch,
                cursor=render_cursor(ack.cursor),
                rows_scanned=self._scanned,
                rows_accepted=ack.rows,
            )
            for lane, ack in zip(self.lanes, self._acks, strict=True)
        )

    def _rows_of(self, keys: Sequence[Key]) -> list[Row]:
        rows = [*self._source.read_rows(self.table.name, keys)]
        for source in self._elsewhere:
            here = {row.key for row in rows}
            if gone := [key for key in keys if key not in here]:
                rows += source.read_rows(self.table.name, gone)
        return rows

    def _deliver(self, batches: Sequence[TargetBatch], *, cursor: Key | None) -> None:
        """`cursor` None: where each target is, it stays."""
        by_target = {batch.target: batch for batch in batches}
        for number, lane in enumerate(self.lanes):
            batch = by_target[lane.shard]
            self._take(
                number,
                lane,
                cursor=self._acks[number].cursor if cursor is None else cursor,
                replaced=batch.replaced,
                deleted=batch.deleted,
            )

    def _take(
        self,
        number: int,
        lane: Lane,
        *,
        cursor: Key | None,
        replaced: Sequence[Row],
        deleted: Sequence[Key],
    ) -> None:
        ack = self._acks[number]
        answer = lane.target.take(
            lane.bracket_id,
            ack.batch + 1,
            cursor,
            self.table,
            replaced=replaced,
            deleted=deleted,
        )
        if isinstance(answer, OutOfTurn):
            raise TurnLost(lane.shard)
        self._acks[number] = replace(
            ack, batch=ack.batch + 1, cursor=cursor, rows=ack.rows + len(replaced)
        )


def table_copies(
    order: SplitOrder, servers: OpenServers, tell: Callable[[str, Sequence[Key]], None]
) -> tuple[TableCopy, ...]:
    """Of a table that every shard has whole, the first source's rows go over, and those of the
    others must be the same. Raises Unavailable, Refused."""
    acks = {target.shard: target.server.acks() for target in servers.targets}
    copies = []
    for source_number, source in enumerate(servers.sources):
        for table in order.tables:
            is_whole = table.shard_by is None
            others = [one.server for one in servers.sources if one is not source]
            lanes = tuple(
                Lane(
                    bracket_id=bracket_id(order, source_number, table.number, target_number),
                    shard=target.shard,
                    target=target.server,
                )
                for target_number, target in enumerate(servers.targets)
                if not (is_whole and source_number)
            )
            copies.append(
                TableCopy(
                    source_shard=source.shard,
                    source=source.server,
                    table=source.server.shape(table.name),
                    lanes=lanes,
                    acks=[acks[lane.shard].get(lane.bracket_id, NOT_BEGUN) for lane in lanes],
                    owners=order.owners,
                    tell=tell,
                    elsewhere=() if is_whole else tuple(others),
                )
            )
    return tuple(copies)


def followed_until_s(copies: Iterable[TableCopy]) -> dict[str, float]:
    """Of each table: since when something may still wait, on whichever source."""
    until_s: dict[str, float] = {}
    for copy in copies:
        name = copy.table.name
        until_s[name] = min(until_s.get(name, math.inf), copy.followed_until_s)
    return until_s


def bracket_id(order: SplitOrder, source: int, table: int, target: int) -> int:
    """The same in every tick; tables are numbered from 1."""
    width = max(number.number for number in order.tables)
    return (source * width + table - 1) * len(order.targets) + target + 1
