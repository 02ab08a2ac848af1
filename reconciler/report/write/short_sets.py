"""The change sets of a report in less room than they need: those that destroy are shown before
others, whole where there is room, else in a line that names what they destroy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.plan import words
from reconciler.plan.visible import visible_line
from reconciler.report.blocks import Block, Statement, Statements
from reconciler.report.write.plain import plain, wrapped

Told = Callable[[Block], list[str]]

ALL_OF_IT = "through a pipe (`| less`) all of it is told"

_NAMED_MAX = 4


def change_set_lines(
    sets: Sequence[Statements], room: int, told: Told, width_chars: int
) -> list[str]:
    """In at most `room` lines. A part of the room is kept for SQL: the worst is to be seen."""
    ranked = sorted(range(len(sets)), key=lambda one: (not _destroyed(sets[one]), one))
    shown = _in_brief(sets, ranked, room - 1 if len(sets) == 1 else room * 2 // 3, width_chars)
    longer: set[int] = set()
    for number in ranked:
        if number not in shown:
            break
        others = sum(len(lines) for one, lines in shown.items() if one != number)
        for lines in _longer(sets[number], room - 2 - others, told):
            tried = {**shown, number: lines}
            if len(_laid_out(tried, {*longer, number})) < room:
                shown = tried
                longer.add(number)
                break
    return [*_laid_out(shown, longer)[: room - 1], _rest(sets, shown)]


def _in_brief(
    sets: Sequence[Statements], ranked: Sequence[int], room: int, width_chars: int
) -> dict[int, list[str]]:
    shown: dict[int, list[str]] = {}
    for number in ranked:
        lines = _brief(sets[number], width_chars)
        if sum(map(len, shown.values())) + len(lines) > max(room, 1):
            break
        shown[number] = lines
    return shown


def _longer(found: Statements, room: int, told: Told) -> Iterator[list[str]]:
    """Whole; else as many statements as there is room for, those that destroy before others."""
    whole = told(found)
    yield whole
    if found.states:
        return
    kept: list[int] = []
    best: list[str] = []
    order = sorted(range(len(found.statements)), key=lambda n: not _danger(found.statements[n]))
    for number in order:
        tried = sorted([*kept, number])
        lines = told(replace(found, statements=tuple(found.statements[n] for n in tried)))
        if len(lines) + 2 > room:
            break
        kept, best = tried, lines
    if kept:
        more = words.count(len(order) - len(kept), "more statement")
        yield [*best, "", f"  and {more} of this change set"]


def _laid_out(shown: Mapping[int, Sequence[str]], longer: set[int]) -> list[str]:
    """In the order of the plan; those that are told in brief stand close."""
    lines: list[str] = []
    before: int | None = None
    for number in sorted(shown):
        if before is not None and {before, number} & longer:
            lines.append("")
        lines += shown[number]
        before = number
    return lines


def _brief(found: Statements, width_chars: int) -> list[str]:
    """Where, how many, and by name what is destroyed; else on what."""
    text = words.count(len(found.statements), "statement")
    by_kind: dict[str, list[str]] = {}
    for kind, name in _destroyed(found):
        by_kind.setdefault(kind, []).append(name)
    if by_kind:
        text += f"; ! {'; '.join(_named(names, kind) for kind, names in by_kind.items())}"
    else:
        text += f" on {_named(list(dict.fromkeys(one.table for one in found.statements)))}"
    if found.states:
        text += f"; {plain(found.states)}"
    return list(wrapped(f"{plain(found.title)}: {text}", width_chars, rest="    "))


def _named(names: Sequence[str], kind: str = "") -> str:
    more = len(names) - _NAMED_MAX
    rest = f" and {more:,} more" if more > 0 else ""
    return visible_line(f"{kind} {', '.join(names[:_NAMED_MAX])}{rest}".strip())


def _rest(sets: Sequence[Statements], shown: Mapping[int, object]) -> str:
    left_out = [one for number, one in enumerate(sets) if number not in shown]
    if not left_out:
        return f"  statements are left out here; {ALL_OF_IT}"
    destroying = sum(bool(_destroyed(one)) for one in left_out)
    more = words.count(len(left_out), "more change set")
    which = f", {destroying:,} of them destructive" if destroying else ""
    return f"  and {more}{which}; {ALL_OF_IT}"


def _destroyed(found: Statements) -> list[tuple[str, str]]:
    """Kinds and names."""
    return [one for statement in found.statements for one in _danger(statement)]


def _danger(statement: Statement) -> list[tuple[str, str]]:
    return [
        (one.kind, one.table if one.object is None else f"{one.table}.{one.object}")
        for one in statement.dangers
        if one.kind in words.DESTRUCTIVE
    ]
