"""What a plan is made for."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.spec.load import DesiredFiles


@dataclass(frozen=True, slots=True)
class Aim:
    """The files, what their reader is told, and the plan they take back."""

    files: DesiredFiles
    notes: tuple[str, ...] = ()
    takes_back: str | None = None
