"""Programs from one schema to another: which are made, made again and dropped.

Where their statements stand among those of the tables is for a server to say (`prove.managed`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.diff.model import Operation
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.programs import ManagedProgram

OPERATIONS = {
    ObjectKind.VIEW: (Operation.CREATE_VIEW, Operation.REPLACE_VIEW, Operation.DROP_VIEW),
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
        old, new = self.before, self.after
        parts = (
            ("query", old.query, new.query),
            ("list of columns", old.columns, new.columns),
            ("SQL SECURITY", old.security, new.security),
            ("definer", old.definer, new.definer),
            ("algorithm", old.algorithm, new.algorithm),
            ("session that made it", old.created_with, new.created_with),
        )
        differing = [what for what, was, now in parts if was != now]
        return f"its {', '.join(differing)} differ{'s' if len(differing) == 1 else ''}"


def program_steps(
    before: Mapping[ObjectId, ManagedProgram], after: Mapping[ObjectId, ManagedProgram]
) -> tuple[ProgramStep, ...]:
    """By kind and name."""
    return tuple(
        ProgramStep(about=about, before=before.get(about), after=after.get(about))
        for about in sorted(before.keys() | after.keys())
        if before.get(about) != after.get(about)
    )
