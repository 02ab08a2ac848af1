"""How far an apply has come: its shards counted by stage, folded where they are many, and all that
went wrong, each error once.

A stage is a state as a reader needs it: of a shard that nothing more will happen to, or not yet, it
says whether something was done there (RP-9). Nothing here has a line for each shard of a fleet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from reconciler.errors import Problem
from reconciler.ledger.reasons import EndOfSoak, Halted, InWords, Reason, Soaks
from reconciler.ledger.states import OperationState
from reconciler.limits import SHARDS_NAMED_MAX
from reconciler.outcomes.apply import FinalizerRow, OperationRow, ShardRow, WaveRow
from reconciler.plan.model import ChangeSet
from reconciler.report import apply_words
from reconciler.report.limits import WAVES_SHOWN_MAX
from reconciler.report.times import clock

COMPLETED = "completed"
HALF_DONE = "half done"
NOT_BEGUN = "not begun"
DONE_BEFORE = "done before"

_AT_REST = frozenset({OperationState.PENDING, OperationState.STOPPED, OperationState.CANCELLED})

_STAGES = (
    "failed",
    "unknown",
    "failed for now",
    HALF_DONE,
    "waiting for cutover",
    "running",
    COMPLETED,
    DONE_BEFORE,
    NOT_BEGUN,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One error, and the shards that have it; none: it is nobody's own."""

    problem: Problem
    shards: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Alike:
    """Shards of which the same is to be said; `texts` are their operations, `row` is one of
    them."""

    shards: tuple[str, ...]
    waves: tuple[int, ...]
    row: ShardRow
    texts: tuple[str, ...]


def stage(row: ShardRow) -> str:
    """Of a shard, in a word or two."""
    if row.state in _AT_REST:
        return HALF_DONE if apply_words.is_half_done(row) else NOT_BEGUN
    return apply_words.state_words(row.state)


def counted_stages(stages: Iterable[str]) -> str:
    """'1 failed, 20 completed, 11 not begun': what needs a person first; one word where all are
    alike."""
    counts = Counter(stages)
    total = counts.total()
    return ", ".join(
        name if counts[name] == total else f"{counts[name]:,} {name}"
        for name in _STAGES
        if counts[name]
    )


def stages_of(change_set: ChangeSet, shards: Sequence[ShardRow]) -> str:
    """Of the shards of a change set; one without a row was where the plan ends before."""
    rows = {row.shard: row for row in shards}
    return counted_stages(
        stage(rows[shard]) if shard in rows else DONE_BEFORE for shard in change_set.shards
    )


def wave_words(wave: FoldedWave, rows: Mapping[str, ShardRow]) -> str:
    """'2 completed, 1 failed', 'not begun, starts after the soak, at 14:05:09 UTC'."""
    told = [counted_stages(stage(rows[shard]) for shard in wave.shards if shard in rows)]
    soaks = (one.soak_until_s for one in wave.waves)
    told += [f"starts after the soak, at {clock(until)} UTC" for until in soaks if until]
    return ", ".join(filter(None, told))


def wave_kind(wave: WaveRow, rows: Mapping[str, ShardRow]) -> str:
    """Whether all of it is done, or none, or something between."""
    stages = {stage(rows[shard]) for shard in wave.shards if shard in rows}
    return stages.pop() if len(stages) == 1 else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoldedWave:
    """A wave, or several next to each other; `number` is '3' or '3-17'."""

    number: str
    shards: tuple[str, ...]
    waves: tuple[WaveRow, ...]


def folded_waves(
    waves: Sequence[WaveRow], kind: Callable[[WaveRow], object]
) -> tuple[FoldedWave, ...]:
    """All of a few, each by itself; of many, those next to each other of one `kind` together, and
    what is still too much to read in the last line."""
    runs: list[tuple[WaveRow, ...]] = [(wave,) for wave in waves]
    if len(runs) > WAVES_SHOWN_MAX:
        runs = [tuple(alike) for _, alike in groupby(waves, key=kind)]
        rest = tuple(wave for run in runs[WAVES_SHOWN_MAX - 1 :] for wave in run)
        runs = [*runs[: WAVES_SHOWN_MAX - 1], *([rest] if rest else [])]
    return tuple(_folded(run) for run in runs)


def _folded(waves: tuple[WaveRow, ...]) -> FoldedWave:
    first, last = waves[0].number, waves[-1].number
    return FoldedWave(
        number=str(first) if first == last else f"{first}-{last}",
        shards=tuple(shard for wave in waves for shard in wave.shards),
        waves=waves,
    )


def failures(
    problem: Problem | None, shards: Sequence[ShardRow], steps: Sequence[FinalizerRow]
) -> tuple[Failure, ...]:
    """The first one in rollout order first (RP-3), each with all shards that have it."""
    first = apply_words.first_problem(problem, shards, steps)
    if first is None:
        return ()
    told: dict[Problem, Problem] = {_of_any_shard(first[1], first[0]): first[1]}
    of: dict[Problem, dict[str, None]] = {alike: {} for alike in told}
    for row in sorted(shards, key=lambda row: row.wave):
        for operation in row.operations:
            if operation.problem is not None:
                alike = _of_any_shard(operation.problem, row.shard)
                told.setdefault(alike, operation.problem)
                of.setdefault(alike, {})[row.shard] = None
    for step in steps:
        if step.problem is not None:
            told.setdefault(step.problem, step.problem)
            of.setdefault(step.problem, {})
    return tuple(
        Failure(problem=alike if len(on) > 1 else told[alike], shards=tuple(on))
        for alike, on in of.items()
    )


def _of_any_shard(problem: Problem, shard: str) -> Problem:
    """Without the shard that its message begins with: equal errors are one (RP-11)."""
    for start in (f"shard {shard}, ", f"shard {shard}: "):
        if shard and problem.message.startswith(start):
            return replace(problem, message=problem.message.removeprefix(start))
    return problem


def operation_texts(
    row: ShardRow, reason: Reason | None, now_s: float | None, *, with_codes: bool
) -> tuple[str, ...]:
    """What is said of each of its operations, in a line without its error's words."""
    return tuple(
        f"{apply_words.operation_words(one, now_s)}{_because(one, reason)}"
        + (f" [{one.problem.code}]" if with_codes and one.problem is not None else "")
        for one in row.operations
    )


def shown_shards(
    shards: Sequence[ShardRow], reason: Reason | None, now_s: float | None
) -> tuple[Alike, ...]:
    """All of a few, each by itself; of many those that a reader may have to do something about,
    alike ones together."""
    shards = tuple(_named_soak(row, shards, reason) for row in shards)
    if len(shards) <= SHARDS_NAMED_MAX:
        return tuple(
            Alike(
                shards=(row.shard,),
                waves=(row.wave,),
                row=row,
                texts=operation_texts(row, reason, now_s, with_codes=False),
            )
            for row in shards
        )
    groups: dict[tuple[int, str, tuple[str, ...], tuple[str, ...]], list[ShardRow]] = {}
    for row in shards:
        if stage(row) not in (COMPLETED, NOT_BEGUN):
            texts = operation_texts(row, reason, now_s, with_codes=True)
            groups.setdefault((_stage_order(row), row.state.value, texts, _tables(row)), []).append(
                row
            )
    return tuple(
        Alike(
            shards=tuple(row.shard for row in rows),
            waves=tuple(sorted({row.wave for row in rows})),
            row=rows[0],
            texts=operation_texts(rows[0], reason, now_s, with_codes=True),
        )
        for _, rows in sorted(groups.items(), key=lambda group: group[0][0])
    )


def _named_soak(row: ShardRow, shards: Sequence[ShardRow], reason: Reason | None) -> ShardRow:
    """'waits for -40's soak until 14:20:09 UTC': whose it is, where the apply says until when."""
    if not isinstance(reason, Soaks):
        return row
    before = [other.shard for other in shards if other.wave == reason.wave - 1]
    whose = before[0] if len(before) == 1 else f"wave {reason.wave - 1}"
    told = InWords(f"{whose}'s soak until {clock(reason.until_s)} UTC")
    return replace(
        row,
        operations=tuple(
            replace(one, waits_for=told) if isinstance(one.waits_for, EndOfSoak) else one
            for one in row.operations
        ),
    )


def _stage_order(row: ShardRow) -> int:
    return _STAGES.index(stage(row)) if stage(row) in _STAGES else len(_STAGES)


def _tables(row: ShardRow) -> tuple[str, ...]:
    return tuple(str(one.object_id) for one in row.operations)


def _because(row: OperationRow, reason: Reason | None) -> str:
    """By name, whose failure keeps it from its turn."""
    if isinstance(reason, Halted) and row.state in _AT_REST and row.problem is None:
        return f", halted as shard {reason.shard} failed"
    return ""
