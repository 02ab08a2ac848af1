"""Whether the targets have what the sources have: first range by range beside the writers, then
only what has changed since.

Rules: a range or a key counts as equal when it was found equal once and no key of it has gone over
since; of a range that differs, the keys of the rows that do are kept; what differs is compared
again, behind the fence at the latest, where a difference is the end of the split (SP-53). Before,
it is the end if no write can explain it: nothing of it has gone over since it was found, and all
that had been written by then has (SP-61). What this process has not compared itself, it does not
know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from reconciler.drive.split.limits import (
    COMPARE_KEYS_MAX,
    DIFFERENT_S_MAX,
    NARROWED_CHUNKS_MAX,
    NARROWED_KEYS_SHARE,
    PARTS_MAX,
)
from reconciler.drive.split.world import OpenServers, SplitOrder
from reconciler.errors import Problem
from reconciler.ports.split_servers import OwnersSeen, TableToMove
from reconciler.reshard.failures import ranges_differ, rows_differ, rows_misplaced
from reconciler.reshard.rows import NO_ROWS, Digest, Key, MovedTable


@dataclass(frozen=True, slots=True)
class Span:
    """Rows of a table behind `after` up to `end`; None: without a bound."""

    table: str
    after: Key | None
    end: Key | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Of a range that is compared again: how many rows that are at most. `is_unfound`: a row of it
    is not found by its key, and that since `since_s`, if it was looked at before."""

    rows: int
    is_unfound: bool = False
    since_s: float | None = None


class Comparison:
    def __init__(self, order: SplitOrder, servers: OpenServers) -> None:
        self._owners = order.owners
        self._rows = order.rows_per_chunk
        self._tables = order.tables
        self._servers = servers
        self._shapes = {t.name: servers.sources[0].server.shape(t.name) for t in order.tables}
        self._steps = self._all_steps()
        self._spans: dict[Span, Kept] = {}
        # None: written to since it was compared; else since when it differs without a write.
        self._keys: dict[str, dict[Key, float | None]] = {table.name: {} for table in order.tables}
        self.is_complete = False

    def reopen(self, servers: OpenServers) -> None:
        """Go on with what is known over other connections."""
        self._servers = servers

    @property
    def left(self) -> int:
        """Rows that may have changed since they were compared."""
        ranges = sum(kept.rows for kept in self._spans.values())
        return ranges + sum(map(len, self._keys.values()))

    def changed(self, table: str, keys: Sequence[Key]) -> None:
        """These are about to be written. Too many to be kept: everything is compared again."""
        known = self._keys[table]
        known.update(dict.fromkeys(keys))
        if len(known) > COMPARE_KEYS_MAX:
            self._begin_again()
            known.clear()

    def advance(self) -> int | Problem:
        """One range more, or, when all were compared, what has changed since. How many rows that
        were at most, or which are on a target that does not own them. Raises Unavailable."""
        if self.is_complete:
            return self._again()
        try:
            step = next(self._steps, None)
        except BaseException:  # the steps cannot be gone on with, and must not look like their end
            self._begin_again()
            raise
        if step is None:
            self.is_complete = True
            return 0
        return step

    def stays_different(
        self, now_s: float, followed_until_s: Mapping[str, float]
    ) -> Problem | None:
        """Asked after each look at all that differed: of what has for so long, and was not written
        to. A write that still waits explains a difference: so all that had been written when it was
        found must have gone over, `followed_until_s` tells of each table until when."""
        for table, keys in self._keys.items():
            for key, since_s in keys.items():
                if since_s is None:
                    keys[key] = now_s
                elif _is_unexplained(since_s, now_s, followed_until_s[table]):
                    return ranges_differ(self._sources, table, for_s=now_s - since_s)
        for span, kept in self._spans.items():
            if kept.is_unfound and kept.since_s is None:
                self._spans[span] = replace(kept, since_s=now_s)
            elif kept.since_s is not None and _is_unexplained(
                kept.since_s, now_s, followed_until_s[span.table]
            ):
                return ranges_differ(self._sources, span.table, for_s=now_s - kept.since_s)
        return None

    def at_rest(self) -> Problem | None:
        """What is left, when no write arrives any more. Raises Unavailable."""
        for span in tuple(self._spans):
            if not self._agree(self._shapes[span.table], *self._digests(span)):
                return rows_differ(self._sources, span.table)
            del self._spans[span]
        self._compare_keys()
        for table, keys in self._keys.items():
            if keys:
                return rows_differ(self._sources, table)
        return None

    @property
    def _sources(self) -> list[str]:
        return [source.shard for source in self._servers.sources]

    def _begin_again(self) -> None:
        self._steps, self.is_complete = self._all_steps(), False
        self._spans.clear()

    def _all_steps(self) -> Iterator[int | Problem]:
        for table in self._tables:
            yield from self._range_steps(table)
            if table.shard_by is not None:
                yield from self._owner_steps(self._shapes[table.name])

    def _range_steps(self, table: TableToMove) -> Iterator[int]:
        after: Key | None = None
        while True:
            end = self._end_of_range(table, after)
            self._compare_range(Span(table.name, after, end))
            yield self._rows
            if end is None:
                return
            after = end

    def _end_of_range(self, table: TableToMove, after: Key | None) -> Key | None:
        """Of the first source that has so many rows behind the key."""
        for source in self._servers.sources:
            end = source.server.end_of_range(table.name, after, rows=self._rows)
            if end is not None:
                return end
        return None

    def _owner_steps(self, table: MovedTable) -> Iterator[int | Problem]:
        for number, (shard, _) in enumerate(self._owners.ranges):
            after: Key | None = None
            while True:
                seen = self._misplaced(number, table, after)
                if seen.misplaced:
                    yield rows_misplaced(shard, table.name, seen.misplaced)
                yield seen.scanned
                if seen.end is None:
                    break
                after = seen.end

    def _misplaced(self, number: int, table: MovedTable, after: Key | None) -> OwnersSeen:
        shard, key_range = self._owners.ranges[number]
        target = next(one for one in self._servers.targets if one.shard == shard)

        def is_owned(value: bytes) -> bool:
            return key_range.holds(self._owners.keyspace_id(value))

        return target.server.misplaced(table, is_owned, after, rows=self._rows)

    def _again(self) -> int:
        compared = self.left
        for span in tuple(self._spans):
            self._compare_range(span)
        self._compare_keys()
        return compared

    def _compare_keys(self) -> None:
        for table, known in self._keys.items():
            for keys in _batches(tuple(known), self._rows):
                differing = self._differing_of(table, keys)
                for key in keys:
                    if key not in differing:
                        del known[key]
                known.update((key, None) for key in differing if key not in known)

    def _compare_range(self, span: Span) -> None:
        left = self._left_of(span)
        self._spans.pop(span, None)  # not before: a server that did not answer has told nothing
        self._spans.update(left)

    def _left_of(self, span: Span) -> dict[Span, Kept]:
        """If it differs, rows that do are kept by their keys. One that has a chunk's rows on one
        server may have millions on another: those are not read one by one, but parted."""
        left, right = self._digests(span)
        if self._agree(self._shapes[span.table], left, right):
            return {}
        rows = [digest.rows for digest in (*left, *right)]
        if max(rows) <= NARROWED_CHUNKS_MAX * self._rows:
            kept = self._narrowed(span, Kept(rows=max(rows)))
            return {} if kept is None else {span: kept}
        part_rows = NARROWED_CHUNKS_MAX * self._rows // 2
        parts = tuple(self._parts(span, rows, part_rows))
        return dict.fromkeys(parts, Kept(rows=part_rows if len(parts) > 1 else max(rows)))

    def _digests(self, span: Span) -> tuple[list[Digest], list[Digest]]:
        shape, after, end = self._shapes[span.table], span.after, span.end
        return (
            [source.server.digest(span.table, after, end) for source in self._servers.sources],
            [target.server.digest(shape, after, end) for target in self._servers.targets],
        )

    def _parts(self, span: Span, rows: Sequence[int], part_rows: int) -> Iterator[Span]:
        """By the server that has most rows of it."""
        shape, servers = self._shapes[span.table], self._servers
        ends = [
            *(partial(one.server.end_of_range, span.table) for one in servers.sources),
            *(partial(one.server.end_of_range, shape) for one in servers.targets),
        ]
        end_of_range, after = ends[rows.index(max(rows))], span.after
        for _ in range(min((max(rows) - 1) // part_rows, PARTS_MAX)):
            end = end_of_range(after, rows=part_rows)
            if end is None:
                break
            yield Span(span.table, after, end)
            after = end
        yield Span(span.table, after, span.end)

    def _narrowed(self, span: Span, whole: Kept) -> Kept | None:
        """None: the rows that differ are few enough to be kept by their keys: the writes of a
        moment touch many ranges, and few rows of each. They leave room for keys that are about to
        be written: else one of those would have everything compared again, and again. A row that
        its key does not find would be equal for ever after: its range stays. One that was written
        to in between is no such row."""
        known = self._keys[span.table]
        room = int(COMPARE_KEYS_MAX * NARROWED_KEYS_SHARE) - len(known)
        if room <= 0:
            return whole
        differing, found = self._differing_within(span), set[Key]()
        for keys in _batches(tuple(differing), self._rows):
            found |= self._differing_of(span.table, keys)
        if differing - found and not (differing - found).isdisjoint(self._differing_within(span)):
            was = self._spans.get(span)
            return replace(whole, is_unfound=True, since_s=None if was is None else was.since_s)
        new = sorted(found - known.keys())
        known.update(dict.fromkeys(new[:room]))
        return None if len(new) <= room else whole

    def _differing_within(self, span: Span) -> set[Key]:
        shape, after, end = self._shapes[span.table], span.after, span.end
        return self._differing_rows(
            shape,
            [source.server.digests(span.table, after, end) for source in self._servers.sources],
            [target.server.digests(shape, after, end) for target in self._servers.targets],
        )

    def _differing_of(self, table: str, keys: Sequence[Key]) -> set[Key]:
        shape = self._shapes[table]
        return self._differing_rows(
            shape,
            [source.server.digests_of(table, keys) for source in self._servers.sources],
            [target.server.digests_of(shape, keys) for target in self._servers.targets],
        )

    def _differing_rows(
        self,
        shape: MovedTable,
        left: Sequence[Mapping[Key, Digest]],
        right: Sequence[Mapping[Key, Digest]],
    ) -> set[Key]:
        keys = {key for rows in (*left, *right) for key in rows}
        return {key for key in keys if not self._agree(shape, _of(left, key), _of(right, key))}

    def _agree(self, shape: MovedTable, left: Sequence[Digest], right: Sequence[Digest]) -> bool:
        """What every shard has whole is one table on all of them, sources and targets."""
        if shape.shard_by is None:
            return len({*left, *right}) == 1
        return sum(left, NO_ROWS) == sum(right, NO_ROWS)


def _is_unexplained(since_s: float, now_s: float, followed_until_s: float) -> bool:
    return now_s - since_s >= DIFFERENT_S_MAX and since_s <= followed_until_s


def _of(found: Sequence[Mapping[Key, Digest]], key: Key) -> list[Digest]:
    return [rows.get(key, NO_ROWS) for rows in found]


def _batches(keys: Sequence[Key], size: int) -> Iterator[tuple[Key, ...]]:
    rest = iter(keys)
    while batch := tuple(islice(rest, size)):
        yield batch
