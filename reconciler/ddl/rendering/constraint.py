"""Foreign keys and checks as SQL."""

from __future__ import annotations

from reconciler.ddl.quote import doubles_in_keys, quote_identifier
from reconciler.ddl.rendering.style import Style, since
from reconciler.model.schema import Check, ForeignKey
from reconciler.model.server import Flavor, ServerVersion


def foreign_key_sql(key: ForeignKey, version: ServerVersion, style: Style = Style.PLAIN) -> str:
    raw = style.is_printed and not doubles_in_keys(version)
    quote = _quote_raw if raw else quote_identifier
    database = f"{quote_identifier(key.parent_database)}." if key.parent_database else ""
    sql = (
        f"CONSTRAINT {quote(key.name)} FOREIGN KEY ({', '.join(map(quote, key.columns))}) "
        f"REFERENCES {database}{quote_identifier(key.parent_table)} "
        f"({', '.join(map(quote, key.parent_columns))})"
    )
    if key.on_delete is not None:
        sql += f" ON DELETE {key.on_delete}"
    if key.on_update is not None:
        sql += f" ON UPDATE {key.on_update}"
    return sql


def check_sql(check: Check, version: ServerVersion, style: Style = Style.PLAIN) -> str:
    sql = f"CONSTRAINT {quote_identifier(check.name)} CHECK ({check.expression})"
    if not check.enforced:
        assert version.flavor is Flavor.MYSQL, "only MySQL has checks that are not enforced"
        sql += since(80016, "NOT ENFORCED", style)
    return sql


def _quote_raw(name: str) -> str:
    return f"`{name}`"
