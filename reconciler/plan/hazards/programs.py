"""Why a statement of a program may hurt: who uses it, and with whose rights."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.programs.event import schedule_words
from reconciler.ddl.programs.view import view_columns
from reconciler.diff.programs import ProgramStep
from reconciler.model.object_id import ObjectKind
from reconciler.model.policy import Hazard, HazardKind
from reconciler.model.programs import (
    Event,
    ManagedProgram,
    Routine,
    Security,
    Sequence,
    Trigger,
    View,
)
from reconciler.plan.hazards.statement_context import needing_permission

_WithRights = View | Routine | Trigger | Event


def program_hazards(step: ProgramStep, definer: str | None) -> tuple[Hazard, ...]:
    """`definer` is the account that the spec names."""
    return tuple(_found(step, definer))


def _found(step: ProgramStep, definer: str | None) -> Iterator[Hazard]:
    if step.after is None:
        reason = f"whatever calls the {step.about.kind} fails from then on"
        if step.about.kind is ObjectKind.VIEW:
            # DROP VIEW takes no grant away (MySQL 9.7, MariaDB 11.8).
            reason = (
                "whatever reads the view fails from then on; what accounts were granted on it"
                " stays, and is theirs on the next view or table of its name"
            )
        if step.about.kind is ObjectKind.SEQUENCE:
            reason = "whatever takes values from it fails from then on, and its value is lost"
        if step.about.kind is ObjectKind.EVENT:
            reason = "nothing does by itself what it did, from then on"
        yield needing_permission(HazardKind.DROP_PROGRAM, step.name, reason)
        return
    if isinstance(step.before, View) and isinstance(step.after, View):
        kept = {name.lower() for name in view_columns(step.after)}
        for column in view_columns(step.before):
            if column.lower() not in kept:
                reason = f"whatever reads {column} by the view fails from then on"
                yield needing_permission(HazardKind.DROP_VIEW_COLUMN, column, reason)
    if _parameters(step.before) not in (None, _parameters(step.after)):
        reason = f"whatever calls the {step.about.kind} as it was may fail from then on"
        yield needing_permission(HazardKind.BREAKS_OBJECT, step.name, reason)
    if isinstance(step.before, Sequence):
        yield Hazard(
            kind=HazardKind.MAY_FAIL_ON_ROWS,
            object=step.name,
            reason="its value on a shard may not fit the new bounds: then it fails there, and"
            " nothing is lost",
            needs_permission=False,
        )
    if isinstance(step.after, Sequence):
        return
    if isinstance(step.after, Event) and _begins_to_run(step.before, step.after):
        when = schedule_words(step.after)
        reason = f"the server of every shard does what it says by itself, each of them: {when}"
        yield needing_permission(HazardKind.RUNS_BY_ITSELF, step.name, reason)
    before = step.before if not isinstance(step.before, Sequence) else None
    if (rights := _whose_rights(before, step.after, definer)) is not None:
        yield needing_permission(HazardKind.RUNS_AS, step.name, rights)


def _begins_to_run(before: ManagedProgram | None, after: Event) -> bool:
    """Or runs at other times."""
    if not after.is_on:
        return False
    if not isinstance(before, Event) or not before.is_on:
        return True
    return before.schedule != after.schedule


def _parameters(program: ManagedProgram | None) -> str | None:
    return program.signature if isinstance(program, Routine) else None


def _whose_rights(
    before: _WithRights | None, after: _WithRights, definer: str | None
) -> str | None:
    """A program with its definer's rights is a grant to everybody who may use it."""
    what = "reads the view" if isinstance(after, View) else f"calls the {after.object_id.kind}"
    was = (before.security, before.definer) if before is not None else None
    if was == (after.security, after.definer):
        return None
    if isinstance(after, Event):
        return f"it does what it says with the rights of {definer}"
    if after.security is Security.DEFINER:
        return f"whoever {what} has the rights of {definer} in it"
    if was is None:
        return None
    return f"whoever {what} has their own rights in it from then on, and may have too few"
