"""Texts that become numbers, and are none to the server that reads them.

What may stand around the digits, and how long an exponent may be, depends on the type of the
number, on how many bytes a character has, and on MariaDB also on whether a statement copies the
text or computes with it. Each pattern is what MySQL 9.7 and MariaDB 10.11 and 11.8 take.
"""

from __future__ import annotations

import re

from reconciler.ddl.quote import quote_string
from reconciler.model.server import Flavor
from reconciler.plan.hazards.column_type import (
    TEXT_BYTES,
    ColumnType,
    Family,
    parse_column_type,
)

SPACES = r"[ \t\n\x0b\f\r]*"
END = r"\z"  # a dollar is also in front of a line's end
_BLANKS = r"[ \t]*"
_NUMBER = "([0-9]+([.][0-9]*)?|[.][0-9]+)"
_WIDE = frozenset({"ucs2", "utf16", "utf16le", "utf32"})
_EXPONENT = "([eE][-+]?[0-9]+)?"
_EXPONENT_OF_MYSQL = "([eE][-+]?[0-9]{1,9})?"
_EXPONENT_OF_MYSQL_INTEGER = "([eE][-+]?[0-9]*)?"
# MariaDB computes no whole number with an exponent beyond 208, not even of 0.
_EXPONENT_OF_MARIADB_INTEGER = "([eE][-+]?0*([0-9]{1,2}|1[0-9]{2}|20[0-8]))?"
_BYTES = parse_column_type("varbinary(1)")
# What gives one of several values. A name of a column that is one of these words asks too much.
_CHOICE = re.compile(r"\b(IF|IFNULL|NULLIF|COALESCE|CASE|GREATEST|LEAST)\b", re.IGNORECASE)
_LONG_EXPONENT = "[0-9.][eE][-+]?0*(209|2[1-9][0-9]|[3-9][0-9]{2}|[0-9]{4})"


def no_number_sql(
    value: str, old: ColumnType | None, new: ColumnType, flavor: Flavor, *, is_computed: bool
) -> str:
    """True for a text that makes the statement fail. `old` is the text's type, None: any."""
    whole = new.family is Family.INTEGER
    is_wide = old is None or old.charset in _WIDE
    if flavor is Flavor.MYSQL:
        before = _BLANKS if whole else SPACES
        number = _NUMBER + (_EXPONENT_OF_MYSQL_INTEGER if whole else _EXPONENT_OF_MYSQL)
        is_narrow = is_wide and new.family is not Family.DECIMAL
    else:
        before = _BLANKS if is_wide and whole and not is_computed else SPACES
        number = _NUMBER + (_EXPONENT_OF_MARIADB_INTEGER if whole else _EXPONENT)
        if whole and not is_computed:
            number = "[0-9]+"
        is_narrow = is_wide
    behind = " *" if is_narrow else SPACES
    if flavor is Flavor.MYSQL and whole and is_computed and old and old.family is Family.BINARY:
        behind = ""  # no byte is a space there
    pattern = quote_string(f"^{before}[-+]?{number}{behind}{END}")
    text = f"CONVERT({value} USING utf8mb4)"
    is_none = f"{text} NOT REGEXP {pattern}"
    if new.family is not Family.DECIMAL or flavor is not Flavor.MYSQL:
        return is_none
    if old is not None and old.name in TEXT_BYTES and not is_computed:  # it is rounded
        return is_none
    # MySQL refuses more than 81 digits behind the point; some come close to that by an exponent.
    is_tiny = f"{text} REGEXP '^[^eE]*[1-9]' AND ABS({value} + 0e0) < 1e-60"
    return f"({is_none} OR {text} REGEXP '[.][0-9]{{82}}|[0-9.]{{22}}[eE]-' OR ({is_tiny}))"


def computes_no_number_sql(value: str, new: ColumnType, flavor: Flavor) -> str:
    """True where an expression gives a text that is no number, of which MySQL (9.7) warns in no
    condition, and MariaDB (11.8) not of its exponent. Numbers and times have the character set of
    bytes there as well, and on MySQL a coercibility of 5, which no text has. A time that is one of
    several values is stored there as it is printed, which is no number."""
    if flavor is Flavor.MARIADB:
        return f"(CHARSET({value}) <> 'binary' AND {value} REGEXP '{_LONG_EXPONENT}')"
    each_byte = f"CONVERT({value} USING latin1)"
    of_bytes = no_number_sql(each_byte, _BYTES, new, Flavor.MYSQL, is_computed=True)
    of_text = no_number_sql(value, None, new, Flavor.MYSQL, is_computed=True)
    is_none = f"IF(CHARSET({value}) = 'binary', {of_bytes}, {of_text})"
    if not _CHOICE.search(value):
        return f"(COERCIBILITY({value}) <> 5 AND {is_none})"
    is_no_print = f"CONVERT({value} USING utf8mb4) NOT REGEXP '^[-+]?[0-9.]+([eE][-+]?[0-9]+)?$'"
    return f"IF(COERCIBILITY({value}) <> 5, {is_none}, {is_no_print})"


def beyond_digits_sql(value: str, read: str, whole: int) -> str:
    """True for a text with more than `whole` digits before the point. `read` is it as
    DECIMAL(65,30), where 35 are the most, so that for more it is asked as an approximate number."""
    beyond = f"ABS({read}) >= {10**whole}"
    return beyond if whole < 35 else f"({beyond} OR ABS({value} + 0e0) >= {10**whole}e0)"
