"""A column as SQL, with its attributes in the order in which each server prints them."""

from __future__ import annotations

from typing import assert_never

from reconciler.ddl.quote import quote_string
from reconciler.ddl.rendering.style import Style, since
from reconciler.model.schema import ROW_BOUNDS, Column, Generated
from reconciler.model.server import Flavor, ServerVersion


def column_sql(column: Column, version: ServerVersion, style: Style = Style.PLAIN) -> str:
    match version.flavor:
        case Flavor.MYSQL:
            return _mysql(column, style)
        case Flavor.MARIADB:
            return _mariadb(column, style)
        case _:
            assert_never(version.flavor)


def _mysql(column: Column, style: Style) -> str:
    sql = f"`{column.name.replace('`', '``')}` {column.sql_type}{_collation(column)}"
    if column.generated is not None:
        sql += _generated(column.generated)
    if not column.nullable:
        sql += " NOT NULL"
    elif column.sql_type.startswith("timestamp"):
        sql += " NULL"  # explicit_defaults_for_timestamp=0 would make it NOT NULL
    if column.not_secondary:
        sql += " NOT SECONDARY"
    if column.srid is not None:
        sql += since(80003, f"SRID {column.srid}", style)
    if column.storage is not None:
        sql += since(50606, f"STORAGE {column.storage}", style)
    if column.column_format is not None:
        sql += since(50606, f"COLUMN_FORMAT {column.column_format}", style)
    if column.default_sql is not None:
        sql += f" DEFAULT {column.default_sql}"
    if column.on_update_sql is not None:
        sql += f" ON UPDATE {column.on_update_sql}"
    if column.auto_increment:
        sql += " AUTO_INCREMENT"
    if not column.visible:
        sql += since(80023, "INVISIBLE", style)
    if column.comment:
        sql += f" COMMENT {quote_string(column.comment)}"
    if column.engine_attribute is not None:
        sql += since(80021, f"ENGINE_ATTRIBUTE {quote_string(column.engine_attribute)}", style)
    if column.secondary_engine_attribute is not None:
        attribute = quote_string(column.secondary_engine_attribute)
        sql += since(80021, f"SECONDARY_ENGINE_ATTRIBUTE {attribute}", style)
    return sql


def _mariadb(column: Column, style: Style) -> str:
    sql = f"`{column.name.replace('`', '``')}` {column.sql_type}"
    if column.compressed is not None:
        method = column.compressed
        sql += f" /*M!100301 {method}*/" if style.is_printed else f" {method}"
    sql += _collation(column)
    if column.generated is not None:
        sql += _generated(column.generated)
    elif not column.nullable:
        sql += " NOT NULL"
    elif column.sql_type.startswith("timestamp"):
        sql += " NULL"
    if not column.visible and style is Style.PRINTED_EARLIER:
        sql += " INVISIBLE"
    if column.default_sql is not None:
        sql += f" DEFAULT {column.default_sql}"
    if not column.system_versioned:
        sql += " WITHOUT SYSTEM VERSIONING"
    if column.on_update_sql is not None:
        sql += f" ON UPDATE {column.on_update_sql}"
    if column.auto_increment:
        sql += " AUTO_INCREMENT"
    if not column.visible and style is not Style.PRINTED_EARLIER:
        sql += " INVISIBLE"
    if column.comment:
        sql += f" COMMENT {quote_string(column.comment)}"
    if column.check_sql is not None:
        sql += f" CHECK ({column.check_sql})"
    return sql


def _collation(column: Column) -> str:
    charset = f" CHARACTER SET {column.charset}" if column.charset else ""
    return f"{charset} COLLATE {column.collation}" if column.collation else charset


def _generated(generated: Generated) -> str:
    if generated.expression in ROW_BOUNDS:
        return f" GENERATED ALWAYS AS {generated.expression}"
    return f" GENERATED ALWAYS AS ({generated.expression}) {generated.kind.value}"
