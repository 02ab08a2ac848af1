"""Two databases held against each other by the server's own catalogue, without this product.

Reading, normal form and fingerprints are what is being judged, so the judge does not use them: it
asks INFORMATION_SCHEMA, which shows less than SHOW CREATE TABLE, but nothing of ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from reconciler.model.server import Flavor

Query = Callable[[str], Sequence[tuple[Any, ...]]]

_TABLES = "TABLE_NAME, ENGINE, TABLE_COLLATION, TABLE_COMMENT, CREATE_OPTIONS"
# What MySQL keeps for an index on an expression has a position too, and is not shown.
_COLUMNS = """TABLE_NAME, RANK() OVER (PARTITION BY TABLE_NAME ORDER BY ORDINAL_POSITION),
 COLUMN_NAME, COLUMN_DEFAULT, IS_NULLABLE, COLUMN_TYPE, CHARACTER_SET_NAME, COLLATION_NAME, EXTRA,
 COLUMN_COMMENT, GENERATION_EXPRESSION"""
_INDEXES = """TABLE_NAME, INDEX_NAME, NON_UNIQUE, SEQ_IN_INDEX, COLUMN_NAME, COLLATION, SUB_PART,
 INDEX_COMMENT"""
_CONSTRAINTS = "TABLE_NAME, CONSTRAINT_NAME, CONSTRAINT_TYPE"
_KEYS = """TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, ORDINAL_POSITION, REFERENCED_TABLE_NAME,
 REFERENCED_COLUMN_NAME"""
_REFERENCES = """TABLE_NAME, CONSTRAINT_NAME, UNIQUE_CONSTRAINT_NAME, UPDATE_RULE, DELETE_RULE,
 REFERENCED_TABLE_NAME"""
_PARTITIONS = """TABLE_NAME, PARTITION_NAME, SUBPARTITION_NAME, PARTITION_ORDINAL_POSITION,
 SUBPARTITION_ORDINAL_POSITION, PARTITION_METHOD, SUBPARTITION_METHOD, PARTITION_EXPRESSION,
 SUBPARTITION_EXPRESSION, PARTITION_DESCRIPTION, PARTITION_COMMENT"""


def _views(flavor: Flavor) -> dict[str, tuple[str, str]]:
    """View of the catalogue -> what to read of it, and the column with the database's name."""
    mysql = flavor is Flavor.MYSQL
    # MariaDB shows USING HASH of an InnoDB index until the next ALTER, and means a B-tree by it.
    kind = "INDEX_TYPE" if mysql else "REPLACE(INDEX_TYPE, 'HASH', 'BTREE')"
    return {
        "TABLES": (_TABLES, "TABLE_SCHEMA"),
        "COLUMNS": (_COLUMNS + (", SRS_ID" if mysql else ""), "TABLE_SCHEMA"),
        "STATISTICS": (
            f"{_INDEXES}, {kind}, " + ("IS_VISIBLE, EXPRESSION" if mysql else "IGNORED"),
            "TABLE_SCHEMA",
        ),
        "TABLE_CONSTRAINTS": (_CONSTRAINTS + (", ENFORCED" if mysql else ""), "TABLE_SCHEMA"),
        "KEY_COLUMN_USAGE": (_KEYS, "TABLE_SCHEMA"),
        "REFERENTIAL_CONSTRAINTS": (_REFERENCES, "CONSTRAINT_SCHEMA"),
        "CHECK_CONSTRAINTS": ("CONSTRAINT_NAME, CHECK_CLAUSE", "CONSTRAINT_SCHEMA"),
        "PARTITIONS": (_PARTITIONS, "TABLE_SCHEMA"),
    }


def differences(query: Query, flavor: Flavor, found: str, wanted: str) -> list[str]:
    """What the catalogue shows of the one database and not of the other; empty if they are alike.
    Tables that are not in `wanted` count as well."""
    told = []
    for view, (what, schema) in _views(flavor).items():
        have, want = (
            {
                tuple(map(_plain, row))
                for row in query(
                    f"SELECT {what} FROM information_schema.{view} WHERE {schema} = '{database}'"
                )
            }
            for database in (found, wanted)
        )
        told += [f"{view} has {row}" for row in sorted(have - want, key=str)]
        told += [f"{view} lacks {row}" for row in sorted(want - have, key=str)]
    return told


def _plain(value: Any) -> Any:
    """Without what a server writes one way or another by what happened to the table: introducers,
    the NULs of wide characters, brackets of negative numbers; and with one word for the two actions
    that are one to InnoDB."""
    if not isinstance(value, str):
        return value
    if value == "NO ACTION":
        return "RESTRICT"
    # MySQL keeps this word when the default goes; COLUMN_DEFAULT tells.
    value = value.removeprefix("DEFAULT_GENERATED").lstrip()
    # Aria's default, which SHOW CREATE TABLE prints also where it was not written.
    value = re.sub(r"\bpage_checksum=1 ?", "", value)
    if re.search(r"_(?:ucs2|utf16|utf32)", value):
        value = value.replace(r"\\0", "")
    value = re.sub(r"(?<!\w)_[a-z0-9]+(?=\\?')", "", value)
    return re.sub(r"-\((\d[\d.]*)\)", r"-\1", value)


def base_columns(query: Query, database: str) -> Mapping[tuple[str, str], tuple[Any, ...]]:
    """By (table, column): all that the catalogue says of a column that holds values of its own."""
    rows = query(
        f"SELECT {_COLUMNS} FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = '{database}'"
        " AND COALESCE(GENERATION_EXPRESSION, '') = ''"
    )
    return {(row[0], row[2]): (row[5], row[6], row[7]) for row in rows}
