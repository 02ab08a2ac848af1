"""What every reader of a definition needs: names, literals, brackets, and the error.

Patterns are possessive, so that reading is linear in the length of the text. A text that is not
understood raises `Refused` with the line and column of the first place that makes no sense.
"""

from __future__ import annotations

import re
from typing import NoReturn

from reconciler.ddl.quote import quote_identifier, unquote_identifier
from reconciler.errors import Problem, Refused
from reconciler.limits import DEFINITION_BYTES_MAX

NAME = r"`(?:[^`]++|``)*+`"
STRING = r"'(?:[^'\\]++|\\.|'')*+'"

_TO_BRACKET = re.compile(
    rf"""(?:[^()'"`]++|{STRING}|"(?:[^"\\]++|\\.|"")*+"|{NAME})*+([()])""", re.DOTALL
)
_TABLE_NAME = re.compile(rf"CREATE (?:TEMPORARY )?TABLE ({NAME})")
_FOREIGN_KEY = re.compile(rf"CONSTRAINT ({NAME}) FOREIGN KEY ")
_REFERENCE = re.compile(
    rf"CONSTRAINT ({NAME}) FOREIGN KEY \((?:{NAME}(?:, )?)++\) REFERENCES ({NAME}) \("
)
_EXCERPT_CHARS = 60


def is_too_large(text: str) -> bool:
    """Whether a text of a server is longer than anybody has to read."""
    return len(text) * 4 > DEFINITION_BYTES_MAX and len(text.encode()) > DEFINITION_BYTES_MAX


def closing_bracket(text: str, opening: int) -> int:
    """The offset just behind the bracket that closes the one at `opening`."""
    depth, at = 0, opening
    while match := _TO_BRACKET.match(text, at):
        at = match.end()
        depth += 1 if match[1] == "(" else -1
        if depth == 0:
            return at
    return not_understood(text, opening)


def expect(pattern: re.Pattern[str], text: str, at: int) -> re.Match[str]:
    return pattern.match(text, at) or not_understood(text, at)


def defined_table(text: str) -> str | None:
    """The name of the table that SHOW CREATE TABLE text defines."""
    match = _TABLE_NAME.match(text)
    return unquote_identifier(match[1]) if match else None


def named_as(text: str, table: str) -> str:
    """The same definition of a table of another name; a text that defines none stays as it is."""
    match = _TABLE_NAME.match(text)
    if match is None:
        return text
    return f"{text[: match.start(1)]}{quote_identifier(table)}{text[match.end(1) :]}"


def foreign_key_names(text: str) -> tuple[str, ...]:
    """The names of a table's foreign keys; a name in a comment at worst is one too many."""
    return tuple(map(unquote_identifier, _FOREIGN_KEY.findall(text)))


def references_within(text: str) -> tuple[tuple[str, str], ...]:
    """(name, parent) of each foreign key that stays in its database; as above."""
    found = _REFERENCE.findall(text)
    return tuple((unquote_identifier(name), unquote_identifier(parent)) for name, parent in found)


def not_understood(text: str, at: int, instead: str | None = None) -> NoReturn:
    """Refuse the definition; `instead` is how it would be printed, as far as it was understood."""
    table = defined_table(text) or "?"
    line = text.count("\n", 0, at) + 1
    column = at - (text.rfind("\n", 0, at) + 1) + 1
    message = (
        f"table {table!r}: the server's definition is not understood at line {line}, "
        f"column {column}: {_excerpt(text, at)}"
    )
    if instead is not None:
        message += f"; read as: {_excerpt(instead, at)}"
    raise Refused(
        Problem(
            code="definition-not-understood",
            message=message,
            recovery="leave this table to other means with `ignore_tables`, and report the "
            "definition so that it can be supported",
        )
    )


def _excerpt(text: str, at: int) -> str:
    return repr(text[at : at + _EXCERPT_CHARS])
