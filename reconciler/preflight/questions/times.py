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
_LAST = "2038-01-19 03:14:07.999999"
_LAST_OF_MARIADB_11_5 = "2106-02-07 06:28:15.999999"
_NAMES = {Family.TIME: "TIME", Family.DATETIME: "DATETIME", Family.TIMESTAMP: "DATETIME"}


def _fraction(value: str, old: ColumnType, new: ColumnType, _change: Change) -> Iterator[Unfit]:
    digits = fraction_digits(new)
    if digits < fraction_digits(old):
        yield Unfit(
            kind=QuestionKind.TIMES,
            what=f"times with more than {digits} digits behind the second, which are rounded",
            sql=f"{value} <> CAST({value} AS {_NAMES[new.family]}({digits}))",
            effect=Effect.LOSES,
        )


def _to_timestamp(value: str, old: ColumnType, new: ColumnType, change: Change) -> Iterator[Unfit]:
    version = change.settings.version
    reaches_far = version.flavor is Flavor.MARIADB and version.at_least(11, 5)
    last = _LAST_OF_MARIADB_11_5 if reaches_far else _LAST
    yield Unfit(
        kind=QuestionKind.TIMES,
        what=f"times outside {_FIRST[:10]}..{last[:10]} UTC",
        # A zero date is another question's.
        sql=f"({value} < '{_FIRST}' OR {value} > '{last}')"
        f" AND CAST({value} AS CHAR) NOT LIKE '0000-00-00%'",
    )
    if old.family is Family.DATETIME:
        yield from _fraction(value, old, new, change)


def _to_date(value: str, _old: ColumnType, _new: ColumnType, _change: Change) -> Iterator[Unfit]:
    yield Unfit(
        kind=QuestionKind.TIMES,
        what="times whose time of day is cut off",
        sql=f"{value} <> CAST({value} AS DATE)",
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
    (Family.DATETIME, Family.TIME): _to_time,
    (Family.TIMESTAMP, Family.TIME): _to_time,
}
