"""What a process says to whoever started it, as one number: how one outcome ends, and several."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

from reconciler.ledger.states import OperationState
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.outcomes.drift import DriftOutcome, ShardMark
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.files import PullOutcome
from reconciler.outcomes.plan import PlanOutcome, VerifyOutcome
from reconciler.rollout.waves import WaveChoice

Item = TypeVar("Item")


class ExitCode(IntEnum):
    FINE = 0
    ERROR = 1
    DIFFERENCES = 2  # changes or drift found
    REFUSED = 3  # by a guard; nothing was sent
    PARTIAL = 4  # some was done and some was not, or the outcome is unknown
    USAGE = 64


# From harmless to harmful: differences are an answer, an error is none, a refusal outranks both,
# and a half-done apply outranks everything.
_BY_HARM = (
    ExitCode.FINE,
    ExitCode.DIFFERENCES,
    ExitCode.ERROR,
    ExitCode.REFUSED,
    ExitCode.PARTIAL,
)


def worst_first(items: Iterable[Item], code_of: Callable[[Item], ExitCode]) -> list[Item]:
    """Those that need a person on top; else in the order given."""
    return sorted(items, key=lambda item: -_BY_HARM.index(code_of(item)))


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    return max(codes, key=_BY_HARM.index, default=ExitCode.FINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a verb that acts ended for one keyspace. `sent`: something reached its shards or its
    apply, if only to be rejected; `changed`: something took effect, there or in files."""

    code: ExitCode
    sent: bool = False
    changed: bool = False


def together(ends: Iterable[End]) -> ExitCode:
    """Of several keyspaces: what one got done makes a part of what another did not, and nobody may
    read "nothing was sent" where something was."""
    every = tuple(ends)
    code = worst(end.code for end in every)
    if code in (ExitCode.ERROR, ExitCode.REFUSED):
        if any(end.changed for end in every):
            return ExitCode.PARTIAL
        if any(end.sent for end in every):
            return ExitCode.ERROR
    return code


def failed_code(failed: KeyspaceFailed) -> ExitCode:
    # A usage error of one keyspace among several is an error of that keyspace.
    known = {code.value: code for code in ExitCode if code is not ExitCode.USAGE}
    return known.get(failed.exit_code, ExitCode.ERROR)


def plan_code(outcome: PlanOutcome | KeyspaceFailed, changes: ExitCode | None = None) -> ExitCode:
    """`changes` is what a plan with changes ends with, if that is not fine."""
    if isinstance(outcome, KeyspaceFailed):
        return failed_code(outcome)
    if outcome.refusals:
        return ExitCode.REFUSED
    has_changes = outcome.plan is not None and bool(outcome.plan.core.change_sets)
    return changes if changes is not None and has_changes else ExitCode.FINE


def plan_end(outcome: PlanOutcome | KeyspaceFailed, changes: ExitCode | None = None) -> End:
    """Of a plan that is kept: the files of one keyspace without those of another are a part."""
    kept = isinstance(outcome, PlanOutcome) and bool(outcome.written or outcome.removed)
    return End(code=plan_code(outcome, changes), changed=kept)


def pull_end(outcome: PullOutcome | KeyspaceFailed) -> End:
    if isinstance(outcome, KeyspaceFailed):
        return End(code=failed_code(outcome))
    return End(code=ExitCode.FINE, changed=bool(outcome.written or outcome.removed))


def verify_code(outcome: VerifyOutcome | KeyspaceFailed) -> ExitCode:
    if isinstance(outcome, KeyspaceFailed):
        return failed_code(outcome)
    return ExitCode.REFUSED if outcome.refusals else ExitCode.FINE


def drift_code(outcome: DriftOutcome | KeyspaceFailed) -> ExitCode:
    if isinstance(outcome, KeyspaceFailed):
        return failed_code(outcome)
    marks = {group.mark for group in outcome.groups}
    if outcome.refusals or ShardMark.UNREACHABLE in marks:
        return ExitCode.REFUSED  # GD-5: not seen is never "no drift"
    return ExitCode.DIFFERENCES if marks - {ShardMark.MATCHING} else ExitCode.FINE


def apply_end(outcome: ApplyOutcome | KeyspaceFailed, waves: WaveChoice) -> End:
    """How one keyspace's apply ended."""
    if isinstance(outcome, KeyspaceFailed):
        return End(code=failed_code(outcome))
    match outcome.verdict:
        case ApplyVerdict.NOTHING_TO_DO:
            return End(code=ExitCode.FINE)
        case ApplyVerdict.COMPLETED:
            return End(code=ExitCode.FINE, sent=True, changed=True)
        case ApplyVerdict.DRIFTED:
            return End(code=ExitCode.DIFFERENCES, sent=True, changed=True)
        case ApplyVerdict.REFUSED | ApplyVerdict.SUPERSEDED:
            return End(code=ExitCode.REFUSED)
        case ApplyVerdict.PAUSED if waves is WaveChoice.CANARY and _first_wave_completed(outcome):
            # All that this run was asked for.
            return End(code=ExitCode.FINE, sent=True, changed=True)
        case ApplyVerdict.FAILED if not outcome.something_is_done:
            return End(code=ExitCode.ERROR, sent=True)
        case _:
            return End(code=ExitCode.PARTIAL, sent=True, changed=True)


def _first_wave_completed(outcome: ApplyOutcome) -> bool:
    first = [row.state for row in outcome.shards if row.wave == 1]
    return all(state is OperationState.COMPLETED for state in first)
