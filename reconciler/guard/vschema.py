"""Where the VSchema of a keyspace stands against a plan, and every reason not to change it.

It is read from the live VSchema, as a shard's place is from its tables: before the plan's steps,
between them, behind them, or nowhere on their way, which is drift.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.errors import Problem
from reconciler.guard.model import Refusal
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.plan.model import PlanCore, VSchemaStep
from reconciler.vschema.document import VSchema

WHOLE = ObjectId(ObjectKind.VSCHEMA, "vschema.json")
_PLAN_AGAIN = "run `reconciler plan --write` again, have the new plan reviewed, then apply it"


def vschema_steps_done(core: PlanCore, live: VSchema, desired: VSchema) -> int | None:
    """How many of the plan's steps are in effect; None where the VSchema is nowhere on their way.
    A plan without steps leaves it as git has it."""
    if not core.vschema:
        return 0 if live == desired else None
    states = [core.vschema[0].before, *(step.after for step in core.vschema)]
    fingerprint = live.fingerprint
    return states.index(fingerprint) if fingerprint in states else None


def vschema_drifted(core: PlanCore, live: VSchema, desired: VSchema) -> Refusal:
    """Both sides whole (GD-7): what the plan begins with, and what is there."""
    return Refusal(
        code="vschema-drift",
        object_id=WHOLE,
        message="the VSchema is neither what the plan was made from nor what it leads to; somebody"
        " changed it since",
        recovery="undo the change in Vitess, or adopt it with `reconciler pull`; then run"
        " `reconciler plan --write`, have the plan reviewed, and apply",
        expected=core.vschema[0].found if core.vschema else desired.text,
        observed=live.text,
    )


def vschema_of_no_vitess() -> Refusal:
    """A plan that changes what the keyspace has not."""
    return Refusal(
        code="vschema-of-no-vitess",
        object_id=WHOLE,
        message="the plan changes a VSchema, and the keyspace is not of Vitess",
        recovery=_PLAN_AGAIN,
    )


def vschema_changed_meanwhile(live: VSchema, desired: VSchema) -> Refusal:
    """When everything of an apply has run."""
    return Refusal(
        code="vschema-drift",
        object_id=WHOLE,
        message="the VSchema is not where the plan ends: somebody changed it while this apply ran",
        recovery="undo the change in Vitess, or adopt it with `reconciler pull`; `reconciler drift`"
        " shows what is left to do",
        expected=desired.text,
        observed=live.text,
    )


def vschema_refusals(reviewed: PlanCore, derived: PlanCore) -> Iterator[Refusal]:
    """GD-2, for what has no statements: a step that was reviewed is the step that is needed now, to
    the letter."""
    for moment in sorted({step.moment for step in (*reviewed.vschema, *derived.vschema)}):
        theirs, ours = reviewed.vschema_step(moment), derived.vschema_step(moment)
        if _sides(theirs) != _sides(ours):
            yield Refusal(
                code="vschema-differs",
                object_id=WHOLE,
                message=f"the {moment} step of the VSchema: what the reviewed plan does is not what"
                " is needed now",
                recovery=_PLAN_AGAIN,
                expected=theirs.document if theirs else "nothing: the plan has no such step",
                observed=ours.document if ours else "nothing: no such step is needed now",
            )


def _sides(step: VSchemaStep | None) -> tuple[str, str] | None:
    return None if step is None else (step.found, step.document)


def not_taken(step: VSchemaStep, problem: Problem) -> Refusal:
    """Vitess' own words."""
    return Refusal(
        code=problem.code,
        object_id=WHOLE,
        message=f"the {step.moment} step of the VSchema: {problem.message}",
        recovery=problem.recovery,
    )


def kept_otherwise(step: VSchemaStep, kept: VSchema) -> Refusal:
    """FZ-6: Vitess would keep another document than the one that is reviewed."""
    return Refusal(
        code="vschema-kept-otherwise",
        object_id=WHOLE,
        message=f"the {step.moment} step of the VSchema: Vitess would keep it otherwise than it is"
        " written",
        recovery="write vschema.json as Vitess keeps it, then plan again",
        expected=step.document,
        observed=kept.text,
    )
