"""What can go wrong, and what to do next.

Every error the product shows has a stable code, says what happened to which object, and names the
next step. The classes are few: one for each answer to the question "who must act, and how does the
process end?". Expected refusals of the guard are values (`guard`), not exceptions.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import ClassVar


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """A place in a file of the user's repository; lines and columns count from 1."""

    path: str
    line: int | None = None
    column: int | None = None

    def __str__(self) -> str:
        parts = [self.path, *(str(n) for n in (self.line, self.column) if n is not None)]
        return ":".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong: what happened to which object, and an imperative next step."""

    code: str
    message: str
    recovery: str
    where: Location | None = None

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.message} [{self.code}]"


class ReconcilerError(Exception):
    """Something the product reports to its user: one or more problems found together."""

    exit_code: ClassVar[int] = 1

    def __init__(self, *problems: Problem) -> None:
        assert problems, "an error without a problem tells nobody anything"
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


class InvalidInput(ReconcilerError):
    """A file or an option is wrong; its author must fix it."""


class Unavailable(ReconcilerError):
    """A server, a tool or a file system did not do its part; an operator must look."""


class Refused(ReconcilerError):
    """Going on would not be safe. Nothing was sent; the recovery says how to be allowed."""

    exit_code = 3


class Busy(Refused):
    """Somebody else is at work there; when they are done, the same is not refused any more."""


class Unanswered(Refused):
    """Who has to be asked first did not answer; asked again, they may."""


class UsageError(ReconcilerError):
    """The command line does not make sense."""

    exit_code = 64


def passes_by_itself(error: ReconcilerError) -> bool:
    """Who did not answer, or was busy, may do so later; nobody has to act for that (TM-11)."""
    return isinstance(error, Unavailable | Busy | Unanswered)


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant; '_' and '-' are easily mixed up."""
    folded = {_folded(name): name for name in known}
    matches = get_close_matches(_folded(word), folded, n=1)
    return folded[matches[0]] if matches else None


def _folded(word: str) -> str:
    return word.lower().replace("_", "-")
