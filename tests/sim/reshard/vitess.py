"""A keyspace of Vitess that reshards, as far as a driver can tell: every step is made of parts, and
may be cut off between any two of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from reconciler.errors import Problem, Unavailable
from reconciler.model.fleet import KeyRange, parse_key_range
from reconciler.ports.split_servers import Busy
from reconciler.reshard.actions import ReshardStep
from reconciler.reshard.job import TableGround
from reconciler.reshard.vitess.seen import (
    ComparisonSeen,
    ComparisonState,
    ReshardSeen,
    StreamSeen,
    StreamState,
)
from reconciler.reshard.vitess.work import ReshardWork
from reconciler.spec.model import VitessCluster

TABLE = "orders"
#: Its definition, as the plan was made from it.
PLANNED = "a table"


@dataclass
class Shard:
    """`writable` is its tablet's view, `serves` the topology's. `takes` False: its rows are still
    what a stream brings."""

    serves: bool
    writable: bool
    tables: set[str] = field(default_factory=set)
    rows: dict[int, int] = field(default_factory=dict)


@dataclass
class Stream:
    state: StreamState = StreamState.STOPPED
    copied: bool = False
    frozen: bool = False
    behind: dict[int, int | None] = field(default_factory=dict)


@dataclass
class SimVitess:
    """`cut_after` lets the next step with an effect end after so many of its parts; `refuses` are
    counted switches of the writes that Vitess takes back, `refuses_reads` those of the reads,
    `refuses_way_back` those that lead back, `refuses_start` starts of the streams;
    `forgets_start` are those that do not show. `breaks_off` counts VDiffs that end in an error.
    `headless` shards have no primary. A VDiff takes `compares_for` looks, and lets the streams rest
    for them; if somebody else starts one, it finds rows that differ."""

    shards: dict[str, Shard]
    cut_after: int | None = None
    cuts: int = 0
    refuses: int = 0
    refuses_start: int = 0
    forgets_start: int = 0
    breaks_off: int = 0
    refuses_reads: int = 0
    refuses_way_back: int = 0
    definition: str = PLANNED
    headless: set[str] = field(default_factory=set)
    strangers: list[Problem] = field(default_factory=list)
    moment: Callable[[], None] = lambda: None
    sent: list[ReshardStep] = field(default_factory=list)
    forward: dict[tuple[str, str], Stream] = field(default_factory=dict)
    back: dict[tuple[str, str], Stream] = field(default_factory=dict)
    reads_switched: bool = False
    has_journal: bool = False
    compared: dict[str, ComparisonSeen] = field(default_factory=dict)
    compares_for: int = 0
    comparing: str | None = None

    # The application

    def write(self, key: int, value: int) -> bool:
        """Whether it was taken: by the shard that serves the key, if its tablet takes writes."""
        owners = [name for name, one in self.shards.items() if one.serves and _holds(name, key)]
        if len(owners) != 1 or not self.shards[owners[0]].writable:
            return False
        self.shards[owners[0]].rows[key] = value
        self._note(owners[0], key, value)
        return True

    def writers_at(self, key: int) -> list[str]:
        return [name for name, one in self.shards.items() if one.writable and _holds(name, key)]

    def _note(self, shard: str, key: int, value: int) -> None:
        for streams in (self.forward, self.back):
            for (source, target), stream in streams.items():
                if source == shard and _holds(target, key) and not stream.frozen:
                    stream.behind[key] = value

    def delete_shard(self, name: str) -> None:
        """By its people: what its tablets knew of streams is gone as well."""
        self.shards.pop(name)
        for streams in (self.forward, self.back):
            for pair in [one for one in streams if one[1] == name]:
                del streams[pair]

    # `Reshards`

    def look(
        self, cluster: VitessCluster, work: ReshardWork, *, comparison: str | None
    ) -> ReshardSeen:
        self.moment()
        self._go_on_comparing(work)
        self._replicate()
        there = set(self.shards)
        on_targets = tuple(
            (name, table)
            for name in work.targets
            if name in there - self.headless
            for table in sorted(self.shards[name].tables)
        )
        return ReshardSeen(
            serving=frozenset(name for name in there if self.shards[name].serves)
            & {*work.sources, *work.targets},
            gone=tuple(sorted({*work.sources, *work.targets} - (there - self.headless))),
            deleted=tuple(sorted({*work.sources, *work.targets} - there)),
            streams=tuple(sorted(_seen(self.forward))),
            reverse=tuple(sorted(_seen(self.back))),
            are_reads_switched=self.reads_switched,
            filled=tuple(one for one in on_targets if one[1] in work.tables),
            strange=tuple(one for one in on_targets if one[1] not in work.tables),
            ground=tuple(
                TableGround(shard=name, table=table, table_id=0, columns=self.definition)
                for name in work.sources
                if name in there
                for table in sorted(self.shards[name].tables)
            ),
            comparison=self.compared.get(comparison or ""),
            foreign=tuple(self.strangers),
            lag_s=0.0 if self.forward else None,
        )

    def foresee(
        self, cluster: VitessCluster, work: ReshardWork, *, switch_s: int
    ) -> tuple[str, ...] | Busy:
        return ("Lock keyspace shop", "Unlock keyspace shop")

    def carry_out(
        self,
        cluster: VitessCluster,
        work: ReshardWork,
        step: ReshardStep,
        *,
        comparison: str,
        switch_s: int,
    ) -> Busy | None:
        self.sent.append(step)
        parts = self._parts(work, step, comparison)
        if isinstance(parts, Busy):
            return parts
        for number, part in enumerate(parts):
            if self.cut_after is not None and number >= self.cut_after:
                self.cut_after = None
                self.cuts += 1
                raise Unavailable(Problem(code="sim-cut", message="cut off", recovery="look"))
            part()
            self.moment()
        self.cut_after = None
        return None

    def _parts(
        self, work: ReshardWork, step: ReshardStep, comparison: str
    ) -> Iterator[Callable[[], None]] | Busy:
        switched = any(one.frozen for one in self.forward.values())
        match step:
            case ReshardStep.CREATE if self.forward or any(
                self.shards[name].tables for name in work.targets
            ):
                return Busy("some streams or tables are there already")
            case ReshardStep.CREATE:
                return self._create(work)
            case ReshardStep.START if self.refuses_start:
                self.refuses_start -= 1
                return Busy("a tablet's server does not answer")
            case ReshardStep.START if self.forgets_start:
                self.forgets_start -= 1
                return iter(())
            case ReshardStep.START:
                return iter([self._start])
            case ReshardStep.COMPARE:
                return iter([lambda: self._compare(work, comparison)])
            case ReshardStep.SWITCH_READS if self.refuses_reads:
                self.refuses_reads -= 1
                return Busy("a replica is behind")
            case ReshardStep.SWITCH_READS | ReshardStep.READS_BACK:
                return iter([lambda: self._reads(step)])
            case ReshardStep.SWITCH_WRITES if self.refuses and not self.back:
                self.refuses -= 1
                return Busy("the streams do not catch up")
            case ReshardStep.SWITCH_WRITES:
                return iter(()) if switched else self._switch(work)
            case ReshardStep.SWITCH_BACK if self.refuses_way_back:
                self.refuses_way_back -= 1
                return Busy("the streams that lead back do not catch up")
            case ReshardStep.SWITCH_BACK:
                return self._switch_back(work)
            case ReshardStep.COMPLETE if set(work.sources) & set(self.shards) and not (
                switched and self.reads_switched
            ):
                return Busy("you have not yet switched all traffic")
            case ReshardStep.COMPLETE:
                return self._complete(work)
            case ReshardStep.TAKE_DOWN if switched:
                return Busy("you have already switched write traffic")
            case ReshardStep.TAKE_DOWN:
                return self._take_down(work)
            case _:
                raise AssertionError(step)

    # Their parts

    def _create(self, work: ReshardWork) -> Iterator[Callable[[], None]]:
        for name in work.targets:
            yield partial(self.shards[name].tables.add, TABLE)
        for pair in work.streams:
            yield partial(self._add_stream, pair)

    def _add_stream(self, pair: tuple[str, str]) -> None:
        self.forward[pair] = Stream()

    def _start(self) -> None:
        for (source, target), stream in self.forward.items():
            if not stream.copied:
                rows = self.shards[source].rows
                stream.behind |= {key: rows[key] for key in rows if _holds(target, key)}
                stream.copied = True
            stream.state = StreamState.RUNNING

    def _compare(self, work: ReshardWork, comparison: str) -> None:
        if self.breaks_off:
            self.breaks_off -= 1
            self.compared[comparison] = ComparisonSeen(state=ComparisonState.ERROR)
            for stream in self.forward.values():
                stream.state = StreamState.STOPPED
            return
        if not self.compares_for:
            self._find(work, comparison)
            return
        self.comparing = comparison
        self.compared[comparison] = ComparisonSeen(state=ComparisonState.STARTED)
        for stream in self.forward.values():
            stream.state = StreamState.STOPPED

    def _go_on_comparing(self, work: ReshardWork) -> None:
        if self.comparing is None:
            return
        if any(one.state is StreamState.RUNNING for one in self.forward.values()):
            self.compared[self.comparing] = ComparisonSeen(
                state=ComparisonState.COMPLETED, tables=(TABLE,), differing=(TABLE,)
            )
        elif self.compares_for:
            self.compares_for -= 1
            return
        else:
            _run(self.forward)
            self._find(work, self.comparing)
        self.comparing = None

    def _find(self, work: ReshardWork, comparison: str) -> None:
        """Behind the streams: whatever is not on the target by then differs."""
        self._replicate()
        moved = [
            (source, target, key)
            for source, target in work.streams
            for key in {**self.shards[source].rows, **self.shards[target].rows}
            if _holds(source, key) and _holds(target, key)
        ]
        differs = any(
            self.shards[source].rows.get(key) != self.shards[target].rows.get(key)
            for source, target, key in moved
        )
        self.compared[comparison] = ComparisonSeen(
            state=ComparisonState.COMPLETED,
            tables=(TABLE,),
            differing=(TABLE,) if differs else (),
            rows_compared=len(moved),
        )

    def _reads(self, step: ReshardStep) -> None:
        self.reads_switched = step is ReshardStep.SWITCH_READS

    def _switch(self, work: ReshardWork) -> Iterator[Callable[[], None]]:
        if not self.has_journal:
            for name in work.sources:
                yield partial(self._allow, name, writable=False)
            yield self._replicate
            yield lambda: self.back.update({(t, s): Stream() for s, t in work.streams})
            yield self._write_journal
        for name in work.targets:
            yield partial(self._allow, name, writable=True)
        yield lambda: self._serve(work.targets, work.sources)
        yield lambda: _run(self.back)
        yield lambda: _freeze(self.forward)

    def _switch_back(self, work: ReshardWork) -> Iterator[Callable[[], None]]:
        if not any(one.frozen for one in self.forward.values()):
            return
        for name in work.targets:
            yield partial(self._allow, name, writable=False)
        yield self._replicate
        for name in work.sources:
            yield partial(self._allow, name, writable=True)
        yield lambda: self._serve(work.sources, work.targets)
        yield lambda: _freeze(self.back)
        yield self._thaw

    def _complete(self, work: ReshardWork) -> Iterator[Callable[[], None]]:
        for name in work.sources:
            yield partial(self._drop_shard, name)
        yield self.back.clear
        yield self.forward.clear

    def _take_down(self, work: ReshardWork) -> Iterator[Callable[[], None]]:
        yield self.forward.clear
        yield self.back.clear
        for name in work.targets:
            yield partial(self._drop_tables, name)

    def _drop_shard(self, name: str) -> None:
        self.shards.pop(name, None)

    def _drop_tables(self, name: str) -> None:
        if name not in self.shards:
            return
        assert not self.shards[name].serves, "nothing is dropped where somebody reads"
        self.shards[name].tables.clear()
        self.shards[name].rows.clear()

    def _allow(self, name: str, *, writable: bool) -> None:
        self.shards[name].writable = writable

    def _write_journal(self) -> None:
        self.has_journal = True

    def _serve(self, serving: tuple[str, ...], others: tuple[str, ...]) -> None:
        for name in serving:
            self.shards[name].serves = True
        for name in others:
            self.shards[name].serves = False

    def _thaw(self) -> None:
        self.reads_switched, self.has_journal = False, False
        for stream in self.forward.values():
            stream.frozen, stream.state = False, StreamState.RUNNING

    def _replicate(self) -> None:
        for streams in (self.forward, self.back):
            for (_, target), stream in streams.items():
                if stream.frozen or stream.state is not StreamState.RUNNING:
                    continue
                if target in self.shards:
                    for key, value in stream.behind.items():
                        assert value is not None
                        self.shards[target].rows[key] = value
                stream.behind.clear()


def _run(streams: dict[tuple[str, str], Stream]) -> None:
    for stream in streams.values():
        stream.state = StreamState.RUNNING


def _freeze(streams: dict[tuple[str, str], Stream]) -> None:
    for stream in streams.values():
        stream.frozen, stream.state = True, StreamState.STOPPED


def _seen(streams: dict[tuple[str, str], Stream]) -> Iterator[StreamSeen]:
    for (source, target), stream in streams.items():
        yield StreamSeen(source=source, target=target, state=stream.state, is_frozen=stream.frozen)


def _holds(shard: str, key: int) -> bool:
    found = parse_key_range(shard) or KeyRange(b"", b"")
    return found.holds(bytes([key]))
