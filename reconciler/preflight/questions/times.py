"""Dates and times that a new type cuts, rounds or does not reach."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.server import Flavor
from reconciler.plan.hazards.column_type import ColumnType, Family, fraction_digits
from reconciler.preflight.change import Change
from reconciler.preflight.model import Effect, QuestionKind
from reconciler.preflight.questions.of_values import Unfit

# The first and last second of TIMESTAMP, in the zone +00:00 of our sessions (SS-1).
_FIRST = "1970-01-01 00:00:01"
_LAST = "2038-01-19 03:14:07"
_LAST_OF_MARIADB_11_5 = "2106-02-07 06:28:15"
_LAST_OF_DATETIME = "9999-12-31 23:59:59"
_NAMES = {Family.TIME: "TIME", Family.DATETIME: "DATETIME", Family.TIMESTAMP: "DATETIME"}


def rounded_sql(value: str, new: ColumnType) -> str:
    """A time as a column of the type `new` takes it: rounded to its digits behind the second."""
    return f"CAST({value} AS {_NAMES[new.family]}({fraction_digits(new)}))"


def _fraction(value: str, old: ColumnType, new: ColumnType, change: Change) -> Iterator[Unfit]:
    digits = fraction_digits(new)
    if digits >= fraction_digits(old):
        return
    yield Unfit(
        kind=QuestionKind.TIMES,
        what=f"times with more than {digits} digits behind the second, which are rounded",
        sql=f"{value} <> {rounded_sql(value, new)}",
        effect=Effect.LOSES,
    )
    if new.family is not Family.TIME:
        last = _last_point(change) if new.family is Family.TIMESTAMP else _LAST_OF_DATETIME
        yield from _rounded_beyond(value, digits, last, change)


def _rounded_beyond(value: str, digits: int, last: str, change: Change) -> Iterator[Unfit]:
    """What rounds up to behind the last time that there is (1292, 1441)."""
    if change.rounds_fractions:
        yield Unfit(
            kind=QuestionKind.TIMES,
            what="times that are rounded to behind the last one",
            sql=f"{value} >= '{last}.{_half(digits)}'",
        )


def _half(digits: int) -> str:
    """What is rounded up from, as digits of a second."""
    return f"{'9' * digits}5"


def _last_point(change: Change) -> str:
    version = change.settings.version
    reaches_far = version.flavor is Flavor.MARIADB and version.at_least(11, 5)
    return _LAST_OF_MARIADB_11_5 if reaches_far else _LAST


def outside_timestamp(value: str, change: Change) -> str:
    """True for a DATETIME that TIMESTAMP does not reach, once it has its digits."""
    return f"({value} < '{_FIRST}' OR {value} > '{_last_point(change)}.999999')"


def _to_timestamp(value: str, old: ColumnType, new: ColumnType, change: Change) -> Iterator[Unfit]:
    last, digits = _last_point(change), fraction_digits(new)
    cut = old.family is Family.DATETIME and digits < fraction_digits(old)
    low, high = f"{value} < '{_FIRST}'", f"{value} > '{last}.999999'"
    if cut and change.rounds_fractions:
        low = f"{value} < '{_FIRST[:-1]}0.{_half(digits)}'"
        high = f"{value} >= '{last}.{_half(digits)}'"
    yield Unfit(
        kind=QuestionKind.TIMES,
        what=f"times outside {_FIRST[:10]}..{last[:10]} UTC",
        # A zero date is another question's.
        sql=f"({low} OR {high}) AND CAST({value} AS CHAR) NOT LIKE '0000-00-00%'",
    )
    if cut:
        yield next(_fraction(value, old, new, change))


def _to_date(value: str, old: ColumnType, _new: ColumnType, change: Change) -> Iterator[Unfit]:
    yield Unfit(
        kind=QuestionKind.TIMES,
        what="times whose time of day is cut off",
        sql=f"{value} <> CAST({value} AS DATE)",
        effect=Effect.LOSES,
    )
    if old.family is Family.DATETIME and fraction_digits(old):
        yield from _rounded_beyond(value, 0, _LAST_OF_DATETIME, change)


def _of_today(value: str, _old: ColumnType, _new: ColumnType, _change: Change) -> Iterator[Unfit]:
    yield Unfit(
        kind=QuestionKind.TIMES,
        what="times of day, which get the date of the day on which the statement runs",
        sql=f"{value} IS NOT NULL",
        effect=Effect.LOSES,
    )


def _to_time(value: str, _old: ColumnType, _new: ColumnType, _change: Change) -> Iterator[Unfit]:
    yield Unfit(
        kind=QuestionKind.TIMES,
        what="times whose date is cut off",
        sql=f"{value} IS NOT NULL",
        effect=Effect.LOSES,
    )


TIME_RULES = {
    (Family.TIME, Family.TIME): _fraction,
    (Family.DATETIME, Family.DATETIME): _fraction,
    (Family.TIMESTAMP, Family.TIMESTAMP): _fraction,
    (Family.TIMESTAMP, Family.DATETIME): _fraction,
    (Family.DATE, Family.TIMESTAMP): _to_timestamp,
    (Family.DATETIME, Family.TIMESTAMP): _to_timestamp,
    (Family.DATETIME, Family.DATE): _to_date,
    (Family.TIMESTAMP, Family.DATE): _to_date,
    (Family.TIME, Family.DATE): _of_today,
    (Family.TIME, Family.DATETIME): _of_today,
    (Family.TIME, Family.TIMESTAMP): _of_today,
    (Family.DATE, Family.TIME): _to_time,
    (Family.DATETIME, Family.TIME): _to_time,
    (Family.TIMESTAMP, Family.TIME): _to_time,
}
