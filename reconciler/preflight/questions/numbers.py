"""Numbers beyond the range or the digits of a new type."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.model.server import Flavor
from reconciler.plan.hazards.column_type import (
    ColumnType,
    Family,
    bit_length,
    decimal_digits,
    integer_range,
)
from reconciler.preflight.change import Change
from reconciler.preflight.model import Effect, QuestionKind
from reconciler.preflight.questions.of_values import Unfit


def outside(value: str, low: int | None, high: int | None, what: str) -> Unfit:
    """Written as ranges, so that an index of the column serves."""
    parts = [
        *([] if low is None else [f"{value} < {low}"]),
        *([] if high is None else [f"{value} > {high}"]),
    ]
    return Unfit(kind=QuestionKind.NUMBERS, what=what, sql=f"({' OR '.join(parts)})")


def _integer_to_integer(
    value: str, old: ColumnType, new: ColumnType, _change: Change
) -> Iterator[Unfit]:
    (old_low, old_high), (low, high) = integer_range(old), integer_range(new)
    if old_low < low or old_high > high:
        yield outside(
            value,
            low if old_low < low else None,
            high if old_high > high else None,
            f"numbers outside {low}..{high}",
        )


def _integer_to_decimal(
    value: str, old: ColumnType, new: ColumnType, _change: Change
) -> Iterator[Unfit]:
    low, high = integer_range(old)
    most = 10 ** decimal_digits(new)[0] - 1
    least = 0 if new.unsigned else -most
    if low < least or high > most:
        yield outside(
            value,
            least if low < least else None,
            most if high > most else None,
            f"numbers outside {least}..{most}",
        )


def _integer_to_float(
    value: str, old: ColumnType, new: ColumnType, _change: Change
) -> Iterator[Unfit]:
    """Its own digits come back where the last bits of the number are zero."""
    yield from of_fixed_digits(value, new)
    if new.unsigned and not old.unsigned:
        yield outside(value, 0, None, "negative numbers")
    cast = "FLOAT" if new.name == "float" else "DOUBLE"
    bits = 24 if new.name == "float" else 53
    if max(-integer_range(old)[0], integer_range(old)[1]) > 2**bits:
        yield Unfit(
            kind=QuestionKind.NUMBERS,
            what="numbers that lose their last digits",
            sql=f"({value} > {2**bits} OR {value} < {-(2**bits)})"
            f" AND CAST({value} AS DECIMAL(30,0))"
            f" <> CAST(CAST({value} AS {cast}) AS DECIMAL(30,0))",
            effect=Effect.LOSES,
        )


def _integer_to_bit(
    value: str, old: ColumnType, new: ColumnType, _change: Change
) -> Iterator[Unfit]:
    most = 2 ** bit_length(new) - 1
    if integer_range(old)[1] > most or not old.unsigned:
        low = None if old.unsigned else 0
        unfit = outside(value, low, most, f"numbers outside 0..{most}")
        # A negative number has 64 bits as well.
        yield replace(unfit, effect=Effect.LOSES) if bit_length(new) == 64 else unfit


def _bit_to_integer(
    value: str, old: ColumnType, new: ColumnType, _change: Change
) -> Iterator[Unfit]:
    high = integer_range(new)[1]
    if 2 ** bit_length(old) - 1 > high:
        yield outside(f"({value} + 0)", None, high, f"numbers above {high}")


def _bit_to_bit(value: str, old: ColumnType, new: ColumnType, _change: Change) -> Iterator[Unfit]:
    if bit_length(new) < bit_length(old):
        most = 2 ** bit_length(new) - 1
        yield outside(f"({value} + 0)", None, most, f"values of more than {bit_length(new)} bits")


def _decimal_to_decimal(
    value: str, old: ColumnType, new: ColumnType, _change: Change
) -> Iterator[Unfit]:
    (old_whole, old_scale), (whole, scale) = decimal_digits(old), decimal_digits(new)
    if whole < old_whole or (scale < old_scale and whole == old_whole):
        beyond = 10**whole
        yield Unfit(
            kind=QuestionKind.NUMBERS,
            what=f"numbers of more than {whole} digits before the point",
            sql=f"ABS(ROUND({value}, {scale})) >= {beyond}",
        )
    if scale < old_scale:
        yield Unfit(
            kind=QuestionKind.NUMBERS,
            what=f"numbers with more than {scale} digits after the point, which are rounded",
            sql=f"{value} <> ROUND({value}, {scale})",
            effect=Effect.LOSES,
        )
    yield from _negatives(value, old, new)


def of_fixed_digits(value: str, new: ColumnType) -> Iterator[Unfit]:
    """FLOAT(M,D) and DOUBLE(M,D) hold as many digits as a DECIMAL."""
    if len(new.arguments) != 2:
        return
    whole, scale = decimal_digits(new)
    yield Unfit(
        kind=QuestionKind.NUMBERS,
        what=f"numbers of more than {whole} digits before the point",
        sql=f"ABS(ROUND({value}, {scale})) >= {10**whole}",
    )
    yield Unfit(
        kind=QuestionKind.NUMBERS,
        what=f"numbers with more than {scale} digits after the point, which are rounded",
        sql=f"{value} <> ROUND({value}, {scale})",
        effect=Effect.LOSES,
    )


def other_digits(given: str, kept: str) -> str:
    """Of numbers as they are written: where no type has all digits that either may have. The one is
    the other rounded, so that what stands in front of the digits and behind is the same."""
    only = (
        f"TRIM(BOTH '0' FROM REGEXP_REPLACE(CONVERT({text} USING utf8mb4), '[eE].*$|[^0-9]', ''))"
        for text in (given, kept)
    )
    return " <> ".join(only)


def _decimal_to_integer(
    value: str, old: ColumnType, new: ColumnType, change: Change
) -> Iterator[Unfit]:
    """MySQL (9.7) reads no exact number beyond 63 bits, also where the new one has no sign."""
    whole, scale = decimal_digits(old)
    is_mariadb = change.settings.version.flavor is Flavor.MARIADB
    low, high = integer_range(new)
    high = high if is_mariadb else min(high, 2**63 - 1)
    if new.unsigned and not old.unsigned and is_mariadb:
        yield outside(value, 0, None, "negative numbers")
    if 10**whole > high or (not old.unsigned and -(10**whole) < low):
        yield outside(f"ROUND({value})", low, high, f"numbers outside {low}..{high}")
    if scale:
        yield _rounded(value)


def _float_to_integer(
    value: str, old: ColumnType, new: ColumnType, change: Change
) -> Iterator[Unfit]:
    if new.name == "bigint":
        yield from _float_to_64_bits(value, old, new, change)
    else:
        low, high = integer_range(new)
        yield outside(f"ROUND({value})", low, high, f"numbers outside {low}..{high}")
    yield _rounded(value)


def _float_to_64_bits(
    value: str, old: ColumnType, new: ColumnType, change: Change
) -> Iterator[Unfit]:
    """Of 63 bits, whether the new one has a sign or not. MySQL (9.7) refuses the last DOUBLE within
    them as well; MariaDB (11.8) makes the last whole number of the one behind them, and of all that
    a FLOAT has there, which MySQL does with a sign."""
    is_mysql = change.settings.version.flavor is Flavor.MYSQL
    if new.unsigned:
        yield outside(f"ROUND({value})", 0, None, "negative numbers")
    last, behind = "9223372036854774784e0", "9223372036854775808e0"
    is_float = old.name == "float"
    most = f">= {last if is_mysql else behind}" if is_float or is_mysql else f"> {behind}"
    least = f"<{'=' if is_mysql and not is_float else ''} -{behind}"
    beyond = [f"ROUND({value}) {most}", *([] if new.unsigned else [f"ROUND({value}) {least}"])]
    is_cut = is_float and not (is_mysql and new.unsigned)
    yield Unfit(
        kind=QuestionKind.NUMBERS,
        what="numbers that have more than 63 bits",
        sql=f"({' OR '.join(beyond)})",
        effect=Effect.LOSES if is_cut else None,
    )
    if not (is_mysql or is_float):
        yield Unfit(
            kind=QuestionKind.NUMBERS,
            what="the number behind 63 bits, of which the last one within them is made",
            sql=f"ROUND({value}) = {behind}",
            effect=Effect.LOSES,
        )


def _to_float(value: str, old: ColumnType, new: ColumnType, _change: Change) -> Iterator[Unfit]:
    """Of exact numbers: those that do not come back."""
    yield from of_fixed_digits(value, new)
    yield from _negatives(value, old, new)
    if sum(decimal_digits(old)) > (7 if new.name == "float" else 15):
        cast, (whole, scale) = ("FLOAT" if new.name == "float" else "DOUBLE"), decimal_digits(old)
        yield Unfit(
            kind=QuestionKind.NUMBERS,
            what="numbers that lose their last digits",
            sql=f"{value} <> CAST(CAST({value} AS {cast}) AS DECIMAL({whole + scale},{scale}))",
            effect=Effect.LOSES,
        )


def _float_to_decimal(
    value: str, old: ColumnType, new: ColumnType, _change: Change
) -> Iterator[Unfit]:
    whole, scale = decimal_digits(new)
    # Rounded as it is printed: of 9.995 an approximate number makes 9.99, and an exact one 10.00.
    shown = f"CONCAT({value})"
    exact, printed = (f"CAST({text} AS DECIMAL(65,30))" for text in (value, shown))
    kept = f"ROUND({printed}, {scale})"
    yield Unfit(
        kind=QuestionKind.NUMBERS,
        what=f"numbers of more than {whole} digits before the point",
        sql=f"(ABS(ROUND({exact}, {scale})) >= {10**whole} OR ABS({value}) >= {10**whole}e0)",
    )
    yield Unfit(
        kind=QuestionKind.NUMBERS,
        what=f"numbers with more than {scale} digits after the point, which are rounded",
        sql=f"IF(ABS({value}) < 1e-12, {other_digits(shown, kept)}, {printed} <> {kept})",
        effect=Effect.LOSES,
    )
    yield from _negatives(value, old, new)


def _float_to_float(
    value: str, old: ColumnType, new: ColumnType, _change: Change
) -> Iterator[Unfit]:
    if (old.name, new.name) == ("double", "float"):
        yield Unfit(
            kind=QuestionKind.NUMBERS,
            what="numbers beyond 3.4e38",
            sql=f"ABS({value}) > 3.402823466e38",
        )
        yield Unfit(
            kind=QuestionKind.NUMBERS,
            what="numbers that lose their last digits",
            sql=f"ABS({value}) <= 3.402823466e38 AND {value} <> CAST({value} AS FLOAT)",
            effect=Effect.LOSES,
        )
    if old.arguments != new.arguments:
        yield from of_fixed_digits(value, new)
    yield from _negatives(value, old, new)


def _year_to_integer(
    value: str, _old: ColumnType, new: ColumnType, _change: Change
) -> Iterator[Unfit]:
    high = integer_range(new)[1]
    if high < 2155:
        yield outside(value, None, high, f"years above {high}")


def _rounded(value: str) -> Unfit:
    return Unfit(
        kind=QuestionKind.NUMBERS,
        what="numbers that are rounded to whole ones",
        sql=f"{value} <> ROUND({value})",
        effect=Effect.LOSES,
    )


def _negatives(value: str, old: ColumnType, new: ColumnType) -> Iterator[Unfit]:
    if new.unsigned and not old.unsigned:
        yield outside(value, 0, None, "negative numbers")


NUMBER_RULES = {
    (Family.INTEGER, Family.INTEGER): _integer_to_integer,
    (Family.INTEGER, Family.DECIMAL): _integer_to_decimal,
    (Family.INTEGER, Family.FLOAT): _integer_to_float,
    (Family.INTEGER, Family.BIT): _integer_to_bit,
    (Family.BIT, Family.INTEGER): _bit_to_integer,
    (Family.BIT, Family.BIT): _bit_to_bit,
    (Family.DECIMAL, Family.DECIMAL): _decimal_to_decimal,
    (Family.DECIMAL, Family.INTEGER): _decimal_to_integer,
    (Family.DECIMAL, Family.FLOAT): _to_float,
    (Family.FLOAT, Family.FLOAT): _float_to_float,
    (Family.FLOAT, Family.INTEGER): _float_to_integer,
    (Family.FLOAT, Family.DECIMAL): _float_to_decimal,
    (Family.YEAR, Family.INTEGER): _year_to_integer,
}
