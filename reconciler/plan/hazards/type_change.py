"""What may happen to values when a column's type changes: the lattice of types.

A change that is not proven harmless by a rule here is a loss. Reasons end the sentence
"int becomes smallint: ...".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from reconciler.model.policy import HazardKind
from reconciler.plan.hazards.charset import (
    bytes_per_character_max,
    bytes_per_character_min,
    holds_every_character,
    keeps_bytes,
)
from reconciler.plan.hazards.column_type import (
    BLOB_BYTES,
    GEOMETRY_HOLDS,
    TEXT_BYTES,
    ColumnType,
    Family,
    bit_length,
    characters_max,
    decimal_digits,
    fixed_or_longest,
    fraction_digits,
    integer_range,
)


@dataclass(frozen=True, slots=True)
class ValueLoss:
    """NARROW_TYPE: values may be cut or refused. CHANGE_VALUES: they stay, but mean another."""

    kind: HazardKind
    reason: str


def type_change_losses(old: ColumnType, new: ColumnType) -> tuple[ValueLoss, ...]:
    """Everything that values of the old type may suffer; empty if each keeps value and meaning."""
    rule = _RULES.get((old.family, new.family))
    if rule is not None:
        return tuple(rule(old, new))
    if old.text == new.text:
        return ()
    if new.family is Family.TEXT:
        return tuple(_printed_as_text(old, new))
    return (_narrow(f"a {old.family} that is no {new.text} is refused or cut"),)


def _narrow(reason: str) -> ValueLoss:
    return ValueLoss(HazardKind.NARROW_TYPE, reason)


def _changed(reason: str) -> ValueLoss:
    return ValueLoss(HazardKind.CHANGE_VALUES, reason)


# Numbers


def _integer_to_integer(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    low, high = integer_range(new)
    if integer_range(old)[0] < low or integer_range(old)[1] > high:
        yield _narrow(f"numbers outside {low}..{high} are refused or cut")


def _integer_to_decimal(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    low, high = integer_range(old)
    digits = decimal_digits(new)[0]
    if max(-low, high) >= 10**digits:
        yield _narrow(f"numbers of more than {digits} digits are refused or cut")
    yield from _negatives(old, new)


def _integer_to_float(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    bits = 24 if new.name == "float" else 53
    if max(-integer_range(old)[0], integer_range(old)[1]) > 2**bits or new.arguments:
        yield _narrow(f"numbers beyond {2**bits} lose their last digits")
    yield from _negatives(old, new)


def _integer_to_bit(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    if integer_range(old)[1] >= 2 ** bit_length(new) or not old.unsigned:
        yield _narrow(f"numbers outside 0..{2 ** bit_length(new) - 1} are refused or cut")


def _bit_to_integer(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    high = integer_range(new)[1]
    if 2 ** bit_length(old) - 1 > high:
        yield _narrow(f"numbers above {high} are refused or cut")


def _bit_to_bit(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    if bit_length(new) < bit_length(old):
        yield _narrow(f"values of more than {bit_length(new)} bits are refused or cut")


def _decimal_to_decimal(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    (old_whole, old_scale), (whole, scale) = decimal_digits(old), decimal_digits(new)
    if whole < old_whole:
        yield _narrow(f"numbers of more than {whole} digits before the point are refused or cut")
    if scale < old_scale:
        # A note, not an error, even in strict mode: MySQL manual, "Precision Math, Rounding".
        yield _narrow(f"numbers are rounded to {scale} digits after the point, silently")
    yield from _negatives(old, new)


def _decimal_to_integer(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    whole, scale = decimal_digits(old)
    low, high = integer_range(new)
    if scale:
        yield _narrow("numbers are rounded to whole ones, silently")
    if 10**whole - 1 > high or (not old.unsigned and 1 - 10**whole < low):
        yield _narrow(f"numbers outside {low}..{high} are refused or cut")


def _decimal_to_float(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    if sum(decimal_digits(old)) > (7 if new.name == "float" else 15) or new.arguments:
        yield _narrow("numbers with many digits lose their last ones")
    yield _changed("exact numbers become approximate ones")
    yield from _negatives(old, new)


def _float_to_float(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    if (old.name, new.name) == ("double", "float"):
        yield _narrow("numbers keep 7 digits of 15, and those beyond 3.4e38 are refused or cut")
    elif new.arguments and new.arguments != old.arguments:
        yield _narrow(f"numbers are rounded to what {new.text} holds")
    elif (old.name, new.name) == ("float", "double"):
        yield _changed("numbers print with digits they did not show before: 0.1 is 0.1000000015")
    yield from _negatives(old, new)


def _float_to_exact(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    yield _narrow(f"numbers are rounded, and those that {new.text} does not hold refused or cut")


def _negatives(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    if new.unsigned and not old.unsigned:
        yield _narrow("negative numbers are refused or cut")


# Dates and times


def _year_to_integer(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    if integer_range(new)[1] < 2155:
        yield _narrow(f"years above {integer_range(new)[1]} are refused or cut")


def _fraction(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    if fraction_digits(new) < fraction_digits(old):
        # Not an error in any sql_mode; TIME_TRUNCATE_FRACTIONAL cuts instead of rounding.
        yield _narrow(f"seconds are rounded to {fraction_digits(new)} decimal digits, silently")


def _date_to_datetime(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    yield from ()


def _to_date(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    yield _narrow("the time of day is cut off, silently")


def _to_timestamp(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    yield _narrow("values outside 1970-01-01..2038-01-19 UTC are refused or cut")
    yield _changed("values are taken for local times of the session's time_zone")
    yield from _fraction(old, new)


def _timestamp_to_datetime(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    yield _changed("points in time become local times of the session's time_zone")
    yield from _fraction(old, new)


def _time_to_datetime(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    yield _changed("times get the date of the day on which the statement runs")
    yield from _fraction(old, new)


def _to_time(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    yield _narrow("the date is cut off")
    yield from _fraction(old, new)


# Text and bytes


def _text_to_text(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    if not holds_every_character(old.charset, new.charset):
        into = new.charset or "the new character set"
        yield _narrow(f"characters that {into} does not have are refused or become '?'")
    yield from _longer_texts(characters_max(old), _bytes_max(old, new.charset), new)
    if new.name == "char" and old.name != "char":
        yield _changed("blanks at the end of a text are cut off")


def _printed_as_text(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    characters = _printed_characters(old)
    if characters is None:
        yield _narrow(f"a {old.family} whose text does not fit {new.text} is refused or cut")
    else:
        yield from _longer_texts(characters, characters * bytes_per_character_min(new.charset), new)
    yield _changed(f"each {old.family} becomes text, and compares and sorts as text")


def _members_to_text(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    lengths = [len(member) for member in old.members]
    longest = max(lengths) if old.family is Family.ENUM else sum(lengths) + len(lengths) - 1
    size_bytes = longest * bytes_per_character_max(new.charset)
    yield from _longer_texts(longest, size_bytes, new)
    if not holds_every_character(old.charset, new.charset):
        yield _narrow("characters that the new character set does not have are refused")


def _longer_texts(characters: int, size_bytes: int, new: ColumnType) -> Iterator[ValueLoss]:
    limit_bytes = TEXT_BYTES.get(new.name)
    if limit_bytes is None and characters > fixed_or_longest(new):
        yield _narrow(f"texts of more than {fixed_or_longest(new)} characters are refused or cut")
    elif limit_bytes is not None and size_bytes > limit_bytes:
        yield _narrow(f"texts of more than {limit_bytes} bytes are refused or cut")


def _bytes_max(text: ColumnType, charset: str | None) -> int:
    """The longest text of a column, in bytes of the given character set."""
    if text.name in TEXT_BYTES and keeps_bytes(text.charset, charset):
        return TEXT_BYTES[text.name]
    return characters_max(text) * bytes_per_character_max(charset)


def _printed_characters(old: ColumnType) -> int | None:
    """The longest text a value is converted to; None where there is no such bound."""
    match old.family:
        case Family.INTEGER:
            return max(len(str(bound)) for bound in integer_range(old))
        case Family.DECIMAL:
            return sum(decimal_digits(old)) + 3  # sign, point, zero before the point
        case Family.YEAR:
            return 4
        case Family.DATE:
            return 10
        case Family.TIME:
            return 10 + 1 + fraction_digits(old)
        case Family.DATETIME | Family.TIMESTAMP:
            return 19 + 1 + fraction_digits(old)
        case _:
            return None


def _text_to_binary(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    yield from _longer_bytes(_bytes_max(old, old.charset), new)
    yield _changed("texts become bytes, and compare byte by byte")


def _binary_to_text(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    yield _narrow(
        f"bytes that are no valid {new.charset or ''} text are refused".replace("  ", " ")
    )


def _binary_to_binary(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    size_bytes = BLOB_BYTES.get(old.name, fixed_or_longest(old))
    yield from _longer_bytes(size_bytes, new)
    if new.name == "binary" and (old.name, old.arguments) != (new.name, new.arguments):
        yield _changed("shorter values are filled up with zero bytes")


def _longer_bytes(size_bytes: int, new: ColumnType) -> Iterator[ValueLoss]:
    limit = BLOB_BYTES.get(new.name, fixed_or_longest(new))
    if size_bytes > limit:
        yield _narrow(f"values of more than {limit} bytes are refused or cut")


def _json_to_text(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    if new.name != "longtext" or not holds_every_character("utf8mb4", new.charset):
        yield _narrow(f"documents that do not fit {new.text} are refused or cut")
    yield _changed("documents become text: nothing keeps them valid, and they compare as text")


def _text_to_json(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    yield _narrow("texts that are no JSON are refused")
    yield _changed("documents are normalised: keys are sorted, the last of equal keys stays")


# Members, geometry, vectors


def _members_to_members(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    removed = [member for member in old.members if member not in new.members]
    if removed:
        names = ", ".join(map(repr, removed[:4])) + (", ..." if len(removed) > 4 else "")
        yield _narrow(f"rows that hold {names} are refused or become ''")
    numbers = {member: number for number, member in enumerate(new.members)}
    renumbered = any(numbers.get(m, n) != n for n, m in enumerate(old.members))
    if renumbered or old.family is not new.family:
        yield _changed("members get other numbers: sorting and code that uses numbers change")
    if not holds_every_character(old.charset, new.charset):
        yield _narrow("members with characters that the new character set lacks become ''")


def _geometry_to_geometry(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    if old.name != new.name and old.name not in GEOMETRY_HOLDS.get(new.name, frozenset()):
        yield _narrow(f"a {old.name} that is no {new.name} is refused")


def _vector_to_vector(old: ColumnType, new: ColumnType) -> Iterator[ValueLoss]:
    if fixed_or_longest(new) < fixed_or_longest(old):
        yield _narrow(f"vectors of more than {fixed_or_longest(new)} dimensions are refused")


_Rule = Callable[[ColumnType, ColumnType], Iterator[ValueLoss]]
_RULES: dict[tuple[Family, Family], _Rule] = {
    (Family.INTEGER, Family.INTEGER): _integer_to_integer,
    (Family.INTEGER, Family.DECIMAL): _integer_to_decimal,
    (Family.INTEGER, Family.FLOAT): _integer_to_float,
    (Family.INTEGER, Family.BIT): _integer_to_bit,
    (Family.BIT, Family.INTEGER): _bit_to_integer,
    (Family.BIT, Family.BIT): _bit_to_bit,
    (Family.DECIMAL, Family.DECIMAL): _decimal_to_decimal,
    (Family.DECIMAL, Family.INTEGER): _decimal_to_integer,
    (Family.DECIMAL, Family.FLOAT): _decimal_to_float,
    (Family.FLOAT, Family.FLOAT): _float_to_float,
    (Family.FLOAT, Family.INTEGER): _float_to_exact,
    (Family.FLOAT, Family.DECIMAL): _float_to_exact,
    (Family.YEAR, Family.INTEGER): _year_to_integer,
    (Family.TIME, Family.TIME): _fraction,
    (Family.DATETIME, Family.DATETIME): _fraction,
    (Family.TIMESTAMP, Family.TIMESTAMP): _fraction,
    (Family.DATE, Family.DATETIME): _date_to_datetime,
    (Family.DATE, Family.TIMESTAMP): _to_timestamp,
    (Family.DATETIME, Family.TIMESTAMP): _to_timestamp,
    (Family.TIMESTAMP, Family.DATETIME): _timestamp_to_datetime,
    (Family.DATETIME, Family.DATE): _to_date,
    (Family.TIMESTAMP, Family.DATE): _to_date,
    (Family.DATETIME, Family.TIME): _to_time,
    (Family.TIMESTAMP, Family.TIME): _to_time,
    (Family.TIME, Family.DATETIME): _time_to_datetime,
    (Family.TIME, Family.TIMESTAMP): _time_to_datetime,
    (Family.TEXT, Family.TEXT): _text_to_text,
    (Family.TEXT, Family.BINARY): _text_to_binary,
    (Family.TEXT, Family.JSON): _text_to_json,
    (Family.BINARY, Family.BINARY): _binary_to_binary,
    (Family.BINARY, Family.TEXT): _binary_to_text,
    (Family.JSON, Family.TEXT): _json_to_text,
    (Family.ENUM, Family.ENUM): _members_to_members,
    (Family.ENUM, Family.SET): _members_to_members,
    (Family.SET, Family.SET): _members_to_members,
    (Family.ENUM, Family.TEXT): _members_to_text,
    (Family.SET, Family.TEXT): _members_to_text,
    (Family.GEOMETRY, Family.GEOMETRY): _geometry_to_geometry,
    (Family.VECTOR, Family.VECTOR): _vector_to_vector,
}
