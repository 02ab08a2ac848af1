"""What the outcomes of `ci apply` are to the job: its exit code, its output, and whether there is
anything to tell."""

from __future__ import annotations

from typing import assert_never

from reconciler.guard.model import Refusal, RefusalKind
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.outcomes.ends import apply_end
from reconciler.outcomes.exit_code import End, ExitCode
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.split import SplitApplyOutcome
from reconciler.rollout.waves import WaveChoice

Applied = ApplyOutcome | SplitApplyOutcome | KeyspaceFailed


def ci_end(outcome: Applied, waves: WaveChoice, last_wave: int | None = None) -> End:
    """RV-5: a re-run that came too late has nothing to do, and did nothing. RG-94: a part whose
    failures hold nothing up is fine to the jobs behind it."""
    if is_late(outcome):
        return End(code=ExitCode.FINE)
    if has_gone_past(outcome):
        return End(code=ExitCode.FINE, sent=True, changed=True)
    return apply_end(outcome, waves, last_wave)


def has_gone_past(outcome: Applied) -> bool:
    return isinstance(outcome, ApplyOutcome) and outcome.holds_nothing


def is_late(outcome: Applied) -> bool:
    match outcome:
        case ApplyOutcome():
            return outcome.verdict is ApplyVerdict.SUPERSEDED
        case SplitApplyOutcome():
            first = next(iter(outcome.refusals), None)
            return isinstance(first, Refusal) and first.kind is RefusalKind.SUPERSEDED
        case KeyspaceFailed():
            return False
        case _:
            assert_never(outcome)


def is_idle(outcome: Applied) -> bool:
    is_due = not isinstance(outcome, ApplyOutcome) or (
        outcome.verdict is not ApplyVerdict.NOTHING_TO_DO
    )
    return is_late(outcome) or not is_due


def ci_verdict(outcome: Applied) -> str | None:
    match outcome:
        case ApplyOutcome():
            return outcome.verdict
        case SplitApplyOutcome():
            return outcome.how or ApplyVerdict.REFUSED
        case KeyspaceFailed():
            return None
        case _:
            assert_never(outcome)
