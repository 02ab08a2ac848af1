"""Reports shortened to what a reader of a terminal scrolls (RP-11).

A section is a block, or all change sets of a report, which are weighed against each other. Room is
shared evenly: what needs little has all it needs, and only what is long is left out of. The worst
stays, in its place, and how many are missing is said where they are missing. Verdicts are no
sections: they stand where nothing else has room. A pipe, a file and a job's log have the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from reconciler.limits import SCREEN_LINES_MAX
from reconciler.plan import words
from reconciler.report import blocks
from reconciler.report.blocks import Block, Mark
from reconciler.report.document import Report
from reconciler.report.limits import FAILURES_SHOWN_MAX, REASONS_SHOWN_MAX
from reconciler.report.write.short_sets import ALL_OF_IT, change_set_lines

Told = Callable[[Block], list[str]]

_IN_JSON = "`--output json` has them all"

# A verdict, an empty line and what is left out: with less, a report is its verdict.
REPORT_LINES_MIN = 8

# An empty line, and how many parts are left out.
_MISSING_LINES = 2

# With fewer lines than a heading, an entry and what is left out, a section says nothing.
_SECTION_LINES_MIN = 4

# What a reader must not miss is the last to go, whatever comes before it; the first of these last.
_VITAL = (
    blocks.Reasons,
    blocks.Facts,
    blocks.Statements,
    blocks.Steps,
    blocks.Shards,
    blocks.Groups,
    blocks.Checks,
    blocks.Copy,
    blocks.Heading,
)

# Of what is not vital, where the vital needs more than there is.
_ASIDE_SHARE = 5
# What is to be copied is whole or not there; larger than this part of the room it is not there.
_COPY_SHARE = 3

# Blocks whose entries stand for themselves: the field, and what the entries are called.
_ENTRIES: dict[type, tuple[str, str]] = {
    blocks.Items: ("items", "item"),
    blocks.Waves: ("waves", "group"),
    blocks.Steps: ("steps", "step"),
    blocks.Shards: ("shards", "group"),
    blocks.Reasons: ("reasons", "reason"),
    blocks.NotCompared: ("tables", "object"),
    blocks.Checks: ("checks", "check"),
    blocks.History: ("events", "earlier event"),
    blocks.Files: ("changed", "file"),
}
# Blocks of a few entries that each may be long.
_LONG_ENTRIES: dict[type, str] = {blocks.Facts: "facts", blocks.Groups: "groups"}

_WORST_FIRST = (Mark.BAD, Mark.CAUTION, Mark.WAITING, Mark.UNDERWAY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Blocks that are shown or left out together, as they are told whole. `gap`: with an empty line
    above it."""

    blocks: tuple[Block, ...]
    lines: tuple[str, ...]
    gap: bool

    @property
    def size_lines(self) -> int:
        return len(self.lines) + self.gap


def grouped(found: Sequence[Block]) -> Iterator[tuple[Block, ...]]:
    """Change sets in a row are one."""
    for is_sets, group in groupby(found, lambda one: isinstance(one, blocks.Statements)):
        if is_sets:
            yield tuple(group)
        else:
            yield from ((one,) for one in group)


def shares(needs: Sequence[int], room: int) -> list[int]:
    """Who needs less than an even share has all it needs; the others share the rest evenly."""
    given = [0] * len(needs)
    order = sorted(range(len(needs)), key=lambda one: (needs[one], one))
    for number, which in enumerate(order):
        given[which] = min(needs[which], max(room, 0) // (len(needs) - number))
        room -= given[which]
    return given


def verdicts(reports: Sequence[Report], titles: list[list[str]], lines_max: int) -> list[list[str]]:
    """Each in its line; where even these are too many, the good ones go first."""
    ranked = sorted(range(len(reports)), key=lambda one: (_of_mark(reports[one].title), one))
    kept = sorted(ranked[: lines_max - 3])
    missing = f" and {len(reports) - len(kept):,} more reports" if len(kept) < len(reports) else ""
    more = f"  their details{missing} are left out here; {ALL_OF_IT}"
    return [[line for number in kept for line in titles[number]] + ["", more]]


def _of_mark(marked: Any) -> int:
    """What has no mark is no worse than any other."""
    mark = getattr(marked, "mark", None)
    return _WORST_FIRST.index(mark) if mark in _WORST_FIRST else len(_WORST_FIRST)


def shortened(
    found: Sequence[Section], room_lines: int, told: Told, width_chars: int
) -> Iterator[str]:
    """The sections in at most `room_lines`, gaps included; where some have no room at all, it says
    how many."""
    if sum(one.size_lines for one in found) <= room_lines:
        rooms = [one.size_lines for one in found]
    else:
        rooms = _rooms(found, room_lines)
    is_told = False
    for section, room in zip(found, rooms, strict=True):
        if room:
            yield from ("",) * section.gap
            yield from _section(section, room - section.gap, told, width_chars)
        elif not is_told:
            is_told = True
            yield from _missing(rooms.count(0), room_lines)


def few_steps(steps: Sequence[Sequence[str]], room_lines: int) -> list[str]:
    """Next steps, the first ones where not all have room."""
    if sum(map(len, steps)) <= room_lines:
        return [line for lines in steps for line in lines]
    told: list[str] = []
    for number, lines in enumerate(steps):
        if len(told) + len(lines) + 1 > room_lines:
            more = words.count(len(steps) - number, "more next step")
            return [*told, f"      and {more}; {ALL_OF_IT}"] if room_lines > 0 else []
        told += lines
    return told


def _missing(number: int, room_lines: int) -> Iterator[str]:
    if room_lines >= _MISSING_LINES:
        yield ""
        yield f"  {words.count(number, 'part')} of this report left out; {ALL_OF_IT}"


def _rooms(found: Sequence[Section], room_lines: int) -> list[int]:
    """For each section, none for those that go: what is aside goes before what is vital, the last
    first; of the vital the least."""
    vital = [n for n, one in enumerate(found) if isinstance(one.blocks[0], _VITAL)]
    aside = [n for n in range(len(found)) if n not in vital]
    needed = sum(found[n].size_lines for n in vital)
    kept = _that_fit(found, aside, max(room_lines // _ASIDE_SHARE, room_lines - needed))
    room_lines -= _MISSING_LINES * (len(kept) < len(aside))
    rooms = _shared(found, kept, max(room_lines // _ASIDE_SHARE, room_lines - needed))
    room_lines -= sum(rooms.values())
    by_rank = sorted(vital, key=lambda n: (_VITAL.index(type(found[n].blocks[0])), n))
    kept = _that_fit(found, by_rank, room_lines)
    if len(kept) < len(vital):
        kept = _that_fit(found, by_rank, room_lines - _MISSING_LINES)
        room_lines -= _MISSING_LINES
    for number in kept:
        size = found[number].size_lines
        if isinstance(found[number].blocks[0], blocks.Copy) and size <= room_lines // _COPY_SHARE:
            rooms[number] = size
            room_lines -= size
    rooms |= _shared(found, [n for n in kept if n not in rooms], room_lines)
    return [rooms.get(number, 0) for number in range(len(found))]


def _that_fit(found: Sequence[Section], ranked: Sequence[int], room_lines: int) -> list[int]:
    """As many as can say something, from the first."""
    kept = []
    for number in ranked:
        room_lines -= min(found[number].size_lines, _SECTION_LINES_MIN)
        if room_lines < 0:
            break
        kept.append(number)
    return kept


def _shared(found: Sequence[Section], kept: Sequence[int], room_lines: int) -> dict[int, int]:
    needs = [found[number].size_lines for number in kept]
    return dict(zip(kept, shares(needs, room_lines), strict=True))


def _section(section: Section, room: int, told: Told, width_chars: int) -> Sequence[str]:
    if len(section.lines) <= room:
        return section.lines
    first = section.blocks[0]
    if isinstance(first, blocks.Statements):
        sets = [one for one in section.blocks if isinstance(one, blocks.Statements)]
        return change_set_lines(sets, room, told, width_chars)
    if isinstance(first, blocks.Copy):  # half of what is to be copied is worse than none
        return _cut(section.lines, min(room, 3))
    if field := _LONG_ENTRIES.get(type(first)):
        return _all_entries(first, field, room, told) or _cut(section.lines, room)
    if of := _ENTRIES.get(type(first)):
        return _worst_entries(first, *of, room, told)
    return _cut(section.lines, room)


def _cut(lines: Sequence[str], room: int) -> list[str]:
    if len(lines) <= room:
        return list(lines)
    if room < 2:
        return [f"{lines[0]} …"]
    shown = lines[: room - 1]
    more = words.count(len(lines) - len(shown), "more line")
    return [*shown, f"    and {more}; {ALL_OF_IT}"]


def _all_entries(block: Any, field: str, room: int, told: Told) -> list[str]:
    """Each with the beginning of what it says, the short ones whole: a plan id is one."""
    each = [told(replace(block, **{field: (one,)})) for one in getattr(block, field)]
    gaps = len(told(block)) - sum(map(len, each))
    if room - gaps < len(each):
        return []
    given, room = [0] * len(each), room - gaps
    order = sorted(range(len(each)), key=lambda number: (len(each[number]), number))
    for left, number in zip(range(len(each) - 1, -1, -1), order, strict=True):
        given[number] = min(len(each[number]), room - left)
        room -= given[number]
    cut = [_cut(lines, share) for lines, share in zip(each, given, strict=True)]
    return [
        line
        for number, lines in enumerate(cut)
        for line in ([""] if gaps and number else []) + lines
    ]


def _worst_entries(block: Any, field: str, noun: str, room: int, told: Told) -> list[str]:
    """As many entries as fit, the worst before others, of what happened the last: in their
    order."""
    entries = getattr(block, field)
    kept: list[int] = []
    lines: list[str] = []
    for number in sorted(range(len(entries)), key=lambda one: _weight(block, entries[one], one)):
        tried = sorted([*kept, number])
        some = told(_only(block, field, tried))
        is_counted = isinstance(block, blocks.Shards)  # which says itself what it leaves out
        if kept and (len(some) + (not is_counted) > room or len(tried) > _shown_max(block)):
            break
        kept, lines = tried, some
    if isinstance(block, blocks.Shards):
        return _cut(lines, room)
    lines = lines[: room - 1]
    where = _IN_JSON if isinstance(block, blocks.Reasons) else ALL_OF_IT
    more = f"  and {words.count(len(entries) - len(kept), f'more {noun}')}; {where}"
    if len(kept) == len(entries):  # one, which is longer than the room
        more = f"  the rest of it is left out here; {where}"
    return [more, *lines] if isinstance(block, blocks.History) else [*lines, more]


def _shown_max(block: Block) -> int:
    if not isinstance(block, blocks.Reasons):
        return SCREEN_LINES_MAX
    is_problem = block.kind is blocks.ReasonKind.PROBLEM
    return FAILURES_SHOWN_MAX if is_problem else REASONS_SHOWN_MAX


def _only(block: Any, field: str, numbers: Sequence[int]) -> Any:
    entries = getattr(block, field)
    changed: dict[str, Any] = {field: tuple(entries[number] for number in numbers)}
    if isinstance(block, blocks.Shards):
        changed["more"] = block.more + len(entries) - len(numbers)
    return replace(block, **changed)


def _weight(block: Block, entry: Any, number: int) -> tuple[int, int]:
    if isinstance(block, blocks.History):
        return 0, -number
    return _of_mark(entry), number
