"""Views from one schema to another: which are made, made again and dropped.

Where their statements stand among those of the tables is for a server to say (`prove.views`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.diff.model import Operation
from reconciler.model.programs import View

_ONLY_IN_GIT = "the view is in git, not on live"
_ONLY_ON_LIVE = "the view is on live, not in git"


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewStep:
    """One statement to be; None: there is none on that side."""

    name: str
    before: View | None
    after: View | None

    @property
    def operation(self) -> Operation:
        if self.after is None:
            return Operation.DROP_VIEW
        return Operation.CREATE_VIEW if self.before is None else Operation.REPLACE_VIEW

    @property
    def difference(self) -> str:
        """From live to git, in words."""
        if self.before is None or self.after is None:
            return _ONLY_IN_GIT if self.after else _ONLY_ON_LIVE
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


def view_steps(before: Mapping[str, View], after: Mapping[str, View]) -> tuple[ViewStep, ...]:
    """By name."""
    return tuple(
        ViewStep(name=name, before=before.get(name), after=after.get(name))
        for name in sorted(before.keys() | after.keys())
        if before.get(name) != after.get(name)
    )
