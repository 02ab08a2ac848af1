"""Who asks something of an apply, and by what right: the line that a ledger keeps of it.

The right stands at the end, and is written by whoever checked it: no name, however long or odd, can
take it away or put another one in its place (RG-36).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from reconciler.limits import ASKER_CHARS_MAX
from reconciler.plan.visible import visible_line


@dataclass(frozen=True, slots=True)
class LedgerLogin:
    """Whoever may write to the ledger: the command line proves no more of anybody."""


@dataclass(frozen=True, slots=True)
class Reviewer:
    """One of the reviewers of an environment of the forge, which said so."""

    place: str


@dataclass(frozen=True, slots=True)
class NamedInSpec:
    """One of the people for whom the reviewed spec keeps the gates of an environment."""

    environment: str


Right = LedgerLogin | Reviewer | NamedInSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """`account_id` is the forge's; None: it knows nothing of who asks."""

    who: str
    right: Right = LedgerLogin()
    account_id: int | None = None

    @property
    def line(self) -> str:
        right = f", {_words(self.right)}"
        return visible_line(self.who)[: ASKER_CHARS_MAX - len(right)] + right


def _words(right: Right) -> str:
    match right:
        case LedgerLogin():
            return "by the login of the ledger"
        case Reviewer(place):
            return f"as a reviewer of {place}"
        case NamedInSpec(environment):
            return f"as named in the spec for {environment}"
        case _:
            assert_never(right)
