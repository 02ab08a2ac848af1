"""What a hazard looks at: one statement, with both ends of the table and how the server runs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from reconciler.diff.model import Clause, ClauseKind, Operation, Step
from reconciler.diff.pairing import name_key
from reconciler.model.policy import Hazard, HazardKind
from reconciler.model.schema import Column, ForeignKey, GeneratedKind, Index, IndexKind, Table
from reconciler.plan.model import ExecutionClass


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementContext:
    """`clauses` are those of this statement, which may be fewer than the step's.

    `old_columns` are the names that renamed columns have on the shard, by their new names, over all
    steps of the table: a clause may come after the one that renames its column.
    """

    step: Step
    clauses: tuple[Clause, ...]
    execution: ExecutionClass
    old_columns: Mapping[str, str] = field(default_factory=dict)

    @property
    def both(self) -> tuple[Table, Table] | None:
        """The table at both ends, where it exists at both."""
        if self.step.before is None or self.step.after is None:
            return None
        return self.step.before, self.step.after

    def of_kind(self, *kinds: ClauseKind) -> Iterator[Clause]:
        return (clause for clause in self.clauses if clause.kind in kinds)

    def column_before(self, name: str) -> Column | None:
        """The column as observed, by the name it will have."""
        return find_column(self.step.before, self.old_columns.get(name, name))

    def column_after(self, name: str) -> Column | None:
        return find_column(self.step.after, name)

    def changed_columns(self) -> Iterator[tuple[Clause, Column, Column]]:
        """(clause, column before, column after) of each column that stays and is written again."""
        kinds = (ClauseKind.MODIFY_COLUMN, ClauseKind.RENAME_COLUMN, ClauseKind.SET_DEFAULT)
        for clause in self.of_kind(*kinds):
            old, new = self.column_before(clause.object), self.column_after(clause.object)
            if old is not None and new is not None:
                yield clause, old, new

    def remade_columns(self) -> Iterator[tuple[Column, Column]]:
        """(before, after) of each column that is dropped and added again under its name."""
        for clause in self.of_kind(ClauseKind.ADD_COLUMN):
            old, new = self.column_before(clause.object), self.column_after(clause.object)
            if old is not None and new is not None:
                yield old, new


def old_column_names(steps: tuple[Step, ...], table: str) -> dict[str, str]:
    """New name -> name on the shard, of all columns that the table's steps rename."""
    return {
        clause.object: clause.renamed_from
        for step in steps
        if step.operation is Operation.ALTER_TABLE and step.table == table
        for clause in step.clauses
        if clause.kind is ClauseKind.RENAME_COLUMN and clause.renamed_from is not None
    }


def find_column(table: Table | None, name: str) -> Column | None:
    """By name, whatever the case: both servers fold the names of columns and indexes."""
    columns = table.columns if table else ()
    return next((c for c in columns if name_key(c.name) == name_key(name)), None)


def find_index(table: Table | None, name: str) -> Index | None:
    indexes = table.indexes if table else ()
    return next((index for index in indexes if name_key(index.name) == name_key(name)), None)


def unique_columns(index: Index) -> tuple[str, ...] | None:
    """The key parts of a unique index, folded and in no order; None for any other index."""
    if index.kind not in (IndexKind.PRIMARY, IndexKind.UNIQUE):
        return None
    parts = (name_key(part.column or f"({part.expression})") for part in index.parts)
    return tuple(sorted(parts))


def reference_of(key: ForeignKey) -> tuple[object, ...]:
    """Which columns refer to which, whatever the key is called and does."""
    return (key.columns, key.parent_database, key.parent_table, key.parent_columns)


def is_stored(column: Column) -> bool:
    """Whether rows hold a value of the column: not so for a virtual generated one."""
    return column.generated is None or column.generated.kind is GeneratedKind.STORED


def may_be_left_out(column: Column) -> bool:
    """Whether an INSERT may leave the column out."""
    return (
        column.auto_increment
        or column.generated is not None
        or stored_when_left_out(column) is not None
    )


def stored_when_left_out(column: Column) -> str | None:
    """What an INSERT stores that does not name the column, in words; None: it is refused (1364).

    A column of an ENUM that has no default is never refused: NOT NULL, it gets the first member
    (MySQL 9.7, MariaDB 10.11 and 11.8).
    """
    if column.default_sql is not None:
        return column.default_sql
    is_enum = column.sql_type.startswith("enum(")
    if column.nullable and (is_enum or _null_by_default(column)):
        return "NULL"
    return "the first member" if is_enum else None


def worth_knowing(kind: HazardKind, name: str, reason: str) -> Hazard:
    """A finding to be seen, which needs no permission."""
    return Hazard(kind=kind, object=name, reason=reason, needs_permission=False)


def needing_permission(kind: HazardKind, name: str, reason: str) -> Hazard:
    """A destructive or breaking finding: only a reviewed permission lets it run."""
    return Hazard(kind=kind, object=name, reason=reason, needs_permission=True)


def _null_by_default(column: Column) -> bool:
    """MySQL prints no DEFAULT NULL on these types and still means it; on others, no DEFAULT on a
    nullable column means that there is none (after ALTER COLUMN ... DROP DEFAULT)."""
    name = column.sql_type.partition("(")[0].split()[0]
    return name.endswith(("text", "blob"))
