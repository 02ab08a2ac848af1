"""What a page shows beside a report: pictures of an outcome, as values, before anybody draws them.

Strings are raw, as in a document: only `write` makes them harmless (RP-20).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.report.blocks import Mark
from reconciler.report.document import Report
from reconciler.report.spans import Line
from reconciler.report.write.plain import plain

SIGNS = {
    Mark.GOOD: "✓",
    Mark.CAUTION: "!",
    Mark.BAD: "✗",
    Mark.WAITING: "‖",
    Mark.UNDERWAY: "▸",
    Mark.QUIET: "·",
}


class Part(StrEnum):
    """What a section is made of; a number of the strip leads to one of them."""

    ATTENTION = "attention"
    SHARDS = "shards"
    CHANGES = "changes"
    UNCHECKED = "unchecked"


class Look(StrEnum):
    """How a shard or a stretch of time is drawn, worst first: each has a mark of its own beside its
    colour."""

    BAD = "bad"
    UNKNOWN = "unknown"
    CAUTION = "caution"
    WAITING = "waiting"
    UNDERWAY = "underway"
    GOOD = "good"
    SET_1 = "set-1"
    SET_2 = "set-2"
    SET_3 = "set-3"
    SET_4 = "set-4"
    SET_5 = "set-5"
    SET_6 = "set-6"
    SET_MORE = "set-more"
    QUIET = "quiet"


class Fate(StrEnum):
    """What becomes of a table, a foreign key or a definition."""

    ADDED = "added"
    CHANGED = "changed"
    DROPPED = "dropped"
    SAME = "same"


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A number of the strip at the top; `to` is the part of the section that tells more."""

    number: int
    label: str
    sign: str
    mark: Mark
    to: Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One shard, or one apply of the past."""

    shard: str
    look: Look
    sign: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Shards that go together, in key order; `alike` are more of the last one's look."""

    title: str
    text: str
    cells: tuple[Cell, ...]
    alike: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    title: str
    bands: tuple[Band, ...]
    legend: tuple[tuple[Look, str, str, int], ...]  # look, sign, word, number of shards

    @property
    def shards(self) -> int:
        return sum(len(band.cells) + band.alike for band in self.bands)


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    text: str
    changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffLine:
    """`sign` is '-', '+', ' ', or '…' for lines that are alike and left out."""

    sign: str
    words: tuple[Word, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A definition on both sides."""

    title: str
    what: Fate
    lines: tuple[DiffLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A table of the map, where it stands."""

    name: str
    look: Fate
    x: int
    y: int
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """A foreign key, from the table that has it to the one it names."""

    child: str
    parent: str
    look: Fate
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TableMap:
    width: int
    height: int
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """From `x`, of a thousand over the whole time."""

    look: Look
    x: int
    width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeRow:
    title: str
    bars: tuple[Bar, ...]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    starts: str
    ends: str
    rows: tuple[TimeRow, ...]
    more: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many shards of all a table concerns."""

    name: str
    number: int
    of: int
    shards: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One report with its pictures. `ranges` and `compared` are of the change sets, in order;
    `definitions` are git's against live ones; `basis` is what it rests on, `unchecked` what nobody
    looked at. `name` tells it from others of the same keyspace."""

    report: Report
    name: str = ""
    counts: tuple[Count, ...] = ()
    grid: Grid | None = None
    shares: tuple[Share, ...] = ()
    shares_title: str = ""
    ranges: tuple[Line, ...] = ()
    compared: tuple[tuple[Compared, ...], ...] = ()
    definitions: tuple[Compared, ...] = ()
    timeline: Timeline | None = None
    table_map: TableMap | None = None
    rows_header: tuple[str, ...] = ()
    rows: tuple[tuple[Mark, tuple[Line, ...]], ...] = ()
    basis: tuple[Line, ...] = ()
    unchecked: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A page of a site: its file, and how what it shows stands."""

    name: Line
    file: str
    verdicts: tuple[tuple[str, Mark, Line], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """`as_of_s` is when somebody looked; `refresh_s` has a browser read the file again. `places`
    are the other pages of its site, `home` is the file that lists them."""

    title: str
    as_of_s: float | None
    tool_version: str
    sections: tuple[Section, ...] = ()
    places: tuple[Place, ...] = ()
    refresh_s: int | None = None
    home: str = ""


def page_title(kind: str, sections: tuple[Section, ...]) -> str:
    """'Plan of commerce in production', 'Plan of 3 keyspaces'."""
    titles = [one.report.title for one in sections if one.report.title is not None]
    match [*dict.fromkeys(plain(title.about) for title in titles)]:
        case []:
            return kind
        case [about]:
            return f"{kind} of {about}" if about else kind
        case abouts:
            return f"{kind} of {len(abouts):,} keyspaces"
