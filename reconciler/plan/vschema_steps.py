"""The steps that change a VSchema: how they are had, and what they must be (VS-1)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from reconciler.model.object_id import ObjectKind
from reconciler.plan.model import Moment, VSchemaStep
from reconciler.vschema.canonical import is_canonical, vschema_fingerprint
from reconciler.vschema.diff import diff_vschemas, needed_first
from reconciler.vschema.document import VSchema

_KINDS = frozenset({ObjectKind.TABLE, ObjectKind.VINDEX, ObjectKind.VSCHEMA})


def vschema_steps(before: VSchema, desired: VSchema) -> tuple[VSchemaStep, ...]:
    """What DDL itself needs before all shards, the rest behind them (FZ-1); none for equal ones."""
    between = needed_first(before, desired)
    found = (
        _step(Moment.FIRST, before, between),
        _step(Moment.LAST, between, desired),
    )
    return tuple(step for step in found if step.before != step.after)


def _step(moment: Moment, before: VSchema, after: VSchema) -> VSchemaStep:
    return VSchemaStep(
        moment=moment,
        before=before.fingerprint,
        after=after.fingerprint,
        found=before.text,
        document=after.text,
        changes=diff_vschemas(before, after),
    )


def vschema_errors(steps: Sequence[VSchemaStep]) -> Iterator[str]:
    """Everything wrong with them, in words."""
    if [step.moment for step in steps] not in ([], [Moment.FIRST], [Moment.LAST], [*Moment]):
        yield "the steps of the VSchema are not one first and one last, in this order"
    for step in steps:
        yield from _step_errors(step)
    for one, following in pairwise(steps):
        if (one.after, one.document) != (following.before, following.found):
            yield "the steps of the VSchema do not join"
    states = [step.before for step in steps[:1]] + [step.after for step in steps]
    if len(set(states)) < len(states):
        yield "a step of the VSchema would come back to a state that was left"


def _step_errors(step: VSchemaStep) -> Iterator[str]:
    what = f"the VSchema's {step.moment} step"
    for fingerprint, text in ((step.before, step.found), (step.after, step.document)):
        if not is_canonical(text):
            yield f"{what} holds a document that is not canonical JSON"
        elif fingerprint != vschema_fingerprint(text):
            yield f"{what} holds a document that is not the one it is bound to"
    if not step.changes:
        yield f"{what} tells of no change"
    for change in step.changes:
        if change.object_id.kind not in _KINDS:
            yield f"{what} changes {change.object_id.titled!r}, which is nothing of a VSchema"
        if change.before == change.after:
            yield f"{what} has a change that changes nothing"
