"""How long a plan may take: an order of magnitude from the sizes of tables, no part of the plan.

A statement that moves metadata alone takes moments. One that reads or rewrites its table takes as
long as the table is large, at a speed that differs by far between servers and that nobody has
measured here: so the answer is a span, and where a size could not be read there is none. Waiting
for locks, for people and for windows comes on top.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.diff.model import Operation
from reconciler.limits import REWRITE_BYTES_PER_S_MAX, REWRITE_BYTES_PER_S_MIN
from reconciler.model.engine import TRAITS
from reconciler.plan.limits import MOMENT_S
from reconciler.plan.model import Algorithm, ChangeSet, PlanCore, PlannedStatement
from reconciler.spec.model import RolloutSpec

# Bytes of each table of a shard, data and indexes; None: could not be read.
TableSizes = Mapping[str, int | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    low_s: float
    high_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuild:
    """A table of a shard that is written a second time beside itself; `kept_bytes` are of tables as
    they were, which the plan has replaced by then and which stay beside their copies."""

    shard: str
    table: str
    size_bytes: int
    kept_bytes: int = 0

    @property
    def room_bytes(self) -> int:
        return self.size_bytes + self.kept_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimated:
    """`shard` is the one that takes longest, `rollout` all waves with `soak_s` of soaking between
    them. `size_bytes` is what the statements of one shard read or rewrite at most; 0: nothing.
    `largest` is the rebuild on any shard that needs most room; None: there is none."""

    shard: Span
    rollout: Span
    soak_s: int
    size_bytes: int
    largest: Rebuild | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotEstimated:
    """A table's size that matters could not be read."""

    shard: str
    table: str


Estimate = Estimated | NotEstimated


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """What one shard has to do; `high_bytes` may be read or rewritten, `low_bytes` surely are.
    `rebuilt` are tables that are copied, each with its size and what is kept by then."""

    statements: int
    low_bytes: int
    high_bytes: int
    rebuilt: tuple[tuple[str, int, int], ...] = ()

    @property
    def span(self) -> Span:
        return Span(
            low_s=self.low_bytes / REWRITE_BYTES_PER_S_MAX,
            high_s=self.statements * MOMENT_S + self.high_bytes / REWRITE_BYTES_PER_S_MIN,
        )


def estimate_time(
    core: PlanCore,
    sizes: Mapping[str, TableSizes],
    rollout: RolloutSpec,
    *,
    keeps_old: bool = False,
) -> Estimate | None:
    """`sizes` by shard, as they are before the plan; `keeps_old`: engines leave a table as it was
    beside its copy. None if there is nothing to run."""
    work: dict[str, _Work] = {}
    for change_set in core.change_sets:
        for shard in change_set.shards:
            found = _work_of(change_set, sizes.get(shard, {}), keeps_old=keeps_old)
            if isinstance(found, str):
                return NotEstimated(shard=shard, table=found)
            work[shard] = found
    waves = [[work[shard].span for shard in wave if shard in work] for wave in core.waves]
    spans = [_wave(wave, rollout) for wave in waves if wave]
    if not spans:
        return None
    soak_s = rollout.soak_s * (len(spans) - 1)
    return Estimated(
        shard=max((one.span for one in work.values()), key=lambda span: span.high_s),
        rollout=Span(
            low_s=soak_s + sum(span.low_s for span in spans),
            high_s=soak_s + sum(span.high_s for span in spans),
        ),
        soak_s=soak_s,
        size_bytes=max(one.high_bytes for one in work.values()),
        largest=_largest(work),
    )


def _largest(work: Mapping[str, _Work]) -> Rebuild | None:
    """The first of equal ones, in the order of change sets."""
    found = (
        Rebuild(shard=shard, table=table, size_bytes=size, kept_bytes=kept)
        for shard, one in work.items()
        for table, size, kept in one.rebuilt
    )
    return max(found, key=lambda one: one.room_bytes, default=None)


def _work_of(change_set: ChangeSet, sizes: TableSizes, *, keeps_old: bool) -> _Work | str:
    """A table's name if its size matters and is not known."""
    known = dict(sizes)
    low = high = kept = 0
    rebuilt: list[tuple[str, int, int]] = []
    for statement in change_set.statements:
        match statement.operation:
            case Operation.CREATE_TABLE:
                known[statement.object_id.name] = 0
            case Operation.DROP_TABLE:
                known.pop(statement.object_id.name, None)
            case Operation.RENAME_TABLE:
                _rename(known, statement)
            case Operation.ALTER_TABLE:
                if statement.execution.algorithm is Algorithm.INSTANT:
                    continue
                size = known.get(statement.object_id.name)
                if size is None:
                    return statement.object_id.name
                high += size
                low += size if rebuilds(statement) else 0
                copies = TRAITS[statement.engine].copies
                if rebuilds(statement) or copies:
                    rebuilt.append((statement.object_id.name, size, kept))
                    kept += size if copies and keeps_old else 0
            case _:
                continue  # a program's: no row is touched
    return _Work(
        statements=len(change_set.statements),
        low_bytes=low,
        high_bytes=high,
        rebuilt=tuple(rebuilt),
    )


def _rename(known: dict[str, int | None], statement: PlannedStatement) -> None:
    gone = [effect.object_id.name for effect in statement.effects if effect.after is None]
    come = [effect.object_id.name for effect in statement.effects if effect.before is None]
    if len(gone) == len(come) == 1:
        known[come[0]] = known.pop(gone[0], None)
    else:  # names that were swapped in one statement: which one went where is not told
        known.update((effect.object_id.name, None) for effect in statement.effects)


def rebuilds(statement: PlannedStatement) -> bool:
    """Whether the server surely writes the table a second time: in place without a rebuild may be
    a new index, which reads the table, or metadata alone."""
    return statement.execution.rebuilds or statement.execution.algorithm is Algorithm.COPY


def _wave(shards: Sequence[Span], rollout: RolloutSpec) -> Span:
    """`parallel` at a time; fewer, at worst, where all of them are on one host."""
    most = rollout.parallel
    least = min(most, rollout.parallel_per_host or most)
    lows, highs = [s.low_s for s in shards], [s.high_s for s in shards]
    longest = max(highs)
    # No order of starting them takes longer than this (list scheduling).
    worst = sum(highs) / least + longest * (1 - 1 / least) if len(highs) > least else longest
    return Span(low_s=max(max(lows), sum(lows) / most), high_s=worst)
