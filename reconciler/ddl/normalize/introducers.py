"""An introducer before an ASCII literal only tells the charset of the connection that wrote it.

MySQL prints `_latin1'x'` or `_utf8mb4'x'` in expression defaults and checks by the session that
created the table, and after a later ALTER by the column that a literal is compared with. Of the
character sets with other bytes those with two or four to a character are told by their NULs, as in
`_ucs2'\\0x'`; otherwise the introducer stays. So it does where it decides what comes out: before
bytes that a function or a CAST is given alone, where the character set itself is asked for, or how
the text is sorted, and before COLLATE, which needs a character set that is not the session's.
"""

from __future__ import annotations

import re

from reconciler.ddl.normalize.expressions import with_expressions
from reconciler.ddl.scan import NAME, STRING
from reconciler.model.schema import Table
from reconciler.model.server import ServerVersion

# Character sets in which an ASCII character is one byte, the same byte, and text at all: not
# binary, ucs2, utf16, utf16le, utf32 or swe7.
_ASCII_SUPERSETS = (
    "armscii8|ascii|big5|cp1250|cp1251|cp1256|cp1257|cp850|cp852|cp866|cp932|dec8|eucjpms|euckr|"
    "gb18030|gb2312|gbk|geostd8|greek|hebrew|hp8|keybcs2|koi8r|koi8u|latin1|latin2|latin5|latin7|"
    "macce|macroman|sjis|tis620|ujis|utf8|utf8mb3|utf8mb4"
)
_ASCII = r"(?:[ -&(-\[\]-~]|\\['\\])"  # and these two behind a backslash
_WIDE = (
    rf"_(?:ucs2|utf16) ?'(?:\\0{_ASCII})*+'|_utf16le ?'(?:{_ASCII}\\0)*+'"
    rf"|_utf32 ?'(?:\\0\\0\\0{_ASCII})*+'"
)
_OF_ASCII = rf"_(?:{_ASCII_SUPERSETS}) ?{STRING}"
# `hex(_ucs2'\0x')`, `cast(_ucs2'\0x' as char charset binary)`, `charset(_latin1'x')`: nothing that
# is compared with a column, or put together with one, stands so, and no ALTER rewrites it.
_TOLD = (
    rf"(?<=\w\()(?:{_WIDE})(?=\)| as | using )|(?!_utf8mb4 ?'){_OF_ASCII}(?= collate )"
    rf"|(?:(?<=\bcharset\()|(?<=\bcollation\()|(?<=\bweight_string\()){_OF_ASCII}"
)
_LITERAL = re.compile(
    rf"{NAME}|{_TOLD}|(?<![\w$`])(?P<wide>{_WIDE})"
    rf"|(?:(?<![\w$`])_(?:{_ASCII_SUPERSETS}) ?(?=\'))?(?P<string>{STRING})",
    re.DOTALL,
)


def without_ascii_introducers(table: Table, version: ServerVersion) -> Table:
    return with_expressions(table, _expression)


def _expression(sql: str) -> str:
    return _LITERAL.sub(_literal, sql) if "_" in sql and "'" in sql else sql


def _literal(match: re.Match[str]) -> str:
    wide, string = match["wide"], match["string"]
    if wide is not None:
        return wide[wide.index("'") :].replace("\\0", "")
    return string if string is not None and string.isascii() else match.group()
