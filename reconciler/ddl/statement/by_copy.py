"""What of an ALTER TABLE an engine is told that copies the rows into a table of its own, and which
statements mean something else there.

Such an engine makes an empty table like the first, alters that one, and copies rows column by
column, by their names. Rule: what is not the same by that way as by the server's own is not told
(EN-20), whatever plan asks for it: partitions that are dropped keep their rows, and a column of
another name is a new one, and empty, but for an engine that knows which it was (`Renames`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto

from reconciler.ddl.statement.check import StatementKind, clause_starts, read_statement
from reconciler.ddl.statement.parts import StatementText, identifier

# gh-ost looks for these words anywhere in what it is told, in comments too, and then takes what
# follows for the statement.
_WHOLE_STATEMENT = re.compile(r"\balter\s+table\s", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ByCopy:
    """`clauses`: the text behind the table's name, as it was written."""

    table: str
    clauses: str


@dataclass(frozen=True, slots=True)
class NotByCopy:
    """Why not, as the end of a sentence that begins with the engine's name."""

    reason: str


class Renames(Enum):
    """What an engine makes of a column that gets another name."""

    LOST = auto()
    FOLLOWED = auto()


def by_copy(sql: str, renames: Renames = Renames.LOST) -> ByCopy | NotByCopy:
    """Raises Refused for text that is not one statement of a known kind."""
    kind, text = read_statement(sql)
    if kind is not StatementKind.ALTER_TABLE:
        return NotByCopy("carries out ALTER TABLE alone")
    for start in clause_starts(text):
        if reason := _otherwise(text, start, renames):
            return NotByCopy(reason)
    table = identifier(text.token(2))
    first, last = text.token(3), text.tokens[-1]
    assert table is not None, "read_statement found a name"
    assert first is not None, "and a clause"
    clauses = sql[first.offset : last.offset + len(last.text)]
    if _WHOLE_STATEMENT.search(clauses):
        return NotByCopy("would take words inside the statement for a statement of their own")
    return ByCopy(table=table, clauses=clauses)


def _otherwise(text: StatementText, start: int, renames: Renames) -> str | None:
    """Why the clause at `start` is not the same by a copy."""
    words = [token.text.upper() for token in text.tokens[start : start + 3]]
    match words:
        case ["RENAME", "COLUMN", *_] | ["CHANGE", *_] if renames is Renames.FOLLOWED:
            return None
        case ["RENAME", "COLUMN", *_]:
            return "would take a renamed column for a new one, and leave it empty"
        case ["RENAME", "INDEX" | "KEY", *_]:
            return None
        case ["RENAME", *_]:
            return "cannot rename the table that it copies"
        case ["CHANGE", *_]:
            return _renaming_change(text, start)
        case ["DROP", "PARTITION", *_]:
            return "would copy the rows of a dropped partition into another one"
        case ["ALGORITHM" | "LOCK", *_]:
            return "runs no statement in a mode of the server's"
        case ["ADD", "FOREIGN", *_]:
            return "makes no foreign keys"
        case ["ADD", "CONSTRAINT", *_] if _has_word(text, start, "FOREIGN"):
            return "makes no foreign keys"
        case _:
            return None


def _renaming_change(text: StatementText, start: int) -> str | None:
    token = text.token(start + 1)
    at = start + 2 if token is not None and token.is_word("COLUMN") else start + 1
    before, after = identifier(text.token(at)), identifier(text.token(at + 1))
    if before is not None and after is not None and before.casefold() == after.casefold():
        return None
    return "would take a renamed column for a new one, and leave it empty"


def _has_word(text: StatementText, start: int, word: str) -> bool:
    """Right behind ADD CONSTRAINT, or behind its name."""
    return any(token.is_word(word) for token in text.tokens[start + 2 : start + 4])
