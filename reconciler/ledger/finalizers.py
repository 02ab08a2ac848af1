"""What is told of the steps that change the VSchema of a whole keyspace: what they wait for, what
became of them.

Kinds with arguments, among those of `ledger/reasons.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.plan.model import Moment

# --- why an apply stands as it does ---


@dataclass(frozen=True, slots=True)
class VSchemaGateClosed:
    """A person has to release the last step."""


@dataclass(frozen=True, slots=True)
class VSchemaNotAsked:
    """This run was asked for the first wave alone."""


@dataclass(frozen=True, slots=True)
class VSchemaRefused:
    """A gate, asked again, does not let the step begin; `more` counts its further reasons."""

    moment: Moment
    message: str
    more: int = 0


@dataclass(frozen=True, slots=True)
class VSchemaSoaks:
    """The last step begins by itself, then."""

    until_s: float


@dataclass(frozen=True, slots=True)
class VSchemaFailedForNow:
    """It could not be applied, nothing of it took effect, and the next run tries again."""

    moment: Moment


@dataclass(frozen=True, slots=True)
class VSchemaHalted:
    """The first step failed, and no shard was changed behind it."""


@dataclass(frozen=True, slots=True)
class VSchemaUnseen:
    """It was sent, and nobody knows yet what became of it."""

    moment: Moment


StepReason = (
    VSchemaGateClosed
    | VSchemaNotAsked
    | VSchemaRefused
    | VSchemaSoaks
    | VSchemaFailedForNow
    | VSchemaHalted
    | VSchemaUnseen
)


# --- what waits ---


@dataclass(frozen=True, slots=True)
class ItsShards:
    """The last step, for the shards that are not done."""

    left: int


@dataclass(frozen=True, slots=True)
class FirstStep:
    """A shard, for the step of the VSchema that comes before every shard."""


StepWait = ItsShards | FirstStep


# --- what happened ---


@dataclass(frozen=True, slots=True)
class VSchemaApplied:
    """`is_found`: a look found it in effect, whoever applied it."""

    moment: Moment
    is_found: bool = False


@dataclass(frozen=True, slots=True)
class VSchemaFailed:
    """`is_for_now`: it is tried again."""

    moment: Moment
    message: str
    is_for_now: bool = False


@dataclass(frozen=True, slots=True)
class VSchemaLost:
    """It was sent, and no answer came that could be believed."""

    moment: Moment
    message: str


@dataclass(frozen=True, slots=True)
class VSchemaNeverRan:
    """A look told so of a step that was in doubt."""

    moment: Moment


StepHappened = VSchemaApplied | VSchemaFailed | VSchemaLost | VSchemaNeverRan
