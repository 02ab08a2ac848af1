"""An index as SQL: MySQL's key parts may be expressions, MariaDB's may be a period."""

from __future__ import annotations

from typing import assert_never

from reconciler.ddl.quote import quote_identifier, quote_string
from reconciler.ddl.rendering.style import Style, since
from reconciler.model.schema import Index, IndexKind, IndexPart
from reconciler.model.server import Flavor, ServerVersion


def index_sql(index: Index, version: ServerVersion, style: Style = Style.PLAIN) -> str:
    sql = index.kind.value
    if index.kind is not IndexKind.PRIMARY:
        sql += f" {quote_identifier(index.name)}"
    parts = [index_part_sql(part) for part in index.parts]
    if index.period is not None:
        parts.append(f"{quote_identifier(index.period)} WITHOUT OVERLAPS")
    sql += f" ({','.join(parts)})"
    if index.using is not None:
        sql += f" USING {index.using}"
    if index.key_block_size is not None:
        sql += f" KEY_BLOCK_SIZE={index.key_block_size}"
    if index.comment:
        sql += f" COMMENT {quote_string(index.comment)}"
    match version.flavor:
        case Flavor.MYSQL:
            return sql + _mysql_options(index, style)
        case Flavor.MARIADB:
            return sql + _mariadb_options(index)
        case _:
            assert_never(version.flavor)


def index_part_sql(part: IndexPart) -> str:
    if part.column is None:
        sql = f"({part.expression})"
    else:
        sql = quote_identifier(part.column)
        if part.length is not None:
            sql += f"({part.length})"
    return f"{sql} DESC" if part.descending else sql


def _mysql_options(index: Index, style: Style) -> str:
    sql = ""
    if not index.visible:
        sql += since(80000, "INVISIBLE", style)
    if index.engine_attribute is not None:
        sql += since(80021, f"ENGINE_ATTRIBUTE {quote_string(index.engine_attribute)}", style)
    if index.secondary_engine_attribute is not None:
        attribute = quote_string(index.secondary_engine_attribute)
        sql += since(80021, f"SECONDARY_ENGINE_ATTRIBUTE {attribute}", style)
    if index.parser is not None:
        sql += since(50100, f"WITH PARSER {quote_identifier(index.parser)}", style)
        if style.is_printed:
            sql += " "  # MySQL 8.0-9.7 leave a blank behind this comment
    return sql


def _mariadb_options(index: Index) -> str:
    sql = "" if index.visible else " IGNORED"
    if index.parser is not None:
        sql += f" WITH PARSER {quote_identifier(index.parser)}"
    return sql + "".join(f" {quote_identifier(name)}={value}" for name, value in index.options)
