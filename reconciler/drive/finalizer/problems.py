"""The wording of everything that can go wrong with a step of the VSchema, each with its code and
its next step."""

from __future__ import annotations

from dataclasses import replace

from reconciler.errors import Problem
from reconciler.plan.model import Moment, VSchemaStep
from reconciler.plan.words import step_name

_PLAN_AGAIN = "run `reconciler plan --write` again, have the new plan reviewed, then apply"
_RESUME = "`reconciler resume`: it looks at the VSchema first and sends nothing twice"


def vschema_drifted(step: VSchemaStep, observed: str) -> Problem:
    return Problem(
        code="vschema-drift",
        message=f"{step_name(step.moment)}: it is neither what the plan was made from nor what it"
        " leads to; somebody changed it since this apply looked, and nothing was sent\n"
        f"expected: {step.before}\nobserved: {observed}",
        recovery=f"`reconciler drift` shows the difference; {_PLAN_AGAIN}",
    )


def vschema_refused(step: VSchemaStep, found: Problem) -> Problem:
    """By a trial: nothing was sent that could take effect."""
    return replace(
        found,
        message=f"{step_name(step.moment)}: Vitess does not take it, and nothing was changed:"
        f" {found.message}",
        recovery=f"change what it names in vschema.json; {_PLAN_AGAIN}",
    )


def vschema_kept_otherwise(step: VSchemaStep, observed: str) -> Problem:
    return Problem(
        code="vschema-kept-otherwise",
        message=f"{step_name(step.moment)}: by its own trial Vitess would keep another VSchema than"
        " the one that was reviewed, and nothing was sent\n"
        f"expected: {step.after}\nobserved: {observed}",
        recovery=_PLAN_AGAIN,
    )


def vschema_failed(step: VSchemaStep, found: Problem) -> Problem:
    return replace(
        found,
        message=f"{step_name(step.moment)}: Vitess did not take it, and it is as it was:"
        f" {found.message}",
        recovery="fix the cause; once this apply has ended, `reconciler apply` runs what is left of"
        " the plan",
    )


def vschema_read_back(step: VSchemaStep, observed: str) -> Problem:
    return Problem(
        code="vschema-read-back",
        message=f"{step_name(step.moment)}: after it was sent, it is not what the plan says\n"
        f"expected: {step.after}\nobserved: {observed}",
        recovery=f"`reconciler drift` shows the difference; {_PLAN_AGAIN}",
    )


def vschema_not_sent(step: VSchemaStep, found: Problem) -> Problem:
    """What keeps the step from being begun, and may pass."""
    return replace(
        found,
        message=f"{step_name(step.moment)}: it was not sent: {found.message}",
        recovery=f"{found.recovery}; then `reconciler resume`",
    )


def vschema_unanswered(step: VSchemaStep, found: Problem) -> Problem:
    return Problem(
        code="outcome-unknown",
        message=f"{step_name(step.moment)}: it was sent, and whether it took effect is not known:"
        f" {found.message}",
        recovery=_RESUME,
    )


def vschema_lost_again(step: VSchemaStep, times: int) -> Problem:
    return Problem(
        code="vschema-lost",
        message=f"{step_name(step.moment)}: it was sent and lost {times} times in one run, and"
        " never took effect",
        recovery="look at vtctld's log for what becomes of it; then `reconciler resume`",
    )


def vschema_still_unknown(step: VSchemaStep, found: Problem) -> Problem:
    return Problem(
        code="outcome-unknown",
        message=f"{step_name(step.moment)}: what became of it cannot be seen yet: {found.message}",
        recovery=_RESUME,
    )


def vschema_crashed(moment: Moment, error: BaseException) -> Problem:
    return Problem(
        code="vschema-crashed",
        message=f"{step_name(moment)}: its work ended with a fault of reconciler's own:"
        f" {type(error).__name__}: {error}",
        recovery="report the fault; `reconciler drift` shows where the VSchema is",
    )
