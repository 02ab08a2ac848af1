"""Values that become something of another kind: texts that become members of a list, numbers that
become years, dates or times."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.ddl.quote import quote_string
from reconciler.model.server import Flavor
from reconciler.plan.hazards.charset import holds_every_character
from reconciler.plan.hazards.column_type import (
    NUMBERS,
    ColumnType,
    Family,
    decimal_digits,
    fraction_digits,
)
from reconciler.preflight.change import Change
from reconciler.preflight.model import Effect, OnWarning, QuestionKind
from reconciler.preflight.questions.of_values import Unfit
from reconciler.preflight.questions.times import outside_timestamp
from reconciler.preflight.questions.written_numbers import END, SPACES

# A text that is no member may stand for one by its place in the list, or for several by their bits.
_PLACE = f"^{SPACES}[-+]?[0-9]+"
# Beyond, MySQL (9.7) makes 00:00:00 of an approximate number that it casts to no time.
_READ_AS_NO_TIME = "1e15"
_LAST_YEAR, _FIRST_YEAR = 2155, 1901
# 838:59:59 is the last time; numbers of eight digits are dates to MariaDB, and have no time of day.
_BEHIND_LAST_TIME, _FIRST_OF_EIGHT_DIGITS = 8_385_960, 10_000_000


def _text_to_enum(value: str, old: ColumnType, new: ColumnType, change: Change) -> Iterator[Unfit]:
    compared = _compared(value, new, change)
    listed = ", ".join(map(quote_string, new.members))
    is_none = f"{compared} NOT IN ({listed})"
    yield from _no_members(
        is_none, _stands_for(value, _first_place(change), len(new.members), " *")
    )
    as_bytes = ", ".join(
        f"CAST(CONVERT({quote_string(member)} USING {new.charset}) AS BINARY)"
        for member in new.members
    )
    written = f"CAST(CONVERT({value} USING {new.charset}) AS BINARY)"
    yield _written_otherwise(f"{compared} IN ({listed}) AND {written} NOT IN ({as_bytes})")
    yield from _lost_characters(value, old, new)


def _text_to_set(value: str, old: ColumnType, new: ColumnType, change: Change) -> Iterator[Unfit]:
    """The members of a value are printed in the order of the list, each once."""
    members = [re.sub(r"(\W)", r"\\\1", member) for member in new.members]
    one = f"({'|'.join(members)})"
    listed = quote_string(f"^({one}(,{one})*)?{END}")
    in_order = quote_string(f"^{''.join(f'({member}(,|{END}))?' for member in members)}{END}")
    compared = _compared(value, new, change)
    is_none = f"{compared} NOT REGEXP {listed}"
    # A regular expression tells letters apart that the collation may take for one.
    may_be_one = f"{value} IS NOT NULL"
    if "".join(new.members).isascii():
        may_be_one = f"LENGTH(CONVERT({value} USING utf8mb4)) <> CHAR_LENGTH({value})"
    is_place = _stands_for(value, 0, 2 ** len(new.members) - 1, "")
    yield from _no_members(is_none, f"({is_place} OR {may_be_one})")
    plain = f"CONVERT({value} USING utf8mb4) COLLATE utf8mb4_bin"
    yield _written_otherwise(f"{compared} REGEXP {listed} AND {plain} NOT REGEXP {in_order}")
    yield from _lost_characters(value, old, new)


def _compared(value: str, new: ColumnType, change: Change) -> str:
    """Blanks at the end count for nothing, also where the collation says that they do."""
    ends = change.ends_of(value)
    text = f"CONVERT(TRIM(TRAILING ' ' FROM {value}) USING {new.charset})"
    collation = ends[1].collation if ends is not None else None
    return text if collation is None else f"{text} COLLATE {collation}"


def _first_place(change: Change) -> int:
    """0 is no member, and taken for none by MySQL 9.7 and MariaDB 11.8, not by 10.11."""
    version = change.settings.version
    return 0 if version.flavor is Flavor.MYSQL or version.at_least(11, 8) else 1


def _stands_for(value: str, least: int, most: int, behind: str) -> str:
    """A number that is in the list's range, with `behind` behind it."""
    text = f"CONVERT({value} USING utf8mb4)"
    is_number = f"{text} REGEXP {quote_string(_PLACE + behind + END)}"
    return f"({is_number} AND CAST({text} AS DECIMAL(65,0)) BETWEEN {least} AND {most})"


def _no_members(is_none: str, may_stand_for_one: str) -> Iterator[Unfit]:
    yield Unfit(
        kind=QuestionKind.MEMBERS,
        what="texts that are no member of the new list",
        sql=f"{is_none} AND NOT {may_stand_for_one}",
    )
    yield Unfit(
        kind=QuestionKind.MEMBERS,
        what="texts that stand for another member, by its place in the list or by letters that are"
        " equal",
        sql=f"{is_none} AND {may_stand_for_one}",
        effect=Effect.LOSES,
    )


def _written_otherwise(sql: str) -> Unfit:
    return Unfit(
        kind=QuestionKind.MEMBERS,
        what="texts that are written otherwise than the members which they become",
        sql=sql,
        effect=Effect.LOSES,
    )


def _lost_characters(value: str, old: ColumnType, new: ColumnType) -> Iterator[Unfit]:
    """What stands in their place may be a member."""
    if not holds_every_character(old.charset, new.charset):
        back = f"CONVERT(CONVERT({value} USING {new.charset}) USING {old.charset})"
        yield Unfit(
            kind=QuestionKind.CHARACTERS,
            what=f"texts with characters that {new.charset} does not have",
            sql=f"CAST({back} AS BINARY) <> CAST({value} AS BINARY)",
            effect=Effect.LOSES,
        )


def _integer_to_year(
    value: str, _old: ColumnType, _new: ColumnType, _change: Change
) -> Iterator[Unfit]:
    yield Unfit(
        kind=QuestionKind.NUMBERS,
        what=f"numbers that are no year from {_FIRST_YEAR} to {_LAST_YEAR}",
        sql=f"({value} < 0 OR {value} > {_LAST_YEAR}"
        f" OR ({value} > 99 AND {value} < {_FIRST_YEAR}))",
    )
    yield Unfit(
        kind=QuestionKind.NUMBERS,
        what="numbers of two digits, which get a century",
        sql=f"{value} BETWEEN 1 AND 99",
        effect=Effect.LOSES,
    )


def _number_to_date(
    value: str, old: ColumnType, new: ColumnType, change: Change
) -> Iterator[Unfit]:
    """MySQL takes no fraction for a part of a date."""
    is_date = new.family is Family.DATE
    if _is_printed_too_long(old, change):
        yield Unfit(
            kind=QuestionKind.CONVERSION,
            what="numbers that are printed with more digits behind the point than a date takes",
            sql=f"{value} <> 0",
        )
    read = f"CAST({value} AS {'DATE' if is_date else f'DATETIME({fraction_digits(new)})'})"
    if old.family is Family.FLOAT and not _is_mysql(change):
        # MariaDB takes 0 and less than 101 for none, and makes dates of what CAST finds none in.
        parts = f"{value} < 101 OR MONTH({read}) = 0 OR DAYOFMONTH({read}) = 0"
        yield _no_or_another(value, read, f" OR {parts}")
        return
    is_none = f"{read} IS NULL"
    if is_date and old.family is Family.DECIMAL and _is_mysql(change):
        is_none = f"({is_none} OR {value} <> ROUND({value}))"
    yield _no_time(value, is_none, "no date" if is_date else "no date and time")
    yield _another(value, read)


def _is_printed_too_long(old: ColumnType, change: Change) -> bool:
    """MySQL (9.7) takes an exact number with as many digits as a second has, MariaDB (11.8) any;
    and no approximate one that is printed with a point."""
    if old.family is Family.DECIMAL:
        return _is_mysql(change) and decimal_digits(old)[1] > 6
    is_fixed = old.family is Family.FLOAT and len(old.arguments) == 2
    return is_fixed and not _is_mysql(change) and decimal_digits(old)[1] > 0


def _number_to_timestamp(
    value: str, old: ColumnType, new: ColumnType, change: Change
) -> Iterator[Unfit]:
    yield from _number_to_date(value, old, new, change)
    read = f"CAST({value} AS DATETIME({fraction_digits(new)}))"
    yield Unfit(
        kind=QuestionKind.TIMES,
        what="numbers that stand for a time outside of what TIMESTAMP reaches",
        sql=f"{outside_timestamp(read, change)} AND {value} <> 0",
    )


def _number_to_time(
    value: str, old: ColumnType, new: ColumnType, change: Change
) -> Iterator[Unfit]:
    read = f"CAST({value} AS TIME({fraction_digits(new)}))"
    if _is_mysql(change):
        is_none = f"{read} IS NULL"
        if old.family is Family.FLOAT:
            is_none = f"({is_none} AND ABS({value}) < {_READ_AS_NO_TIME})"
        yield _no_time(value, is_none, "no time")
        yield _another(value, f"COALESCE({read}, 0)" if old.family is Family.FLOAT else read)
        return
    # What CAST cuts at the last time makes the statement fail.
    # A FLOAT is read as it is printed, with six digits.
    behind = _BEHIND_LAST_TIME - (5 if old.name == "float" else 0)
    high = f"{value} >= {behind} AND {value} < {_FIRST_OF_EIGHT_DIGITS}"
    is_cut = f"{value} <= -{behind} OR ({high})"
    if old.family is Family.FLOAT:
        yield _no_or_another(value, read, f" OR {is_cut}")
    else:
        yield _no_time(value, f"({read} IS NULL OR {is_cut})", "no time")
        yield _another(value, read)


def _no_time(value: str, is_none: str, what: str) -> Unfit:
    return Unfit(
        kind=QuestionKind.CONVERSION,
        what=f"numbers that are {what}",
        sql=f"{value} IS NOT NULL AND {is_none}",
        on_warning=OnWarning.OPEN,
    )


def _another(value: str, read: str) -> Unfit:
    return Unfit(
        kind=QuestionKind.CONVERSION,
        what="numbers that stand for another one as a date or time",
        sql=f"({read} + 0) <> {value}",
        effect=Effect.LOSES,
    )


def _no_or_another(value: str, read: str, others: str = "") -> Unfit:
    """Which of the two, the statement alone knows."""
    return Unfit(
        kind=QuestionKind.CONVERSION,
        what="numbers that are no date or time, or stand for another one",
        sql=f"{value} IS NOT NULL AND ({read} IS NULL OR ({read} + 0) <> {value}{others})",
        effect=Effect.LOSES,
    )


def _is_mysql(change: Change) -> bool:
    return change.settings.version.flavor is Flavor.MYSQL


OTHER_RULES = {
    (Family.TEXT, Family.SET): _text_to_set,
    (Family.TEXT, Family.ENUM): _text_to_enum,
    (Family.INTEGER, Family.YEAR): _integer_to_year,
    **{(number, Family.DATE): _number_to_date for number in NUMBERS},
    **{(number, Family.DATETIME): _number_to_date for number in NUMBERS},
    **{(number, Family.TIMESTAMP): _number_to_timestamp for number in NUMBERS},
    **{(number, Family.TIME): _number_to_time for number in NUMBERS},
}
