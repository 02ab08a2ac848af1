"""What stands below the verdict of an apply: what went wrong, each error once with its shards
(RP-11), and how far waves, steps and shards are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

from reconciler.errors import Problem
from reconciler.ledger.reasons import Reason
from reconciler.ledger.states import OperationState
from reconciler.limits import SHARDS_NAMED_MAX
from reconciler.outcomes.apply import ApplyStatus, FinalizerRow, ShardRow, WaveRow
from reconciler.report import apply_account, apply_words, blocks
from reconciler.report.apply_account import Alike, Failure
from reconciler.report.blocks import Block, Cut, Detail, Mark
from reconciler.report.compose.reasons import problem
from reconciler.report.compose.shards import named_shards, shard_set
from reconciler.report.limits import SHARD_GROUPS_SHOWN_MAX
from reconciler.report.spans import Name, Text, with_commands
from reconciler.report.step_words import step_title, step_words

_MARKS = {
    OperationState.COMPLETED: Mark.GOOD,
    OperationState.FAILED: Mark.BAD,
    OperationState.FAILED_RETRYABLE: Mark.CAUTION,
    OperationState.UNKNOWN: Mark.BAD,
    OperationState.STOPPED: Mark.CAUTION,
}


class AnApply(Protocol):
    """As it ended, or as somebody looks at it."""

    @property
    def waves(self) -> tuple[WaveRow, ...]: ...

    @property
    def shards(self) -> tuple[ShardRow, ...]: ...

    @property
    def finalizers(self) -> tuple[FinalizerRow, ...]: ...

    @property
    def problem(self) -> Problem | None: ...

    @property
    def reason(self) -> Reason | None: ...


def failures(apply: AnApply) -> Iterator[Block]:
    """All of them, the first in the order of the rollout first."""
    found = apply_account.failures(apply.problem, apply.shards, apply.finalizers)
    if found:
        over = (OperationState.FAILED, OperationState.UNKNOWN)
        states = [*(row.state for row in apply.shards), *(row.state for row in apply.finalizers)]
        went_wrong = not states or any(state in over for state in states)
        yield blocks.Reasons(
            kind=blocks.ReasonKind.PROBLEM,
            reasons=tuple(map(_failure, found)),
            title="What went wrong" if went_wrong else "What is in the way",
            urgent=True,
        )


def first_alone(apply: ApplyStatus) -> Iterator[Block]:
    """Of a past apply, told without its shards, nothing is left to do: it has no next step."""
    if apply.problem is not None:
        told = replace(problem(apply.problem), recovery=())
        yield blocks.Reasons(
            kind=blocks.ReasonKind.PROBLEM, reasons=(told,), title="What went wrong", urgent=True
        )


def _failure(found: Failure) -> blocks.Reason:
    told = problem(found.problem)
    if not found.shards or (len(found.shards) == 1 and found.shards[0] in found.problem.message):
        return told
    place = (*named_shards(found.shards), *((Text(", "), *told.place) if told.place else ()))
    return replace(told, place=place)


def account(apply: AnApply, *, now_s: float | None = None) -> Iterator[Block]:
    rows = {row.shard: row for row in apply.shards}
    total = sum(len(wave.shards) for wave in apply.waves)
    begun = tuple(wave for wave in apply.waves if wave.shards)
    kind = partial(apply_account.wave_kind, rows=rows)
    told = tuple(
        blocks.Wave(
            number=wave.number,
            shards=shard_set(wave.shards, total),
            state=apply_account.wave_words(wave, rows),
        )
        for wave in apply_account.folded_waves(begun, kind)
    )
    if told:
        yield blocks.Waves(waves=told, cut=Cut(detail=Detail.REASON))
    if steps := apply.finalizers:
        yield blocks.Steps(tuple(_step(row, steps, now_s) for row in steps))
    if apply.shards:
        yield _shards(apply.shards, apply.reason, now_s)


def _step(row: FinalizerRow, rows: Sequence[FinalizerRow], now_s: float | None) -> blocks.Step:
    return blocks.Step(
        sign=apply_words.MARKS[row.state],
        mark=_MARKS.get(row.state, Mark.QUIET),
        text=f"{step_title(row, rows)}{step_words(row, now_s)}",
    )


def _shards(shards: Sequence[ShardRow], reason: Reason | None, now_s: float | None) -> Block:
    shown = apply_account.shown_shards(shards, reason, now_s)
    is_wide = len(shards) > SHARDS_NAMED_MAX
    left_out = "The table of shards is left out here; `reconciler status` shows it."
    return blocks.Shards(
        shards=tuple(_alike(one, is_wide=is_wide) for one in shown[:SHARD_GROUPS_SHOWN_MAX]),
        counted=apply_account.counted_stages(map(apply_account.stage, shards)) if is_wide else "",
        more=max(0, len(shown) - SHARD_GROUPS_SHOWN_MAX),
        cut=Cut(detail=Detail.STATEMENT, instead=with_commands(left_out)),
    )


def _alike(found: Alike, *, is_wide: bool) -> blocks.Shard:
    row = found.row
    return blocks.Shard(
        shards=named_shards(found.shards) if found.shards[1:] else (Name(found.shards[0]),),
        waves=_waves(found.waves),
        sign=apply_words.MARKS[row.state],
        mark=_MARKS.get(row.state, Mark.QUIET),
        state=apply_account.stage(row),
        operations=tuple(
            blocks.Operation(
                table=str(one.object_id),
                sign=apply_words.MARKS[one.state],
                text=text,
                runs="" if is_wide else one.runs,
                problem=None if is_wide or one.problem is None else _in_its_row(one.problem),
            )
            for one, text in zip(row.operations, found.texts, strict=True)
        ),
    )


def _in_its_row(found: Problem) -> blocks.Reason:
    """Without the next step, which stands with the failure."""
    return replace(problem(found), recovery=())


def _waves(numbers: Sequence[int]) -> str:
    if len(numbers) == 1:
        return f"wave {numbers[0]}"
    return f"waves {numbers[0]} to {numbers[-1]}"
