"""What the work on a shard's next statement comes to."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.errors import Problem
from reconciler.guard.model import Refusal


@dataclass(frozen=True, slots=True)
class Next:
    """The statement is applied."""


@dataclass(frozen=True, slots=True)
class Again:
    """Nothing took effect, and the same may well succeed later."""

    problem: Problem
    blocker: str | None = None


@dataclass(frozen=True, slots=True)
class End:
    """This shard does nothing more in this run."""

    hold: Refusal | None = None
    ends_run: Problem | None = None


Step = Next | Again | End
