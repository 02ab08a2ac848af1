"""Why a statement of a program may hurt: who uses it, and with whose rights."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.programs.view import view_columns
from reconciler.diff.programs import ProgramStep
from reconciler.model.policy import Hazard, HazardKind
from reconciler.model.programs import ManagedProgram, Security
from reconciler.plan.hazards.statement_context import needing_permission


def program_hazards(step: ProgramStep, definer: str | None) -> tuple[Hazard, ...]:
    """`definer` is the account that the spec names."""
    return tuple(_found(step, definer))


def _found(step: ProgramStep, definer: str | None) -> Iterator[Hazard]:
    if step.after is None:
        yield needing_permission(
            HazardKind.DROP_PROGRAM, step.name, "whatever reads the view fails from then on"
        )
        return
    if step.before is not None:
        kept = {name.lower() for name in view_columns(step.after)}
        for column in view_columns(step.before):
            if column.lower() not in kept:
                reason = f"whatever reads {column} by the view fails from then on"
                yield needing_permission(HazardKind.DROP_VIEW_COLUMN, column, reason)
    if (rights := _whose_rights(step.before, step.after, definer)) is not None:
        yield needing_permission(HazardKind.RUNS_AS, step.name, rights)


def _whose_rights(
    before: ManagedProgram | None, after: ManagedProgram, definer: str | None
) -> str | None:
    """A view with its definer's rights is a grant to everybody who may read it."""
    was = (before.security, before.definer) if before is not None else None
    if was == (after.security, after.definer):
        return None
    if after.security is Security.DEFINER:
        return f"whoever reads the view has the rights of {definer} in it"
    if was is None:
        return None
    return "whoever reads the view has their own rights in it from then on, and may have too few"
