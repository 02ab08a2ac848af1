"""The steps of a plan that change the VSchema."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.model.policy import Hazard
from reconciler.plan import words
from reconciler.plan.model import Moment, PlanCore
from reconciler.plan.permission import permission_of
from reconciler.plan.vschema_words import (
    change_words,
    differing_lines,
    moment_words,
)
from reconciler.report import blocks
from reconciler.report.blocks import Block, Cut, Detail
from reconciler.report.spans import Line, Strong, Text, sentence, with_commands
from reconciler.vschema.model import VSchemaChange

_LEFT_OUT = with_commands("The VSchema's difference is left out here; the `.plan.sql` has it all.")
_SOME_LEFT_OUT = with_commands(
    "Some changes of the VSchema are left out here; the `.plan.sql` has them all."
)


def vschema_step_blocks(core: PlanCore, moment: Moment) -> Iterator[Block]:
    """What the step of this moment changes, with every danger, and the text that differs."""
    step = core.vschema_step(moment)
    if step is None:
        return
    yield blocks.Items(
        title=f"The VSchema changes {moment_words(moment)}",
        items=tuple(_items(core, step.changes)),
        cut=Cut(detail=Detail.REASON, instead=_SOME_LEFT_OUT),
    )
    yield blocks.Copy(
        title="What differs in it",
        lead=sentence(f"From {step.before} to {step.after}"),
        lines=tuple(differing_lines(step.found, step.document)),
        language="diff",
        cut=Cut(detail=Detail.STATEMENT, instead=_LEFT_OUT),
    )


def _items(core: PlanCore, changes: Iterable[VSchemaChange]) -> Iterator[Line]:
    for change in changes:
        yield sentence(change_words(change))
        for hazard in change.hazards:
            yield tuple(_danger(core, change, hazard))


def _danger(core: PlanCore, change: VSchemaChange, hazard: Hazard) -> Iterator[Strong | Text]:
    mark = Strong if words.is_destructive(hazard) or hazard.needs_permission else Text
    yield Text("hazard ")
    yield mark(f"{hazard.kind} {hazard.object}")
    yield Text(f": {hazard.reason}")
    if hazard.needs_permission:
        allow = permission_of(change.object_id, hazard, core.policy.allow)
        yield Text(f"; allowed: {allow.reason}" if allow else "; ")
        if not allow:
            yield Strong("NOT ALLOWED by policy")
