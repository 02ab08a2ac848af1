"""How each outcome ends the process. What only needs the codes need not import every outcome."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.ledger.states import OperationState, RequestState
from reconciler.outcomes.advise import AdviseOutcome
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict, ControlOutcome
from reconciler.outcomes.doctor import CheckMark, DoctorOutcome
from reconciler.outcomes.drift import DriftOutcome, ShardMark
from reconciler.outcomes.exit_code import End, ExitCode, together
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.files import LintOutcome, PullOutcome
from reconciler.outcomes.observe import ObserveOutcome
from reconciler.outcomes.plan import PlanOutcome, VerifyOutcome
from reconciler.outcomes.rollouts import Looked, RolloutOutcome
from reconciler.outcomes.routes import OwnerOutcome, RoutesOutcome
from reconciler.outcomes.split import (
    SplitApplyOutcome,
    SplitControlOutcome,
    SplitPlanOutcome,
    SplitVerifyOutcome,
)
from reconciler.plan.model import Moment
from reconciler.reshard.actions import TickEnd
from reconciler.rollout.waves import WaveChoice


def failed_code(failed: KeyspaceFailed) -> ExitCode:
    # A usage error of one keyspace among several is an error of that keyspace.
    known = {code.value: code for code in ExitCode if code is not ExitCode.USAGE}
    return known.get(failed.exit_code, ExitCode.ERROR)


def plan_code(
    outcome: PlanOutcome | SplitPlanOutcome | KeyspaceFailed, changes: ExitCode | None = None
) -> ExitCode:
    """`changes` is what a plan with changes ends with, if that is not fine."""
    if isinstance(outcome, KeyspaceFailed):
        return failed_code(outcome)
    if outcome.refusals:
        return ExitCode.REFUSED
    has_changes = isinstance(outcome, SplitPlanOutcome) or (
        outcome.plan is not None and not outcome.plan.core.is_empty
    )
    return changes if changes is not None and has_changes else ExitCode.FINE


def plan_end(
    outcome: PlanOutcome | SplitPlanOutcome | KeyspaceFailed, changes: ExitCode | None = None
) -> End:
    """Of a plan that is kept: the files of one keyspace without those of another are a part."""
    kept = isinstance(outcome, PlanOutcome) and bool(outcome.written or outcome.removed)
    kept = kept or (isinstance(outcome, SplitPlanOutcome) and bool(outcome.written))
    return End(code=plan_code(outcome, changes), changed=kept)


def pull_end(outcome: PullOutcome | KeyspaceFailed) -> End:
    if isinstance(outcome, KeyspaceFailed):
        return End(code=failed_code(outcome))
    return End(code=ExitCode.FINE, changed=bool(outcome.written or outcome.removed))


def verify_code(outcome: VerifyOutcome | SplitVerifyOutcome | KeyspaceFailed) -> ExitCode:
    if isinstance(outcome, KeyspaceFailed):
        return failed_code(outcome)
    return ExitCode.REFUSED if outcome.refusals else ExitCode.FINE


def observe_code(outcome: ObserveOutcome | KeyspaceFailed) -> ExitCode:
    if isinstance(outcome, KeyspaceFailed):
        return failed_code(outcome)
    return ExitCode.REFUSED if outcome.refusals else ExitCode.FINE


def drift_code(outcome: DriftOutcome | KeyspaceFailed) -> ExitCode:
    if isinstance(outcome, KeyspaceFailed):
        return failed_code(outcome)
    marks = {group.mark for group in outcome.groups}
    if outcome.refusals or ShardMark.UNREACHABLE in marks:
        return ExitCode.REFUSED  # GD-5: not seen is never "no drift"
    if outcome.vschema is not None:
        marks.add(outcome.vschema.mark)
    differs = marks - {ShardMark.MATCHING, ShardMark.QUARANTINED} or outcome.untidy
    return ExitCode.DIFFERENCES if differs else ExitCode.FINE


def apply_end(
    outcome: ApplyOutcome | SplitApplyOutcome | KeyspaceFailed,
    waves: WaveChoice,
    last_wave: int | None = None,
) -> End:
    """How one keyspace's apply ended; `last_wave` is the one that a part is of."""
    if isinstance(outcome, KeyspaceFailed):
        return End(code=failed_code(outcome))
    if isinstance(outcome, SplitApplyOutcome):
        return _split_end(outcome)
    asked = 1 if waves is WaveChoice.CANARY else last_wave
    match outcome.verdict:
        case ApplyVerdict.NOTHING_TO_DO:
            return End(code=ExitCode.FINE)
        case ApplyVerdict.COMPLETED:
            return End(code=ExitCode.FINE, sent=True, changed=True)
        case ApplyVerdict.DRIFTED:
            return End(code=ExitCode.DIFFERENCES, sent=True, changed=True)
        case ApplyVerdict.REFUSED | ApplyVerdict.SUPERSEDED:
            return End(code=ExitCode.REFUSED)
        case ApplyVerdict.PAUSED if asked is not None and _is_completed_up_to(asked, outcome):
            # All that this run was asked for.
            return End(code=ExitCode.FINE, sent=True, changed=True)
        case ApplyVerdict.FAILED if not outcome.something_is_done:
            return End(code=ExitCode.ERROR, sent=True)
        case _:
            return End(code=ExitCode.PARTIAL, sent=True, changed=True)


def _split_end(outcome: SplitApplyOutcome) -> End:
    """A run that has taken the move as far as it may is fine: the next one goes on."""
    match outcome.how:
        case None | TickEnd.REFUSED | TickEnd.OVERTAKEN:
            return End(code=ExitCode.REFUSED)
        case TickEnd.FAILED | TickEnd.UNREACHABLE | TickEnd.HELD:
            return End(code=ExitCode.PARTIAL, sent=True, changed=True)
        case _:
            return End(code=ExitCode.FINE, sent=True, changed=True)


def _is_completed_up_to(wave: int, outcome: ApplyOutcome) -> bool:
    """And the keyspace's first step, which comes before all waves."""
    first = [row.state for row in outcome.shards if row.wave <= wave]
    first += [row.state for row in outcome.finalizers if row.moment is Moment.FIRST]
    return all(state is OperationState.COMPLETED for state in first)


def control_code(
    outcomes: Sequence[ControlOutcome | SplitControlOutcome | KeyspaceFailed],
) -> ExitCode:
    """A keyspace without an apply to ask is no failure, as long as there is one that has."""
    failed = [End(code=failed_code(o)) for o in outcomes if isinstance(o, KeyspaceFailed)]
    asked = [o for o in outcomes if isinstance(o, ControlOutcome)]
    if any(isinstance(o, SplitControlOutcome) for o in outcomes):
        return together([*failed, End(code=ExitCode.FINE, sent=True, changed=True)])
    if all(found.state is RequestState.REFUSED for found in asked):
        return together([*failed, *(End(code=ExitCode.REFUSED) for _ in asked)])
    return together([*failed, End(code=ExitCode.FINE, sent=True, changed=True)])


def doctor_code(outcome: DoctorOutcome | KeyspaceFailed) -> ExitCode:
    if isinstance(outcome, KeyspaceFailed):
        return failed_code(outcome)
    failed = any(finding.mark is CheckMark.FAILED for finding in outcome.findings)
    return ExitCode.ERROR if failed else ExitCode.FINE


def routes_code(outcome: RoutesOutcome | OwnerOutcome | KeyspaceFailed) -> ExitCode:
    return failed_code(outcome) if isinstance(outcome, KeyspaceFailed) else ExitCode.FINE


def advise_code(outcome: AdviseOutcome | KeyspaceFailed) -> ExitCode:
    if isinstance(outcome, KeyspaceFailed):
        return failed_code(outcome)
    if outcome.problems or outcome.unseen:
        return ExitCode.REFUSED  # SP-9: not measured is never "not full"
    return ExitCode.DIFFERENCES if outcome.proposal else ExitCode.FINE


def rollout_end(outcome: RolloutOutcome | KeyspaceFailed) -> End:
    """To look is fine, whatever is seen."""
    if isinstance(outcome, KeyspaceFailed):
        return End(code=failed_code(outcome))
    changed = not isinstance(outcome.found, Looked)
    return End(code=ExitCode.FINE, sent=changed, changed=changed)


def lint_code(outcome: LintOutcome) -> ExitCode:
    return ExitCode.ERROR if outcome.has_failed else ExitCode.FINE
