"""Members of ENUM and SET that rows have and a new list lacks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.ddl.quote import quote_string
from reconciler.model.schema import Column
from reconciler.plan.hazards.charset import holds_every_character
from reconciler.plan.hazards.column_type import ColumnType, Family
from reconciler.preflight.change import Change
from reconciler.preflight.model import Effect, QuestionKind
from reconciler.preflight.questions.of_values import Unfit


def _enum(value: str, old: ColumnType, new: ColumnType, change: Change) -> Iterator[Unfit]:
    gone = [member for member in old.members if member not in new.members]
    listed = ", ".join(map(quote_string, gone))
    for one, kept in _gone(gone, old, new, change.ends_of(value)):
        yield replace(one, sql=f"{value} IN ({listed}) AND {kept.format(value)}")
    yield from _lost_characters(value, old, new)


def _set(value: str, old: ColumnType, new: ColumnType, change: Change) -> Iterator[Unfit]:
    """By their bits: a member's name may hold what FIND_IN_SET takes for another's."""
    gone = {m: 1 << place for place, m in enumerate(old.members) if m not in new.members}
    for one, kept in _gone([*gone], old, new, change.ends_of(value)):
        ways = (
            f"(({value} + 0) & {bit} <> 0 AND {kept.format(quote_string(member))})"
            for member, bit in gone.items()
        )
        yield replace(one, sql=f"({' OR '.join(ways)})")
    yield from _lost_characters(value, old, new)


def _gone(
    gone: Sequence[str], old: ColumnType, new: ColumnType, ends: tuple[Column, Column] | None
) -> Iterator[tuple[Unfit, str]]:
    """With what must be true of a member in either case: the new list lacks it, or has it written
    otherwise, as the new collation compares."""
    if not gone:
        return
    before, collation = (None, None) if ends is None else (ends[0].collation, ends[1].collation)
    member = f"CONVERT({{}} USING {new.charset})" if new.charset else "{}"
    compared = member if collation is None else f"{member} COLLATE {collation}"
    listed = ", ".join(map(quote_string, new.members)).replace("{", "{{").replace("}", "}}")
    what = "rows that hold a member which is taken out"
    yield Unfit(kind=QuestionKind.MEMBERS, what=what, sql=""), f"{compared} NOT IN ({listed})"
    if before == collation and {*new.members} <= {*old.members}:
        return  # no two members of one list are equal
    yield (
        Unfit(
            kind=QuestionKind.MEMBERS,
            what="rows that hold a member which is written otherwise from then on",
            sql="",
            effect=Effect.LOSES,
        ),
        f"{compared} IN ({listed})",
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
