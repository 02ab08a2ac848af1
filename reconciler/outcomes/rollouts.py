"""What came of a rollout over regions being begun, asked, or looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.rollout.course import CourseOrder, CourseShown


class CourseAsked(StrEnum):
    """What people ask of a rollout; each is answered, or refused with the reason."""

    STOP = "stop"
    RELEASE = "release"
    RESUME = "resume"
    CANCEL = "cancel"
    WITHOUT = "without"  # a region that cannot be told of the end


@dataclass(frozen=True, slots=True, kw_only=True)
class PartWaits:
    """A part that was ordered and has not come back. `begun_s` None: nobody has it now; `failed` is
    the code of the attempt before; `sign_s` is when whoever has it last showed a sign of life."""

    wave: int
    region: str
    ordered_s: float
    begun_s: float | None
    attempt: int = 1
    failed: str = ""
    done: int = 0
    of: int = 0
    sign_s: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkersSeen:
    """Who asks for work. `region` '': those who decide. `seen_s` is when one last did, None if none
    has for so long that the engine has forgotten."""

    region: str
    seen_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CourseLook:
    """`shown` None: nobody is there to say how it stands. `refused` is why it ended without a state
    of its own."""

    shown: CourseShown | None
    began_s: float
    ended_s: float | None = None
    refused: str = ""
    ordered: tuple[PartWaits, ...] = ()
    workers: tuple[WorkersSeen, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    order: CourseOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """`is_done` False: it is recorded, and what runs is finished first. `region` is the one that
    the end waits for no more."""

    asked: CourseAsked
    is_done: bool
    region: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """`look` None: none was ever begun, or the engine has forgotten it."""

    look: CourseLook | None
    now_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutOutcome:
    environment: str
    keyspace: str
    found: Started | Answered | Looked
