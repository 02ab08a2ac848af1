"""Statements that are run for each statement of a rollout, compiled once for each database.

SQLAlchemy takes several times as long to bring one of them on its way as the database takes to run
it. They go to its driver as they are, over the connection and in the transaction that SQLAlchemy
has opened; what the driver raises is told in our words where that transaction ends (`engine`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Delete, Dialect, Insert, Select, Update

from reconciler.edges.ledger.problems import OF_DRIVERS

Statement = Select[Any] | Insert | Update | Delete


class Compiled:
    """`statement_for` gives it for a dialect by its name; `columns` are those that it writes, each
    a value of the same name. No column may be of a type whose values SQLAlchemy changes."""

    def __init__(
        self, statement_for: Callable[[str], Statement], columns: Sequence[str] = ()
    ) -> None:
        self._statement_for = statement_for
        self._columns = [*columns]
        self._texts: WeakKeyDictionary[Dialect, tuple[str, tuple[str, ...] | None]] = (
            WeakKeyDictionary()
        )

    def change(self, connection: Connection, values: Mapping[str, object]) -> int:
        """How many rows it has changed, or was found to leave as they are to be."""
        return int(self._run(connection, values).rowcount)

    def first(self, connection: Connection, values: Mapping[str, object]) -> dict[str, Any] | None:
        """The first row by the names of its columns, if there is one."""
        cursor = self._run(connection, values)
        row = cursor.fetchone()
        if row is None:
            return None
        return dict(zip((column[0] for column in cursor.description), row, strict=True))

    def _run(self, connection: Connection, values: Mapping[str, object]) -> Any:
        opened, dialect = connection.connection, cast(Any, connection.dialect)
        text, names = self._texts.get(dialect) or self._compiled(dialect, values)
        cursor = opened.cursor()
        try:
            cursor.execute(text, values if names is None else [values[name] for name in names])
        except OF_DRIVERS as error:
            if dialect.is_disconnect(error, opened, cursor):
                connection.invalidate(error)  # over which nothing could be undone
            raise
        return cursor

    def _compiled(
        self, dialect: Dialect, values: Mapping[str, object]
    ) -> tuple[str, tuple[str, ...] | None]:
        made = self._statement_for(dialect.name).compile(
            dialect=dialect, column_keys=self._columns or None
        )
        assert values.keys() <= made.params.keys(), "no value is given that would not be written"
        names = tuple(made.positiontup) if made.positiontup is not None else None
        self._texts[dialect] = made.string, names
        return self._texts[dialect]
