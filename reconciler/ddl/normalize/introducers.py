"""An introducer before an ASCII literal only tells the charset of the connection that wrote it.

MySQL prints `_latin1'x'` or `_utf8mb4'x'` in expression defaults and checks by the session that
created the table. Where the bytes are not the same in every character set, the introducer stays.
"""

from __future__ import annotations

import re
from dataclasses import replace

from reconciler.ddl.scan import NAME, STRING
from reconciler.model.schema import Check, Column, Index, IndexPart, Table
from reconciler.model.server import ServerVersion

# Character sets in which an ASCII character is one byte, the same byte, and text at all: not
# binary, ucs2, utf16, utf16le, utf32 or swe7.
_ASCII_SUPERSETS = (
    "armscii8|ascii|big5|cp1250|cp1251|cp1256|cp1257|cp850|cp852|cp866|cp932|dec8|eucjpms|euckr|"
    "gb18030|gb2312|gbk|geostd8|greek|hebrew|hp8|keybcs2|koi8r|koi8u|latin1|latin2|latin5|latin7|"
    "macce|macroman|sjis|tis620|ujis|utf8|utf8mb3|utf8mb4"
)
_LITERAL = re.compile(
    rf"{NAME}|(?:(?<![\w$`])_(?:{_ASCII_SUPERSETS}) ?(?=\'))?(?P<string>{STRING})", re.DOTALL
)


def without_ascii_introducers(table: Table, version: ServerVersion) -> Table:
    return replace(
        table,
        columns=tuple(map(_column, table.columns)),
        indexes=tuple(map(_index, table.indexes)),
        checks=tuple(map(_check, table.checks)),
    )


def _expression(sql: str) -> str:
    return _LITERAL.sub(_literal, sql) if "_" in sql and "'" in sql else sql


def _literal(match: re.Match[str]) -> str:
    string = match["string"]
    return string if string is not None and string.isascii() else match.group()


def _column(column: Column) -> Column:
    """Most columns stay as they are; `replace` costs more than all the looking."""
    default_sql, check_sql, generated = column.default_sql, column.check_sql, column.generated
    if default_sql is not None and (bare := _expression(default_sql)) != default_sql:
        column = replace(column, default_sql=bare)
    if check_sql is not None and (bare := _expression(check_sql)) != check_sql:
        column = replace(column, check_sql=bare)
    if (
        generated is not None
        and (bare := _expression(generated.expression)) != generated.expression
    ):
        column = replace(column, generated=replace(generated, expression=bare))
    return column


def _index(index: Index) -> Index:
    if all(part.expression is None for part in index.parts):
        return index
    return replace(index, parts=tuple(map(_part, index.parts)))


def _part(part: IndexPart) -> IndexPart:
    if part.expression is None:
        return part
    return replace(part, expression=_expression(part.expression))


def _check(check: Check) -> Check:
    return replace(check, expression=_expression(check.expression))
