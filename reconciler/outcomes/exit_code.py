"""What a process says to whoever started it, as one number; `ends.py` has it of each outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeVar

Item = TypeVar("Item")


class ExitCode(IntEnum):
    FINE = 0
    ERROR = 1
    DIFFERENCES = 2  # changes or drift found
    REFUSED = 3  # by a guard; nothing was sent
    PARTIAL = 4  # some was done and some was not, or the outcome is unknown
    USAGE = 64


# From harmless to harmful: differences are an answer, an error is none, a refusal outranks both,
# and a half-done apply outranks everything.
_BY_HARM = (
    ExitCode.FINE,
    ExitCode.DIFFERENCES,
    ExitCode.ERROR,
    ExitCode.REFUSED,
    ExitCode.PARTIAL,
)


def worst_first(items: Iterable[Item], code_of: Callable[[Item], ExitCode]) -> list[Item]:
    """Those that need a person on top; else in the order given."""
    return sorted(items, key=lambda item: -_BY_HARM.index(code_of(item)))


def worst(codes: Iterable[ExitCode]) -> ExitCode:
    return max(codes, key=_BY_HARM.index, default=ExitCode.FINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a verb that acts ended for one keyspace. `sent`: something reached its shards or its
    apply, if only to be rejected; `changed`: something took effect, there or in files."""

    code: ExitCode
    sent: bool = False
    changed: bool = False


def together(ends: Iterable[End]) -> ExitCode:
    """Of several keyspaces: what one got done makes a part of what another did not, and nobody may
    read "nothing was sent" where something was."""
    every = tuple(ends)
    code = worst(end.code for end in every)
    if code in (ExitCode.ERROR, ExitCode.REFUSED):
        if any(end.changed for end in every):
            return ExitCode.PARTIAL
        if any(end.sent for end in every):
            return ExitCode.ERROR
    return code
