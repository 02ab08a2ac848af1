"""Character set and collation are compared as they are in effect, not as they were written.

MySQL prints them on a column when they differ from the table's, and also when they were written
although they did not. The canonical form has both on every character column and on the table.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.schema import Column, Table
from reconciler.model.server import Flavor, ServerVersion

_CHARACTER_TYPES = (
    "char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set",
)  # fmt: skip

# information_schema.CHARACTER_SETS of MySQL 9.7; every other character set's is `x_general_ci`.
# The servers omit a collation only where it is the compiled-in default, so neither MySQL's
# default_collation_for_utf8mb4 nor MariaDB's character_set_collations matters here.
_DEFAULT_COLLATIONS = {
    "big5": "big5_chinese_ci",
    "binary": "binary",
    "cp932": "cp932_japanese_ci",
    "dec8": "dec8_swedish_ci",
    "eucjpms": "eucjpms_japanese_ci",
    "euckr": "euckr_korean_ci",
    "gb18030": "gb18030_chinese_ci",
    "gb2312": "gb2312_chinese_ci",
    "gbk": "gbk_chinese_ci",
    "hp8": "hp8_english_ci",
    "latin1": "latin1_swedish_ci",
    "latin5": "latin5_turkish_ci",
    "sjis": "sjis_japanese_ci",
    "swe7": "swe7_swedish_ci",
    "tis620": "tis620_thai_ci",
    "ujis": "ujis_japanese_ci",
}


def with_effective_collations(table: Table, version: ServerVersion) -> Table:
    charset = _charset_name(table.option("DEFAULT CHARSET"))
    if charset is None:
        return table
    collation = _collation_name(table.option("COLLATE"))
    collation = collation or default_collation(charset, version)
    others = (pair for pair in table.options if pair[0] not in ("DEFAULT CHARSET", "COLLATE"))
    return replace(
        table,
        columns=tuple(_column(column, charset, collation, version) for column in table.columns),
        options=(*others, ("DEFAULT CHARSET", charset), ("COLLATE", collation)),
    )


def default_collation(charset: str, version: ServerVersion) -> str:
    """The collation of `charset` that a definition means when it names none."""
    if charset == "utf8mb4" and version.flavor is Flavor.MYSQL:
        return "utf8mb4_0900_ai_ci"
    return _DEFAULT_COLLATIONS.get(charset, f"{charset}_general_ci")


def is_character_type(sql_type: str) -> bool:
    return sql_type.partition("(")[0] in _CHARACTER_TYPES


def _column(
    column: Column, table_charset: str, table_collation: str, version: ServerVersion
) -> Column:
    if not is_character_type(column.sql_type):
        return column
    charset, collation = _charset_name(column.charset), _collation_name(column.collation)
    if charset is None and collation is None:
        charset, collation = table_charset, table_collation
    elif charset is None:
        assert collation is not None
        charset = collation.partition("_")[0]
    elif collation is None:
        collation = default_collation(charset, version)
    if (charset, collation) == (column.charset, column.collation):
        return column
    return replace(column, charset=charset, collation=collation)


def _charset_name(charset: str | None) -> str | None:
    """MySQL 8.0 up to 8.0.27 calls utf8mb3 by its old name."""
    return "utf8mb3" if charset == "utf8" else charset


def _collation_name(collation: str | None) -> str | None:
    if collation is not None and collation.startswith("utf8_"):
        return collation.replace("utf8_", "utf8mb3_", 1)
    return collation
