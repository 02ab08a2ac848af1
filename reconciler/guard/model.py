"""What the guard says: where each shard stands against a plan, and every reason not to run."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.object_id import ObjectId


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A reason not to run, with both sides where they differ (GD-7) and the next step. `object` is
    the column, index or constraint of `object_id` that it is about, where it is about one."""

    code: str
    message: str
    recovery: str
    shard: str | None = None
    object_id: ObjectId | None = None
    object: str | None = None
    expected: str | None = None  # DDL, a fingerprint, or a value
    observed: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToDo:
    """Live is the before-state, or stopped part of the way: `next_index` statements are done."""

    shard: str
    next_index: int = 0


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
