"""Members of ENUM and SET that rows have and a new list lacks."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.quote import quote_string
from reconciler.plan.hazards.charset import holds_every_character
from reconciler.plan.hazards.column_type import ColumnType, Family
from reconciler.preflight.change import Change
from reconciler.preflight.model import QuestionKind
from reconciler.preflight.questions.of_values import Unfit


def _enum(value: str, old: ColumnType, new: ColumnType, _change: Change) -> Iterator[Unfit]:
    gone = [member for member in old.members if member not in new.members]
    if gone:
        listed = ", ".join(map(quote_string, gone))
        yield _gone(f"{value} IN ({listed})")
    yield from _lost_characters(value, old, new)


def _set(value: str, old: ColumnType, new: ColumnType, _change: Change) -> Iterator[Unfit]:
    """By their bits: a member's name may hold what FIND_IN_SET takes for another's."""
    bits = sum(1 << place for place, member in enumerate(old.members) if member not in new.members)
    if bits:
        yield _gone(f"({value} + 0) & {bits} <> 0")
    yield from _lost_characters(value, old, new)


def _gone(sql: str) -> Unfit:
    return Unfit(
        kind=QuestionKind.MEMBERS, what="rows that hold a member which is taken out", sql=sql
    )


def _lost_characters(value: str, old: ColumnType, new: ColumnType) -> Iterator[Unfit]:
    if not holds_every_character(old.charset, new.charset):
        back = f"CONVERT(CONVERT({value} USING {new.charset}) USING {old.charset})"
        yield Unfit(
            kind=QuestionKind.CHARACTERS,
            what=f"members with characters that {new.charset} does not have",
            sql=f"CAST({back} AS BINARY) <> CAST({value} AS BINARY)",
        )


MEMBER_RULES = {
    (Family.ENUM, Family.ENUM): _enum,
    (Family.ENUM, Family.SET): _enum,
    (Family.SET, Family.SET): _set,
}
