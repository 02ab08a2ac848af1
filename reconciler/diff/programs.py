"""Programs from one schema to another: which are made, made again and dropped.

Where their statements stand among those of the tables is for a server to say (`prove.managed`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import assert_never

from reconciler.diff.model import Operation
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.programs import Event, ManagedProgram, Routine, Sequence, Trigger, View

_OF_ROUTINES = (Operation.CREATE_ROUTINE, Operation.REPLACE_ROUTINE, Operation.DROP_ROUTINE)
OPERATIONS = {
    ObjectKind.VIEW: (Operation.CREATE_VIEW, Operation.REPLACE_VIEW, Operation.DROP_VIEW),
    ObjectKind.PROCEDURE: _OF_ROUTINES,
    ObjectKind.FUNCTION: _OF_ROUTINES,
    ObjectKind.TRIGGER: (
        Operation.CREATE_TRIGGER,
        Operation.REPLACE_TRIGGER,
        Operation.DROP_TRIGGER,
    ),
    ObjectKind.SEQUENCE: (
        Operation.CREATE_SEQUENCE,
        Operation.ALTER_SEQUENCE,
        Operation.DROP_SEQUENCE,
    ),
    ObjectKind.EVENT: (Operation.CREATE_EVENT, Operation.ALTER_EVENT, Operation.DROP_EVENT),
}
"""What makes one of a kind, what makes it another one, and what drops it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramStep:
    """One statement to be; None: there is none on that side."""

    about: ObjectId
    before: ManagedProgram | None
    after: ManagedProgram | None

    @property
    def name(self) -> str:
        return self.about.name

    @property
    def operation(self) -> Operation:
        made, replaced, dropped = OPERATIONS[self.about.kind]
        if self.after is None:
            return dropped
        return made if self.before is None else replaced

    @property
    def difference(self) -> str:
        """From live to git, in words."""
        if self.before is None or self.after is None:
            kind = self.about.kind
            where = "in git, not on live" if self.after else "on live, not in git"
            return f"the {kind} is {where}"
        old, new = _parts(self.before), _parts(self.after)
        differing = [what for what, was in old.items() if was != new.get(what)]
        return f"its {', '.join(differing)} differ{'s' if len(differing) == 1 else ''}"


def _parts(program: ManagedProgram) -> dict[str, object]:
    """What can differ, in words."""
    if isinstance(program, Sequence):
        options = (program.value_type, program.options)
        return {"definition": options, "engine or comment": program.engine}
    rights: dict[str, object] = {"SQL SECURITY": program.security, "definer": program.definer}
    made: dict[str, object] = {"session that made it": program.created_with}
    match program:
        case View():
            query, columns = program.query, program.columns
            own: dict[str, object] = {"query": query, "list of columns": columns}
            return {**own, **rights, "algorithm": program.algorithm, **made}
        case Routine():
            signature = (program.signature, program.aggregate)
            own = {"body": program.body, "parameters": signature}
            return {**own, "characteristics": program.traits, **rights, **made}
        case Trigger():
            head = (program.table, program.timing, program.event)
            own = {"body": program.body, "head": head}
            order = {"place in the firing order": program.follows}
            return {**own, **order, "definer": program.definer, **made}
        case Event():
            completion = (program.preserve, program.comment)
            own = {
                "schedule": program.schedule,
                "body": program.body,
                "being on or off": program.is_on,
            }
            rest = {"comment or completion": completion, "definer": program.definer}
            return {**own, **rest, **made}
        case _:
            assert_never(program)


def program_steps(
    before: Mapping[ObjectId, ManagedProgram], after: Mapping[ObjectId, ManagedProgram]
) -> tuple[ProgramStep, ...]:
    """By kind and name."""
    return tuple(
        ProgramStep(about=about, before=before.get(about), after=after.get(about))
        for about in sorted(before.keys() | after.keys())
        if before.get(about) != after.get(about)
    )
