"""Texts and bytes that are too long, or that a new character set or type does not have."""

from __future__ import annotations

from collections.abc import Iterator

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
    decimal_digits,
    fixed_or_longest,
    fraction_digits,
    integer_range,
)
from reconciler.preflight.change import Change
from reconciler.preflight.model import Effect, QuestionKind
from reconciler.preflight.questions.numbers import outside
from reconciler.preflight.questions.of_values import Unfit

# As the servers read a number from the beginning of a text to its end.
_NUMBER = "^[[:space:]]*[-+]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][-+]?[0-9]+)?[[:space:]]*$"


def _text_to_text(value: str, old: ColumnType, new: ColumnType, _change: Change) -> Iterator[Unfit]:
    if not holds_every_character(old.charset, new.charset):
        back = f"CONVERT(CONVERT({value} USING {new.charset}) USING {old.charset})"
        yield Unfit(
            kind=QuestionKind.CHARACTERS,
            what=f"texts with characters that {new.charset} does not have",
            sql=f"CAST({back} AS BINARY) <> CAST({value} AS BINARY)",
        )
    yield from _too_long(value, old, new)
    if new.name == "char" and old.name != "char":
        yield Unfit(
            kind=QuestionKind.LENGTH,
            what="texts with blanks at their end, which are cut off",
            sql=f"LENGTH({value}) <> LENGTH({_trimmed(value)})",
            effect=Effect.LOSES,
        )


def _too_long(value: str, old: ColumnType, new: ColumnType) -> Iterator[Unfit]:
    limit_bytes = TEXT_BYTES.get(new.name)
    if limit_bytes is not None:
        yield from _too_many_bytes(value, old, new, limit_bytes)
        return
    limit = fixed_or_longest(new)
    if _characters_max(old) <= limit:
        return
    # Blanks at the end count (1406, 1265), but for CHAR, which never keeps them.
    counted = _trimmed(value) if new.name == "char" else value
    yield Unfit(
        kind=QuestionKind.LENGTH,
        what=f"texts of more than {limit} characters",
        sql=f"CHAR_LENGTH({counted}) > {limit}",
    )


def _too_many_bytes(
    value: str, old: ColumnType, new: ColumnType, limit_bytes: int
) -> Iterator[Unfit]:
    size_bytes = _characters_max(old) * bytes_per_character_max(new.charset)
    if old.name in TEXT_BYTES and old.charset == new.charset:
        size_bytes = TEXT_BYTES[old.name]
    if size_bytes > limit_bytes:
        told = value if old.charset == new.charset else f"CONVERT({value} USING {new.charset})"
        yield Unfit(
            kind=QuestionKind.LENGTH,
            what=f"texts of more than {limit_bytes} bytes",
            sql=f"LENGTH({told}) > {limit_bytes}",
        )


def _characters_max(text: ColumnType) -> int:
    if text.name in TEXT_BYTES:
        return TEXT_BYTES[text.name] // bytes_per_character_min(text.charset)
    return fixed_or_longest(text)


def _trimmed(value: str) -> str:
    return f"TRIM(TRAILING ' ' FROM {value})"


def printed_as_text(
    value: str, _old: ColumnType, new: ColumnType, _change: Change
) -> Iterator[Unfit]:
    """What is no text becomes one."""
    limit = TEXT_BYTES.get(new.name) or fixed_or_longest(new)
    if limit < TEXT_BYTES["mediumtext"]:
        yield Unfit(
            kind=QuestionKind.LENGTH,
            what=f"values whose text has more than {limit} characters",
            sql=f"CHAR_LENGTH(CAST({value} AS CHAR)) > {limit}",
        )


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
    return TEXT_BYTES.get(old.name, _characters_max(old) * bytes_per_character_max(old.charset))


def _binary_to_text(
    value: str, old: ColumnType, new: ColumnType, _change: Change
) -> Iterator[Unfit]:
    """Bytes that are no text become NULL on MySQL, and others on MariaDB."""
    read = f"CONVERT({value} USING {new.charset})"
    yield Unfit(
        kind=QuestionKind.CHARACTERS,
        what=f"bytes that are no {new.charset} text",
        sql=f"NOT (CAST({read} AS BINARY) <=> {value})",
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
    yield Unfit(
        kind=QuestionKind.CONVERSION, what="texts that are no JSON", sql=f"NOT JSON_VALID({value})"
    )


def _text_to_integer(
    value: str, _old: ColumnType, new: ColumnType, change: Change
) -> Iterator[Unfit]:
    yield _no_number(value)
    read = f"CAST({value} AS DECIMAL(65,30))"
    fits = outside(f"ROUND({read})", *integer_range(new), f"numbers that {new.text} does not hold")
    yield Unfit(kind=QuestionKind.CONVERSION, what=fits.what, sql=fits.sql)
    yield _not_printed_back(value, f"ROUND({read})")


def _text_to_decimal(
    value: str, _old: ColumnType, new: ColumnType, _change: Change
) -> Iterator[Unfit]:
    whole, scale = decimal_digits(new)
    yield _no_number(value)
    read = f"CAST({value} AS DECIMAL(65,30))"
    yield Unfit(
        kind=QuestionKind.CONVERSION,
        what=f"numbers that {new.text} does not hold",
        sql=f"(ABS(ROUND({read}, {scale})) >= {10**whole}"
        + (f" OR {read} < 0)" if new.unsigned else ")"),
    )
    yield Unfit(
        kind=QuestionKind.CONVERSION,
        what=f"numbers with more than {scale} digits after the point, which are rounded",
        sql=f"{read} <> ROUND({read}, {scale})",
        effect=Effect.LOSES,
    )


def _text_to_float(
    value: str, _old: ColumnType, _new: ColumnType, _change: Change
) -> Iterator[Unfit]:
    yield _no_number(value)


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
    )
    yield _not_printed_back(value, read)


def _no_number(value: str) -> Unfit:
    return Unfit(
        kind=QuestionKind.CONVERSION,
        what="texts that are no number",
        sql=f"CONVERT({value} USING utf8mb4) NOT REGEXP '{_NUMBER}'",
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
    (Family.JSON, Family.TEXT): printed_as_text,
    (Family.ENUM, Family.TEXT): printed_as_text,
    (Family.SET, Family.TEXT): printed_as_text,
}
