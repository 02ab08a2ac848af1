"""How what stands in an order stands: deployments, and whatever waits for something else."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.ledger.states import ApplyState


class TurnWord(StrEnum):
    """By the files at hand and the ledger; only an apply looks at shards."""

    DONE = "done"
    RESTS = "done, and in its soak"
    NO_PLAN = "without a plan"  # as far as the files say there is nothing to do
    UNSOUND = "held by a plan file that is not sound"  # `verify` says what is wrong with it
    NOT_BEGUN = "not begun"
    BEGUN = "begun"  # `state` says how far
    UNKNOWN = "not known"  # its spec or its ledger could not be read


@dataclass(frozen=True, slots=True, kw_only=True)
class Stands:
    """A keyspace in an environment. `state` is of an apply that is not done, `until_s` the end of
    its soak."""

    environment: str
    keyspace: str
    word: TurnWord
    state: ApplyState | None = None
    until_s: float | None = None

    @property
    def is_done(self) -> bool:
        return self.word in (TurnWord.DONE, TurnWord.NO_PLAN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """`waits_for` is what keeps it, in the order in which that comes; () where nothing does.
    `deployment_of` is the environment that lists it as a deployment, `among` so many."""

    stands: Stands
    deployment_of: str | None = None
    among: int = 0
    waits_for: tuple[Stands, ...] = ()
