"""Table options as SQL, in the order of the model: for a table that was read, as printed."""

from __future__ import annotations

from reconciler.ddl.rendering.style import Style, since
from reconciler.model.schema import Table

# Options that MySQL 8.0-9.7 print inside an executable comment, with the version they came in.
_SINCE = {
    "AUTOEXTEND_SIZE": 80023,
    "ENGINE_ATTRIBUTE": 80021,
    "SECONDARY_ENGINE_ATTRIBUTE": 80021,
}

# InnoDB's own options on MariaDB, which prints them in backquotes and in the letter case they were
# written in.
ENGINE_DEFINED = ("page_compressed", "page_compression_level", "encrypted", "encryption_key_id")


def table_options_sql(table: Table, style: Style = Style.PLAIN) -> str:
    """All options, each with a blank before it."""
    place = [
        _place(name, value) for name, value in table.options if name in ("TABLESPACE", "STORAGE")
    ]
    sql = since(50100, " ".join(place), style) if place else ""
    for name, value in table.options:
        match name:
            case "TABLESPACE" | "STORAGE":
                continue
            case "ENGINE_ATTRIBUTE" | "SECONDARY_ENGINE_ATTRIBUTE" | "AUTOEXTEND_SIZE":
                sql += since(_SINCE[name], f"{name}={value}", style)
            case "ENCRYPTION" if style is Style.PRINTED_EARLIER:
                sql += since(80016, f"{name}={value}", style)
            case _:
                sql += f" {option_sql(name, value)}"
    return sql + (" WITH SYSTEM VERSIONING" if table.system_versioned else "")


def option_sql(name: str, value: str) -> str:
    """One option in plain words, as CREATE and ALTER TABLE take it."""
    if name in ("TABLESPACE", "STORAGE"):
        return _place(name, value)
    quoted = name.lower() in ENGINE_DEFINED
    return f"`{name}`={value}" if quoted else f"{name}={value}"


def _place(name: str, value: str) -> str:
    return f"{name} {value}"
