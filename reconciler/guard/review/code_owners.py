"""CODEOWNERS: who owns a path. The patterns are those of .gitignore without `!` and `[...]`.

The last line that matches wins, and a line without owners takes ownership away.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from reconciler.errors import InvalidInput, Location, Problem
from reconciler.guard.limits import CODE_OWNERS_LINES_MAX, CODE_OWNERS_PATTERN_CHARS_MAX

# Where GitHub looks, in its order; the first one found is the only one.
CODE_OWNERS_PATHS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedBy:
    """One line: a pattern, and its owners as written: `@user`, `@org/team`, or an address."""

    pattern: str
    owners: tuple[str, ...]


def parse_code_owners(text: str, path: str = "CODEOWNERS") -> tuple[OwnedBy, ...]:
    """Raises InvalidInput for more than can be asked for every path of a change in bounded time:
    lines that were left out would be owners that nobody asks."""
    lines: list[OwnedBy] = []
    for number, line in enumerate(text.splitlines(), start=1):
        # A blank or a '#' that is part of a name is written with a backslash.
        words = [word.replace("\0", " ") for word in line.replace("\\ ", "\0").split()]
        comment = next((i for i, word in enumerate(words) if word.startswith("#")), len(words))
        if pattern := next(iter(words[:comment]), None):
            if len(lines) == CODE_OWNERS_LINES_MAX:
                most = f"it has more than {CODE_OWNERS_LINES_MAX} patterns"
                raise InvalidInput(_too_large(path, number, most))
            if len(pattern) > CODE_OWNERS_PATTERN_CHARS_MAX:
                longest = f"a pattern has more than {CODE_OWNERS_PATTERN_CHARS_MAX} characters"
                raise InvalidInput(_too_large(path, number, longest))
            owners = tuple(words[1:comment])
            lines.append(OwnedBy(pattern=pattern.replace("\\#", "#"), owners=owners))
    return tuple(lines)


def _too_large(path: str, line: int, why: str) -> Problem:
    return Problem(
        code="code-owners-too-large",
        message=f"{path} is refused: {why}",
        recovery="say it with fewer or shorter patterns: one for a folder stands for all below it",
        where=Location(path=path, line=line),
    )


def owners_of(path: str, lines: tuple[OwnedBy, ...]) -> tuple[str, ...]:
    """Empty where nobody owns the path."""
    for line in reversed(lines):
        if _matcher(line.pattern).matches(path):
            return line.owners
    return ()


class _Piece(Enum):
    """What a pattern is made of, beside characters that stand for themselves."""

    ONE = "?"
    NAME = "*"
    PATH = "**"
    MAYBE_FOLDERS = "**/"  # two states: before any character of them, and within them
    WITHIN_FOLDERS = "within"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Matcher:
    """A pattern as the states of an automaton, one bit each: a path is gone through once, whatever
    the pattern, so that no number of stars makes it take long.

    `of_character` are the states that a character leads on from. `stays` are those that any
    character leaves active, `stays_in_name` those that any but '/' does.
    """

    of_character: dict[str, int]
    of_any_in_name: int
    stays: int
    stays_in_name: int
    empty: int  # states that can be left without a character
    skips: int  # states from which the next but one is reached without a character
    last: int
    is_folder: bool  # only what is below it
    is_file: bool  # only itself

    def matches(self, path: str) -> bool:
        """`/a` is at the root, `a/b` too, `a` anywhere; a folder stands for everything below it,
        and `a/*` for the files of that folder alone."""
        active = self._with_empty(1)
        for character in path:
            in_name = character != "/"
            if not in_name and active & self.last and not self.is_file:
                return True
            on = active & self.of_character.get(character, 0)
            stays = active & self.stays
            if in_name:
                on |= active & self.of_any_in_name
                stays |= active & self.stays_in_name
            active = self._with_empty(on << 1 | stays)
            if not active:
                return False
        return bool(active & self.last) and not self.is_folder

    def _with_empty(self, active: int) -> int:
        while True:
            more = active | (active & self.empty) << 1 | (active & self.skips) << 2
            if more == active:
                return active
            active = more


@lru_cache(maxsize=CODE_OWNERS_LINES_MAX)
def _matcher(pattern: str) -> _Matcher:
    pieces = list(_pieces(pattern))
    states: defaultdict[str | _Piece, int] = defaultdict(int)
    for place, piece in enumerate(pieces):
        states[piece] |= 1 << place
    characters = {piece: bits for piece, bits in states.items() if isinstance(piece, str)}
    characters["/"] = characters.get("/", 0) | states[_Piece.WITHIN_FOLDERS]
    return _Matcher(
        of_character=characters,
        of_any_in_name=states[_Piece.ONE],
        stays=states[_Piece.PATH] | states[_Piece.WITHIN_FOLDERS],
        stays_in_name=states[_Piece.NAME],
        empty=states[_Piece.NAME] | states[_Piece.PATH] | states[_Piece.MAYBE_FOLDERS],
        skips=states[_Piece.MAYBE_FOLDERS],
        last=1 << len(pieces),
        is_folder=pattern.endswith("/"),
        is_file=pattern.endswith("/*"),
    )


def _pieces(pattern: str) -> Iterator[str | _Piece]:
    is_anchored = "/" in pattern.rstrip("/")
    found = re.findall(r"\*\*/|\*\*|\*|\?|.", pattern.strip("/"), flags=re.DOTALL)
    before = ""
    for piece in ["", *found] if is_anchored else ["**/", *found]:
        if piece == before and piece.startswith("*"):
            continue  # twice is no more than once
        before = piece
        match piece:
            case "**/":
                yield _Piece.MAYBE_FOLDERS
                yield _Piece.WITHIN_FOLDERS
            case "**" | "*" | "?":
                yield _Piece(piece)
            case _:
                yield from piece
