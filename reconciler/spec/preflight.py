"""`preflight` of an environment: whether rows are asked before an apply, where, and what answers
do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AskedOn(StrEnum):
    """Which server of a shard has its rows asked."""

    PRIMARY = "primary"
    REPLICA = "replica"  # never the primary in its place


class RefuseOn(StrEnum):
    """Which answers keep an apply from beginning."""

    NOTHING = "nothing"  # they are told
    VIOLATED = "violated"
    NOT_SETTLED = "not-settled"  # violated, and what nobody has permitted to stay open


@dataclass(frozen=True, slots=True, kw_only=True)
class PreflightSpec:
    """`budget_s` is for the whole fleet; `lag_max_s` is how far a replica that is asked may be
    behind; `reuse_s` for how long an answer that held is used again, 0: never."""

    on: AskedOn = AskedOn.PRIMARY
    lag_max_s: int = 30
    budget_s: int = 900
    reuse_s: int = 0
    refuse: RefuseOn = RefuseOn.VIOLATED


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplicaAddress:
    """Where a shard's replica is, and the login there; what is None is as at the primary. Texts as
    in a connection."""

    host: str | None = None
    port: str | None = None
    socket: str | None = None
    user: str | None = None
    password: str | None = None

    def __repr__(self) -> str:  # PL-12
        return "ReplicaAddress(...)"
