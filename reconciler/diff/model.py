"""What a diff says: steps in the order they must run, each made of clauses that can be told apart.

A step is a candidate for one statement. Whether an ALTER's clauses run as one statement or as
several is decided later, by asking a server; what may be split is said here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.ddl.zero_dates import has_zero_date
from reconciler.diff.session import StatementSession
from reconciler.model.schema import Table


class Operation(StrEnum):
    CREATE_TABLE = "create-table"
    DROP_TABLE = "drop-table"
    RENAME_TABLE = "rename-table"
    ALTER_TABLE = "alter-table"
    CREATE_VIEW = "create-view"
    REPLACE_VIEW = "replace-view"
    DROP_VIEW = "drop-view"
    CREATE_ROUTINE = "create-routine"
    REPLACE_ROUTINE = "replace-routine"
    DROP_ROUTINE = "drop-routine"
    CREATE_TRIGGER = "create-trigger"
    REPLACE_TRIGGER = "replace-trigger"
    DROP_TRIGGER = "drop-trigger"
    CREATE_SEQUENCE = "create-sequence"
    ALTER_SEQUENCE = "alter-sequence"
    DROP_SEQUENCE = "drop-sequence"
    CREATE_EVENT = "create-event"
    ALTER_EVENT = "alter-event"
    DROP_EVENT = "drop-event"


class ClauseKind(StrEnum):
    ADD_COLUMN = "add-column"
    DROP_COLUMN = "drop-column"
    MODIFY_COLUMN = "modify-column"  # type, null, charset, position, ...: anything but the name
    RESTATE_COLUMN = "restate-column"  # nothing about it changes but how the server prints it
    RENAME_COLUMN = "rename-column"  # RENAME COLUMN, or CHANGE COLUMN with a new definition
    SET_DEFAULT = "set-default"  # ALTER COLUMN ... SET DEFAULT / DROP DEFAULT / SET [IN]VISIBLE
    ADD_INDEX = "add-index"
    DROP_INDEX = "drop-index"
    RENAME_INDEX = "rename-index"
    ALTER_INDEX = "alter-index"  # visibility
    ADD_FOREIGN_KEY = "add-foreign-key"
    DROP_FOREIGN_KEY = "drop-foreign-key"
    ADD_CHECK = "add-check"
    DROP_CHECK = "drop-check"
    ALTER_CHECK = "alter-check"  # enforcement
    TABLE_OPTION = "table-option"
    PARTITION_BY = "partition-by"
    REMOVE_PARTITIONING = "remove-partitioning"
    ADD_PARTITION = "add-partition"
    DROP_PARTITION = "drop-partition"
    REORGANIZE_PARTITION = "reorganize-partition"
    COALESCE_PARTITION = "coalesce-partition"
    OTHER = "other"  # MariaDB: periods, system versioning


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """One clause of an ALTER TABLE: what it does to which object, and its exact SQL.

    `bound_to` names a group: clauses of one group must share a statement (a primary key and its
    AUTO_INCREMENT column, an index and its implicit foreign-key twin). None: free to be split off.
    `partitions` are the ones that stand before it and not behind it: dropped, or taken apart.
    """

    kind: ClauseKind
    object: str
    sql: str
    bound_to: str | None = None
    renamed_from: str | None = None  # of a column or an index: its name until then
    partitions: tuple[str, ...] = ()


class RequiredAlgorithm(StrEnum):
    """An ALGORITHM= that is part of what a statement means, not of what it costs."""

    INPLACE = "INPLACE"  # DROP PARTITION: a copy would keep the rows and merge them
    COPY = "COPY"  # a new order of equal indexes: in place, nothing would happen


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One statement to be: for ALTER_TABLE made of `clauses`, else of `sql`.

    `before` and `after` are the whole table as observed and as desired (None: does not exist), the
    same values on every step of one table, so that a hazard can look at both ends. `after` is what
    the plan ends at: the desired table less what policy leaves to the shard. `table` is the name at
    the time of the statement, the old one for a RENAME_TABLE; `renamed_to` is what that one makes
    of it, which need not be the last name of a table that swaps with another.
    `foreign_key_checks` is the part of its `session` that only the whole diff can tell.
    """

    operation: Operation
    table: str
    before: Table | None
    after: Table | None
    clauses: tuple[Clause, ...] = ()
    sql: str | None = None
    renamed_to: str | None = None
    foreign_key_checks: bool = True
    algorithm: RequiredAlgorithm | None = None

    @property
    def session(self) -> StatementSession:
        """The session that the statement is proven and run with."""
        is_alter = self.operation is Operation.ALTER_TABLE
        checks_defaults = is_alter or self.operation is Operation.CREATE_TABLE
        tables = [table for table in (self.before, self.after) if table is not None]
        return StatementSession(
            foreign_key_checks=self.foreign_key_checks,
            zero_dates=checks_defaults and any(has_zero_date(table) for table in tables),
            alters_history=is_alter and self.before is not None and self.before.system_versioned,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffRefusal:
    """A difference that cannot be planned: which object of which table, and why, in words."""

    table: str
    object: str
    reason: str
    recovery: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something the reviewer should see although nothing will run for it."""

    table: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaDiff:
    steps: tuple[Step, ...] = ()
    refusals: tuple[DiffRefusal, ...] = ()
    notes: tuple[Note, ...] = ()
