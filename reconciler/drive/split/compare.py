"""Whether the targets have what the sources have: first range by range beside the writers, then
only what has changed since.

Rules: a range or a key counts as equal when it was found equal once and no key of it has gone over
since; of a range that differs, the keys of the rows that do are kept; what differs is compared
again, behind the fence at the latest, where a difference is the end of the split (SP-53). What this
process has not compared itself, it does not know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from reconciler.drive.split.limits import (
    COMPARE_KEYS_MAX,
    DIFFERENT_S_MAX,
    NARROWED_CHUNKS_MAX,
    NARROWED_KEYS_SHARE,
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


class Comparison:
    def __init__(self, order: SplitOrder, servers: OpenServers) -> None:
        self._owners = order.owners
        self._rows = order.rows_per_chunk
        self._tables = order.tables
        self._servers = servers
        self._shapes = {t.name: servers.sources[0].server.shape(t.name) for t in order.tables}
        self._steps = self._all_steps()
        self._spans: dict[Span, None] = {}
        # None: written to since it was compared; else since when it differs without a write.
        self._keys: dict[str, dict[Key, float | None]] = {table.name: {} for table in order.tables}
        self._fewest = 0
        self._fewest_since_s = 0.0
        self.is_complete = False

    def reopen(self, servers: OpenServers) -> None:
        """Go on with what is known over other connections."""
        self._servers = servers

    @property
    def left(self) -> int:
        """Rows that may have changed since they were compared."""
        return len(self._spans) * self._rows + sum(map(len, self._keys.values()))

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

    def stays_different(self, now_s: float) -> Problem | None:
        """Asked after each look at all that differed: ranges that have been no fewer for so long,
        or a row that nobody has written to, do not differ because they are being written to."""
        differing = len(self._spans)
        if not differing or not self._fewest or differing < self._fewest:
            self._fewest, self._fewest_since_s = differing, now_s
            return self._stays_unwritten(now_s)
        for_s = now_s - self._fewest_since_s
        if for_s < DIFFERENT_S_MAX:
            return self._stays_unwritten(now_s)
        span = next(iter(self._spans))
        return ranges_differ(self._sources, span.table, for_s=for_s)

    def _stays_unwritten(self, now_s: float) -> Problem | None:
        """A row that differs, and whose key nobody has left in the queue for so long."""
        for table, keys in self._keys.items():
            for key, since_s in keys.items():
                if since_s is None:
                    keys[key] = now_s
                elif now_s - since_s >= DIFFERENT_S_MAX:
                    return ranges_differ(self._sources, table, for_s=now_s - since_s)
        return None

    def at_rest(self) -> Problem | None:
        """What is left, when no write arrives any more. Raises Unavailable."""
        self._again()
        for span in self._spans:
            return rows_differ(self._sources, span.table)
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
            span = Span(table.name, after, end)
            if not self._is_settled(span):
                self._spans[span] = None
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
            if self._is_settled(span):
                del self._spans[span]
        for table, known in self._keys.items():
            for keys in _batches(tuple(known), self._rows):
                differing = self._differing_of(table, keys)
                for key in keys:
                    if key not in differing:
                        del known[key]
                known.update((key, None) for key in differing if key not in known)
        return compared

    def _is_settled(self, span: Span) -> bool:
        """Whether nothing of it has to be compared as a range: it is equal, or the rows that differ
        are kept by their keys. A range that has a chunk's rows on one server may have millions on
        another: those are not read one by one."""
        shape = self._shapes[span.table]
        left = [s.server.digest(span.table, span.after, span.end) for s in self._servers.sources]
        right = [t.server.digest(shape, span.after, span.end) for t in self._servers.targets]
        if self._agree(shape, left, right):
            return True
        longest = max(digest.rows for digest in (*left, *right))
        return longest <= NARROWED_CHUNKS_MAX * self._rows and self._is_narrowed(span)

    def _is_narrowed(self, span: Span) -> bool:
        """Whether the rows that differ are few enough to be kept by their keys: the writes of a
        moment touch many ranges, and few rows of each. They leave room for keys that are about to
        be written: else one of those would have everything compared again, and again. A row that
        its key does not find would be equal for ever after: its range stays."""
        shape, known = self._shapes[span.table], self._keys[span.table]
        after, end = span.after, span.end
        differing = self._differing_rows(
            shape,
            [s.server.digests(span.table, after, end) for s in self._servers.sources],
            [t.server.digests(shape, after, end) for t in self._servers.targets],
        )
        if len(known) + len(differing) > COMPARE_KEYS_MAX * NARROWED_KEYS_SHARE:
            return False
        for keys in _batches(tuple(differing), self._rows):
            if not self._differing_of(span.table, keys).issuperset(keys):
                return False
        known.update((key, None) for key in differing if key not in known)
        return True

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


def _of(found: Sequence[Mapping[Key, Digest]], key: Key) -> list[Digest]:
    return [rows.get(key, NO_ROWS) for rows in found]


def _batches(keys: Sequence[Key], size: int) -> Iterator[tuple[Key, ...]]:
    rest = iter(keys)
    while batch := tuple(islice(rest, size)):
        yield batch
