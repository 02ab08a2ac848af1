"""Renames that a schema file asks for; a rename is never guessed.

In a file: `-- reconciler: rename table old to new`, `-- reconciler: rename column old to new`,
`-- reconciler: rename index old to new`; names may stand in backquotes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RenameKind(StrEnum):
    TABLE = "table"
    COLUMN = "column"
    INDEX = "index"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """`table` is the table's new name; for a table rename `new` says the same."""

    kind: RenameKind
    table: str
    old: str
    new: str
