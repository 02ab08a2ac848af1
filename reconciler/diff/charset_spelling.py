"""Which columns to restate beside a new default character set, so that live ends as the file reads.

A column's set is its table's whether it is written out or not, and nothing follows from the
difference but what SHOW CREATE TABLE prints: MySQL remembers which of the two was said last. A
statement that changes the table's default turns the columns that relied on it into columns that do
not, and would leave live in words that the file never had. In that statement it costs nothing to
say them again (no rebuild, MySQL 8.0-9.7). MariaDB prints what differs, and remembers nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from reconciler.ddl.default_less import is_default_less
from reconciler.ddl.normalize.collations import default_collation, is_character_type
from reconciler.diff.options import default_charset
from reconciler.diff.pairing import by_name, name_key
from reconciler.diff.renames import OldNames
from reconciler.model.schema import Column, Table
from reconciler.model.server import Flavor, ServerVersion

# MySQL 9.7 prints this default collation wherever it is not the table's, and no other one.
_ALWAYS_PRINTED = "utf8mb4_0900_ai_ci"


class _Said(Enum):
    """Whether the server remembers that a column's character set was written."""

    YES = auto()
    NO = auto()
    EITHER = auto()  # as a wish: both print alike; of a live column: the text does not tell


@dataclass(frozen=True, slots=True, kw_only=True)
class Spellings:
    """One table at both ends, in normal form and as its server prints it."""

    before: Table
    after: Table
    live: Table  # as printed, under the names it still has
    written: Table  # `after` as printed
    old_names: OldNames
    version: ServerVersion

    def to_restate(self) -> frozenset[str]:
        """Folded names of columns whose character set stays, and its spelling would not."""
        changes = default_charset(self.before) != default_charset(self.after)
        if not changes or self.version.flavor is Flavor.MARIADB:
            return frozenset()
        before, live = by_name(self.before.columns), by_name(self.live.columns)
        written = by_name(self.written.columns)
        found = set()
        for key, column in by_name(self.after.columns).items():
            old = before.get(key)
            if old is None or not is_character_type(column.sql_type):
                continue
            stays = (old.charset, old.collation) == (column.charset, column.collation)
            # A whole definition would give such a column a default for a moment.
            if not stays or is_default_less(column, self.version):
                continue
            printed = live[name_key(self.old_names.get(column.name, column.name))]
            wish = self._wish(column, written[key])
            if wish is not _Said.EITHER and wish is not self._remembered(column, printed):
                found.add(key)
        return frozenset(found)

    def _wish(self, column: Column, written: Column) -> _Said:
        if written.charset is None:
            return _Said.NO
        is_the_tables = (column.charset, column.collation) == default_charset(self.after)
        if not is_the_tables and self._is_printed_anyway(column):
            return _Said.EITHER
        return _Said.YES

    def _remembered(self, column: Column, printed: Column) -> _Said:
        if printed.charset is None or printed.collation is None:
            return _Said.NO
        was_the_tables = (column.charset, column.collation) == default_charset(self.before)
        if not was_the_tables and self._is_printed_anyway(column):
            return _Said.EITHER
        return _Said.YES

    def _is_printed_anyway(self, column: Column) -> bool:
        """Whether the collation shows on a column that is not of the table's set, said or not."""
        assert column.charset is not None, "the normal form names it"
        usual = default_collation(column.charset, self.version)
        return column.collation == _ALWAYS_PRINTED or column.collation != usual
