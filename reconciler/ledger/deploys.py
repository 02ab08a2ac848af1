"""What the ledger has of a deploy through PlanetScale: which writes were meant to be sent, and what
is told of them.

Kinds with arguments, among those of `ledger/reasons.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.errors import Problem


class DeployStep(StrEnum):
    """A write, as the ledger keeps its intent; a stored word never changes."""

    MAKE_BRANCH = "make branch"
    DROP_BRANCH = "drop branch"
    RUN = "run statements"
    OPEN = "open request"
    DEPLOY = "deploy"
    CUT_OVER = "cut over"
    CANCEL = "cancel"
    CLOSE = "close"
    SKIP_REVERT = "skip revert"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployIntent:
    """The last one of its step, and how many there were; `because`: what is to be told of it."""

    at_s: float
    times: int = 1
    because: Problem | None = None


# --- what a table waits for ---


@dataclass(frozen=True, slots=True)
class AtPlanetScale:
    """PlanetScale works on it: `state` is its word for the deploy request of that number, `percent`
    how far the slowest table is. 0 and '' before there is one."""

    number: int = 0
    state: str = ""
    percent: int = 0


@dataclass(frozen=True, slots=True)
class WayBackOpen:
    """The deploy has cut over, and can be reverted at PlanetScale until then."""

    number: int
    until_s: float


DeployWait = AtPlanetScale | WayBackOpen


# --- what happened ---


@dataclass(frozen=True, slots=True)
class DeployIntended:
    """PlanetScale was asked for a write; `number` is the deploy request's, 0 where there is none
    yet. `because` is why something is given up."""

    step: DeployStep
    number: int = 0
    because: str = ""
