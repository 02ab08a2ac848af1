"""Which ALTER TABLE is done once it has its lock, however many rows there are.

Rule: asked of a statement that runs in place and rebuilds nothing, where a new index and a change
of partitions still read rows. What is not known to read none is taken to read them.
"""

from __future__ import annotations

from reconciler.ddl.statement.check import StatementKind, clause_starts, read_statement
from reconciler.ddl.statement.parts import StatementText

# In place, MODIFY and CHANGE give a column another name or more room, and ALTER another default.
_OF_METADATA = frozenset(
    {"ALGORITHM", "ALTER", "CHANGE", "CHARACTER", "CHARSET", "COLLATE", "COMMENT", "DEFAULT"}
    | {"LOCK", "MODIFY", "RENAME"}
)
_DROPPED = frozenset({"CHECK", "CONSTRAINT", "FOREIGN", "INDEX", "KEY"})


def reads_no_row(sql: str) -> bool:
    """Raises Refused for text that is not one statement of a known kind."""
    kind, text = read_statement(sql)
    if kind is not StatementKind.ALTER_TABLE:
        return False
    return all(_is_of_metadata(text, start) for start in clause_starts(text))


def _is_of_metadata(text: StatementText, start: int) -> bool:
    first, second = text.tokens[start], text.token(start + 1)
    if first.is_word("DROP"):
        return second is not None and second.text.upper() in _DROPPED
    return first.text.upper() in _OF_METADATA
