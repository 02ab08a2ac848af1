"""Texts and bytes that are too long, or that a new character set or type does not have."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from reconciler.ddl.quote import quote_string
from reconciler.model.server import Flavor
from reconciler.plan.hazards.charset import (
    bytes_per_character_max,
    bytes_per_character_min,
    holds_every_character,
)
from reconciler.plan.hazards.column_type import (
    BLOB_BYTES,
    TEXT_BYTES,
    ColumnType,
    Family,
    characters_max,
    decimal_digits,
    fixed_or_longest,
    fraction_digits,
    integer_range,
)
from reconciler.preflight.change import Change
from reconciler.preflight.model import Effect, OnWarning, QuestionKind
from reconciler.preflight.questions.numbers import of_fixed_digits, other_digits, outside
from reconciler.preflight.questions.of_values import Unfit
from reconciler.preflight.questions.printed import no_text_sql
from reconciler.preflight.questions.written_numbers import beyond_digits_sql, no_number_sql

# No column holds other bytes.
_WELL_FORMED = frozenset({"utf8mb4", "utf8mb3", "latin1", "ucs2", "utf16", "utf16le", "utf32"})
# What a number is not printed with.
_MORE_THAN_A_NUMBER = "^[[:space:]+]|^-?0[0-9]|[[:space:]]$"
# What stands between quotes. Beyond it: more digits than a number of 64 bits keeps for certain.
_JSON_TEXT = r'"(?:[^"\\]++|\\.)*+"'
_JSON_LONG = "[0-9]{20}|-[0-9]{19}|(?=[0-9.]{17})[0-9]+[.]|[0-9]{16}[eE]|[eE][-+]?[0-9]{3}"


def _text_to_text(value: str, old: ColumnType, new: ColumnType, change: Change) -> Iterator[Unfit]:
    if not holds_every_character(old.charset, new.charset):
        back = f"CONVERT(CONVERT({value} USING {new.charset}) USING {old.charset})"
        yield Unfit(
            kind=QuestionKind.CHARACTERS,
            what=f"texts with characters that {new.charset} does not have",
            sql=f"CAST({back} AS BINARY) <> CAST({value} AS BINARY)",
        )
    elif _may_have_no_text(old, new, change):
        back = f"CONVERT(CONVERT({value} USING {new.charset}) USING {old.charset})"
        yield Unfit(
            kind=QuestionKind.CHARACTERS,
            what=f"bytes that are no {old.charset} text",
            sql=f"CAST({back} AS BINARY) <> CAST({value} AS BINARY)",
        )
    yield from _too_long(value, old, new, change)
    if new.name == "char" and old.name != "char":
        yield _cut_off(value)


def _cut_off(value: str) -> Unfit:
    return Unfit(
        kind=QuestionKind.LENGTH,
        what="texts with blanks at their end, which are cut off",
        sql=f"LENGTH({value}) <> LENGTH({_trimmed(value)})",
        effect=Effect.LOSES,
    )


def _may_have_no_text(old: ColumnType, new: ColumnType, change: Change) -> bool:
    """MariaDB without a strict mode takes any byte where a character has one."""
    is_mariadb = change.settings.version.flavor is Flavor.MARIADB
    return is_mariadb and old.charset != new.charset and old.charset not in _WELL_FORMED


def _too_long(value: str, old: ColumnType, new: ColumnType, change: Change) -> Iterator[Unfit]:
    limit_bytes = TEXT_BYTES.get(new.name)
    if limit_bytes is not None:
        yield from _too_many_bytes(value, old, new, limit_bytes, change)
        return
    limit = fixed_or_longest(new)
    if characters_max(old) <= limit:
        return
    found = _longer(
        f"CHAR_LENGTH({{}}) > {limit}",
        value,
        f"{limit} characters",
        _keeps_blanks(value, old, new, change),
    )
    # That CHAR keeps no blanks at all is a question of its own.
    yield from islice(found, 1) if new.name == "char" else found


def _keeps_blanks(value: str, old: ColumnType, new: ColumnType, change: Change) -> bool:
    """Whether blanks at the end count like other characters (1406, 1265): so it is where a value is
    copied as it is. Else the server cuts them off, and only says so. CHAR never keeps them."""
    both_plain = old.name == new.name == "varchar"
    both_long = {old.name, new.name} <= TEXT_BYTES.keys()
    is_mysql = change.settings.version.flavor is Flavor.MYSQL
    ends = change.ends_of(value)
    is_collated_alike = ends is not None and ends[0].collation == ends[1].collation
    return is_collated_alike and (both_plain or (both_long and is_mysql))


def _longer(measured: str, value: str, limit: str, keeps_blanks: bool) -> Iterator[Unfit]:
    too_long = measured.format(value if keeps_blanks else _trimmed(value))
    yield Unfit(kind=QuestionKind.LENGTH, what=f"texts of more than {limit}", sql=too_long)
    if not keeps_blanks:
        yield Unfit(
            kind=QuestionKind.LENGTH,
            what=f"texts with blanks at their end, beyond {limit}, which are cut off",
            sql=f"{measured.format(value)} AND NOT {too_long}",
            effect=Effect.LOSES,
        )


def _too_many_bytes(
    value: str, old: ColumnType, new: ColumnType, limit_bytes: int, change: Change
) -> Iterator[Unfit]:
    size_bytes = characters_max(old) * bytes_per_character_max(new.charset)
    if old.name in TEXT_BYTES and old.charset == new.charset:
        size_bytes = TEXT_BYTES[old.name]
    if size_bytes > limit_bytes:
        told = "{}" if old.charset == new.charset else f"CONVERT({{}} USING {new.charset})"
        yield from _longer(
            f"LENGTH({told}) > {limit_bytes}",
            value,
            f"{limit_bytes} bytes",
            _keeps_blanks(value, old, new, change),
        )


def _trimmed(value: str) -> str:
    return f"TRIM(TRAILING ' ' FROM {value})"


def _text_to_binary(
    value: str, old: ColumnType, new: ColumnType, change: Change
) -> Iterator[Unfit]:
    yield from _binary_to_binary(value, old, new, change)


def _binary_to_binary(
    value: str, old: ColumnType, new: ColumnType, _change: Change
) -> Iterator[Unfit]:
    limit = BLOB_BYTES.get(new.name, fixed_or_longest(new))
    if _bytes_max(old) > limit:
        yield Unfit(
            kind=QuestionKind.LENGTH,
            what=f"values of more than {limit} bytes",
            sql=f"LENGTH({value}) > {limit}",
        )
    if new.name == "binary" and (old.name, old.arguments) != (new.name, new.arguments):
        yield Unfit(
            kind=QuestionKind.LENGTH,
            what=f"values of fewer than {limit} bytes, which are filled up",
            sql=f"LENGTH({value}) < {limit}",
            effect=Effect.LOSES,
        )


def _bytes_max(old: ColumnType) -> int:
    if old.family is Family.BINARY:
        return BLOB_BYTES.get(old.name, fixed_or_longest(old))
    return TEXT_BYTES.get(old.name, characters_max(old) * bytes_per_character_max(old.charset))


def _binary_to_text(
    value: str, old: ColumnType, new: ColumnType, change: Change
) -> Iterator[Unfit]:
    """Bytes that are no text become NULL on MySQL, and others on MariaDB."""
    unit = bytes_per_character_min(new.charset)
    if unit > 1:
        yield Unfit(
            kind=QuestionKind.CHARACTERS,
            what=f"bytes that are no whole characters of {new.charset}, which are filled up",
            sql=f"LENGTH({value}) MOD {unit} <> 0",
            effect=Effect.LOSES,
        )
        missing = f"({unit} - LENGTH({value}) MOD {unit}) MOD {unit}"
        value = f"CONCAT(REPEAT(X'00', {missing}), {value})"
    read = f"CONVERT({value} USING {new.charset})"
    if new.name == "char":
        yield _cut_off(read)
    yield Unfit(
        kind=QuestionKind.CHARACTERS,
        what=f"bytes that are no {new.charset} text",
        sql=no_text_sql(value, new.charset, change.settings.version.flavor),
    )
    limit_bytes = TEXT_BYTES.get(new.name)
    if limit_bytes is not None and _bytes_max(old) > limit_bytes:
        yield Unfit(
            kind=QuestionKind.LENGTH,
            what=f"values of more than {limit_bytes} bytes",
            sql=f"LENGTH({value}) > {limit_bytes}",
        )
    elif limit_bytes is None and _bytes_max(old) > fixed_or_longest(new):
        yield Unfit(
            kind=QuestionKind.LENGTH,
            what=f"texts of more than {fixed_or_longest(new)} characters",
            sql=f"CHAR_LENGTH({read}) > {fixed_or_longest(new)}",
        )


def _text_to_json(
    value: str, _old: ColumnType, _new: ColumnType, _change: Change
) -> Iterator[Unfit]:
    """Blanks, the order of keys and escapes are written otherwise, and nothing is lost by that."""
    text = f"CONVERT({value} USING utf8mb4)"
    is_json = f"JSON_VALID({value})"
    yield Unfit(kind=QuestionKind.CONVERSION, what="texts that are no JSON", sql=f"NOT {is_json}")
    given = _without(text, _JSON_TEXT)
    kept = _without(f"CAST(IF({is_json}, CAST({text} AS JSON), NULL) AS CHAR)", _JSON_TEXT)
    colons, colons_kept = (f"LENGTH({_without(one, '[^:]')})" for one in (given, kept))
    yield Unfit(
        kind=QuestionKind.CONVERSION,
        what="texts with an object that has a key twice, of which one value is kept",
        sql=f"{colons} <> {colons_kept}",
        effect=Effect.LOSES,
    )
    yield Unfit(
        kind=QuestionKind.CONVERSION,
        what="texts with numbers of more digits than are kept",
        sql=f"{is_json} AND {given} REGEXP {quote_string(_JSON_LONG)}",
        effect=Effect.LOSES,
    )


def _without(text: str, pattern: str) -> str:
    return f"REGEXP_REPLACE({text}, {quote_string(pattern)}, '')"


def _text_to_integer(
    value: str, old: ColumnType, new: ColumnType, change: Change
) -> Iterator[Unfit]:
    yield _no_number(value, old, new, change)
    read = f"CAST({value} AS DECIMAL(65,30))"
    fits = outside(f"ROUND({read})", *integer_range(new), f"numbers that {new.text} does not hold")
    yield Unfit(kind=QuestionKind.CONVERSION, what=fits.what, sql=fits.sql)
    yield _not_printed_back(value, f"ROUND({read})")


def _text_to_decimal(
    value: str, old: ColumnType, new: ColumnType, change: Change
) -> Iterator[Unfit]:
    whole, scale = decimal_digits(new)
    yield _no_number(value, old, new, change)
    read = f"CAST({value} AS DECIMAL(65,30))"
    kept = f"ROUND({read}, {scale})"
    yield Unfit(
        kind=QuestionKind.CONVERSION,
        what=f"numbers that {new.text} does not hold",
        sql=f"({beyond_digits_sql(value, kept, whole)}"
        + (f" OR {read} < 0)" if new.unsigned else ")"),
    )
    yield Unfit(
        kind=QuestionKind.CONVERSION,
        what=f"numbers with more than {scale} digits after the point, which are rounded",
        sql=other_digits(value, kept),
        effect=Effect.LOSES,
    )
    yield _more_than_a_number(value)


def _text_to_float(value: str, old: ColumnType, new: ColumnType, change: Change) -> Iterator[Unfit]:
    yield _no_number(value, old, new, change)
    read = f"({value} + 0e0)"
    beyond = "3.402823466e38" if new.name == "float" else "1.7976931348623157e308"
    yield Unfit(
        kind=QuestionKind.CONVERSION,
        what=f"numbers that {new.text} does not hold",
        sql=f"(ABS({read}) > {beyond}" + (f" OR {read} < 0)" if new.unsigned else ")"),
        on_warning=OnWarning.OPEN,
    )
    # As it is printed again.
    kept = f"CONCAT(CAST({read} AS FLOAT))" if new.name == "float" else f"CONCAT({read})"
    if len(new.arguments) == 2:
        beyond_digits, _ = of_fixed_digits(read, new)
        yield beyond_digits
        kept = f"CONCAT(ROUND({read}, {decimal_digits(new)[1]}))"
    yield _more_than_a_number(value)
    yield Unfit(
        kind=QuestionKind.CONVERSION,
        what="numbers that lose their last digits",
        sql=f"IF(ABS({read}) > {beyond}, FALSE, {other_digits(value, kept)})",
        effect=Effect.LOSES,
    )


def _text_to_time(
    value: str, _old: ColumnType, new: ColumnType, _change: Change
) -> Iterator[Unfit]:
    is_date = new.family is Family.DATE
    kind = "DATE" if is_date else f"DATETIME({fraction_digits(new)})"
    read = f"CAST({value} AS {kind})"
    yield Unfit(
        kind=QuestionKind.CONVERSION,
        what="texts that are no date" if is_date else "texts that are no date and time",
        sql=f"{value} IS NOT NULL AND {read} IS NULL",
        on_warning=OnWarning.OPEN,
    )
    yield _not_printed_back(value, read)


def _no_number(value: str, old: ColumnType, new: ColumnType, change: Change) -> Unfit:
    return Unfit(
        kind=QuestionKind.CONVERSION,
        what="texts that are no number",
        sql=no_number_sql(value, old, new, change.settings.version.flavor, is_computed=False),
    )


def _more_than_a_number(value: str) -> Unfit:
    return Unfit(
        kind=QuestionKind.CONVERSION,
        what="numbers with blanks, a plus or zeros in front, which are not kept",
        sql=f"CONVERT({value} USING utf8mb4) REGEXP '{_MORE_THAN_A_NUMBER}'",
        effect=Effect.LOSES,
    )


def _not_printed_back(value: str, read: str) -> Unfit:
    return Unfit(
        kind=QuestionKind.CONVERSION,
        what="texts that would be printed otherwise",
        sql=f"CAST(CONVERT(CAST({read} AS CHAR) USING utf8mb4) AS BINARY)"
        f" <> CAST(CONVERT({value} USING utf8mb4) AS BINARY)",
        effect=Effect.LOSES,
    )


TEXT_RULES = {
    (Family.TEXT, Family.TEXT): _text_to_text,
    (Family.TEXT, Family.BINARY): _text_to_binary,
    (Family.TEXT, Family.JSON): _text_to_json,
    (Family.TEXT, Family.INTEGER): _text_to_integer,
    (Family.TEXT, Family.DECIMAL): _text_to_decimal,
    (Family.TEXT, Family.FLOAT): _text_to_float,
    (Family.TEXT, Family.DATE): _text_to_time,
    (Family.TEXT, Family.DATETIME): _text_to_time,
    (Family.BINARY, Family.BINARY): _binary_to_binary,
    (Family.BINARY, Family.TEXT): _binary_to_text,
}
