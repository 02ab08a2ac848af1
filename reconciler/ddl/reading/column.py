"""A column out of the text, in one match where no expression needs its brackets counted."""

from __future__ import annotations

import re
from dataclasses import dataclass

from reconciler.ddl.scan import NAME, STRING, closing_bracket, expect
from reconciler.model.schema import ROW_BOUNDS, Generated, GeneratedKind

# `int unsigned`, `decimal(10,2)`, `enum('a','b')`, `tinyint(1) unsigned zerofill`.
TYPE = rf"\w+(?:\((?:[\d,]++|{STRING}|,)++\))?(?: unsigned)?(?: zerofill)?"
HEAD = rf"({NAME}) ({TYPE})"
COLLATION = r"(?: CHARACTER SET (\w+))?(?: COLLATE (\w+))?"
DEFAULT = rf"(?: DEFAULT ([bx]?{STRING}|{NAME}|[^\s(),'`]+(?:\(\d*\))?))?"
END = r"(?=,\n  |\n\))"

_GENERATED = re.compile(r" GENERATED ALWAYS AS (?:(ROW START|ROW END)|(?=\())")
_KIND = re.compile(r" (VIRTUAL|STORED)")
_DEFAULT_EXPRESSION = re.compile(r" DEFAULT ([^\s(),'`]*)(?=\()")

Groups = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class ColumnPattern:
    """One flavor's column, cut where expressions may stand.

    `whole` matches a column without any; it is a matter of speed only: its groups are those of
    head, middle, default and tail, one after the other.
    """

    whole: re.Pattern[str]
    head: re.Pattern[str]
    middle: re.Pattern[str]
    default: re.Pattern[str]
    tail: re.Pattern[str]


def column_pattern(*, head: str, middle: str, tail: str) -> ColumnPattern:
    pieces = (head, middle, DEFAULT, tail)
    whole = re.compile("".join(pieces) + END, re.DOTALL)
    return ColumnPattern(whole, *(re.compile(piece, re.DOTALL) for piece in pieces))


def read_groups(pattern: ColumnPattern, text: str, at: int) -> tuple[Groups, Generated | None, int]:
    """The pattern's groups for the column at `at`, what generates it, and where it ends."""
    if match := pattern.whole.match(text, at):
        return match.groups(), None, match.end()
    head = expect(pattern.head, text, at)
    generated, at = _read_generated(text, head.end())
    middle = expect(pattern.middle, text, at)
    default, at = _read_default(pattern, text, middle.end())
    tail = expect(pattern.tail, text, at)
    return (*head.groups(), *middle.groups(), default, *tail.groups()), generated, tail.end()


def _read_generated(text: str, at: int) -> tuple[Generated | None, int]:
    match = _GENERATED.match(text, at)
    if match is None:
        return None, at
    if match[1]:
        assert match[1] in ROW_BOUNDS
        return Generated(expression=match[1], kind=GeneratedKind.STORED), match.end()
    end = closing_bracket(text, match.end())
    kind = expect(_KIND, text, end)
    expression = text[match.end() + 1 : end - 1]
    return Generated(expression=expression, kind=GeneratedKind(kind[1])), kind.end()


def _read_default(pattern: ColumnPattern, text: str, at: int) -> tuple[str | None, int]:
    """A bracketed expression, or, on MariaDB, a function call with arguments, else a literal."""
    literal = expect(pattern.default, text, at)
    if text[literal.end() : literal.end() + 1] != "(" and literal[1] is not None:
        return literal[1], literal.end()
    if match := _DEFAULT_EXPRESSION.match(text, at):
        end = closing_bracket(text, match.end())
        return text[match.start(1) : end], end
    return literal[1], literal.end()
