"""What the guard says: where each shard stands against a plan, and every reason not to run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.errors import Problem, ReconcilerError, passes_by_itself
from reconciler.model.object_id import ObjectId
from reconciler.model.observation import Unreachable


class RefusalKind(StrEnum):
    """What must happen before the same question is answered otherwise."""

    STANDS = "stands"  # somebody must act
    PASSES = "passes"  # waiting is enough
    SUPERSEDED = "superseded"  # nothing: a newer state has taken its place, and is asked about


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A reason not to run, with both sides where they differ (GD-7) and the next step. `object` is
    the column, index or constraint of `object_id` that it is about, where it is about one. What is
    decided rests on `kind`; the code is for people and for programs outside."""

    code: str
    message: str
    recovery: str
    shard: str | None = None
    object_id: ObjectId | None = None
    object: str | None = None
    expected: str | None = None  # DDL, a fingerprint, or a value
    observed: str | None = None
    kind: RefusalKind = RefusalKind.STANDS


Obstacle = Refusal | Unreachable
"""Whatever keeps a pass from going on: a reason not to run, or a shard that could not be seen."""


def refusals_from(
    error: ReconcilerError, *, shard: str | None = None, object_id: ObjectId | None = None
) -> tuple[Refusal, ...]:
    """What kept a question from being answered, as reasons not to run (GD-10)."""
    kind = RefusalKind.PASSES if passes_by_itself(error) else RefusalKind.STANDS
    return tuple(
        Refusal(
            code=problem.code,
            message=problem.message,
            recovery=problem.recovery,
            shard=shard,
            object_id=object_id,
            kind=kind,
        )
        for problem in error.problems
    )


def problem_from(refusal: Refusal) -> Problem:
    """For what cannot go on at all: a refusal as the problem of an error."""
    return Problem(code=refusal.code, message=refusal.message, recovery=refusal.recovery)


def refusal_from(obstacle: Obstacle) -> Refusal:
    """GD-5: a shard that was not seen is never a shard without differences."""
    if isinstance(obstacle, Refusal):
        return obstacle
    return Refusal(
        code=obstacle.code,
        shard=obstacle.shard,
        message=f"shard {obstacle.shard} could not be observed: {obstacle.reason}",
        recovery=obstacle.recovery,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ToDo:
    """Live is the before-state, or stopped part of the way: `next_index` statements are done.
    `is_between`: the next one was cut in its midst, and goes on from there (PG-25)."""

    shard: str
    next_index: int = 0
    is_between: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """Live is the after-state; nothing will run here."""

    shard: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Drifted:
    """A table is neither at its before-state, nor at its after-state, nor in between in order."""

    shard: str
    object_id: ObjectId | None  # None: the schema as a whole
    expected: str
    observed: str


Standing = ToDo | Done | Drifted
