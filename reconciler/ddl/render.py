"""Tables and their parts as SQL: exactly as the server prints them, or in plain words to be sent.

`render_table` is the other half of `read_table`; together they decide what is understood.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.ddl.quote import quote_identifier
from reconciler.ddl.rendering.column import column_sql
from reconciler.ddl.rendering.constraint import check_sql, foreign_key_sql
from reconciler.ddl.rendering.index import index_part_sql, index_sql
from reconciler.ddl.rendering.options import option_sql, table_options_sql
from reconciler.ddl.rendering.partitioning import partition_sql, partitioning_sql
from reconciler.ddl.rendering.style import Style, printed_styles
from reconciler.model.schema import Table
from reconciler.model.server import Flavor, ServerVersion

__all__ = [
    "RENDERER_VERSION",
    "Style",
    "check_sql",
    "column_sql",
    "create_table_sql",
    "foreign_key_sql",
    "index_part_sql",
    "index_sql",
    "option_sql",
    "partition_sql",
    "partitioning_sql",
    "printed_texts",
    "render_table",
    "table_options_sql",
]

# Goes into every plan: raise it when the text for any table changes, so that a plan made with
# other rules is stale instead of different.
RENDERER_VERSION = 1


_SYSTEM_TIME = "PERIOD FOR SYSTEM_TIME "


def render_table(table: Table, version: ServerVersion) -> str:
    """The text that SHOW CREATE TABLE prints for this table."""
    return next(printed_texts(table, version))


def printed_texts(table: Table, version: ServerVersion) -> Iterator[str]:
    """Every way in which a server of this version may print the table, the likely one first."""
    return (_create(table, version, style) for style in printed_styles(version))


def create_table_sql(table: Table, version: ServerVersion) -> str:
    """CREATE TABLE in plain words.

    No CREATE TABLE makes a nullable column without a default: for the columns of
    `default_less_columns` an ALTER TABLE ... ALTER COLUMN ... DROP DEFAULT must follow.
    """
    return _create(_as_it_was_said(table), version, Style.PLAIN)


def _as_it_was_said(table: Table) -> Table:
    """Without collations that MySQL 9.7 prints on a column only because they are the table's and
    no default: said again, they would be the column's own from then on."""
    collation = table.option("COLLATE")
    columns = tuple(
        replace(column, collation=None)
        if column.charset is None and column.collation == collation
        else column
        for column in table.columns
    )
    return replace(table, columns=columns)


def _create(table: Table, version: ServerVersion, style: Style) -> str:
    # MariaDB prints the period of its own history behind the indexes, others before them.
    system_time = [period for period in table.periods if period.startswith(_SYSTEM_TIME)]
    items = [
        *(column_sql(column, version, style) for column in table.columns),
        *(period for period in table.periods if period not in system_time),
        *(index_sql(index, version, style) for index in table.indexes),
        *system_time,
        *(foreign_key_sql(key, version, style) for key in table.foreign_keys),
        *(check_sql(check, version, style) for check in table.checks),
    ]
    body = ",\n  ".join(items)
    sql = f"CREATE TABLE {quote_identifier(table.name)} (\n  {body}\n)"
    sql += table_options_sql(table, style)
    if table.partitioning is not None:
        # MariaDB indents this line by a blank.
        break_ = "\n " if version.flavor is Flavor.MARIADB else "\n"
        sql += break_ + partitioning_sql(table.partitioning, version, style)
    return sql
