"""The section of a look for drift: how each shard stands, which tables differ where, and how."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.object_id import ObjectId
from reconciler.outcomes.drift import DriftOutcome, ShardMark
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.plan import words
from reconciler.report import drift_words
from reconciler.report.blocks import Mark
from reconciler.report.document import Report
from reconciler.report.order import sorted_shards
from reconciler.report.page.difference import compared
from reconciler.report.page.limits import DEFINITIONS_SHOWN_MAX
from reconciler.report.page.model import Compared, Count, Look, Part, Section, Share
from reconciler.report.page.shards import Told, band, grid_of, range_line
from reconciler.report.spans import Line, Name, Text, sentence

_LOOKS = {
    ShardMark.MATCHING: Look.GOOD,
    ShardMark.DRIFTED: Look.BAD,
    ShardMark.PENDING_APPLY: Look.UNDERWAY,
    ShardMark.UNREACHABLE: Look.UNKNOWN,
    ShardMark.QUARANTINED: Look.WAITING,
    ShardMark.UNMANAGED: Look.QUIET,
}

_MARKS = {
    ShardMark.MATCHING: Mark.GOOD,
    ShardMark.DRIFTED: Mark.BAD,
    ShardMark.PENDING_APPLY: Mark.CAUTION,
    ShardMark.UNREACHABLE: Mark.BAD,
    ShardMark.QUARANTINED: Mark.CAUTION,
    ShardMark.UNMANAGED: Mark.QUIET,
}


def drift_section(report: Report, outcome: DriftOutcome | KeyspaceFailed) -> Section:
    if isinstance(outcome, KeyspaceFailed):
        return Section(report=report)
    cells: dict[str, Told] = {
        shard: (_LOOKS[group.mark], drift_words.MARKS[group.mark], group.mark.value)
        for group in outcome.groups
        for shard in group.shards
    }
    fleet = sorted_shards(cells)
    # Who does not see the picture is told what it shows.
    numbers = [(found.number, found.label) for found in _counts(outcome) if found.to is Part.SHARDS]
    told = ", ".join(f"{number:,} {label}" for number, label in numbers if number)
    title = f"{words.count(len(fleet), 'shard')}: {told}" if told else words.count(0, "shard")
    return Section(
        report=report,
        counts=tuple(_counts(outcome)),
        grid=grid_of("Shards in key order", [band("All shards", title, fleet, cells)]),
        shares_title="What differs, and on how many shards",
        shares=tuple(_shares(outcome, fleet)),
        definitions=tuple(_definitions(outcome))[:DEFINITIONS_SHOWN_MAX],
        unchecked=tuple(_unchecked(outcome)),
    )


def _counts(outcome: DriftOutcome) -> Iterator[Count]:
    for mark in drift_words.MARKS:
        number = sum(len(group.shards) for group in outcome.groups if group.mark is mark)
        if number or mark in (ShardMark.DRIFTED, ShardMark.MATCHING):
            yield Count(
                number=number,
                label=mark.value,
                sign=drift_words.MARKS[mark],
                mark=_MARKS[mark] if number else Mark.QUIET,
                to=Part.SHARDS,
            )
    if outcome.unmanaged:
        yield Count(
            number=len(outcome.unmanaged),
            label="objects left alone",
            sign=drift_words.MARKS[ShardMark.UNMANAGED],
            mark=Mark.QUIET,
            to=Part.UNCHECKED,
        )


def _shares(outcome: DriftOutcome, fleet: tuple[str, ...]) -> Iterator[Share]:
    on: dict[ObjectId, set[str]] = {}
    for group in outcome.groups:
        for found in group.differences:
            on.setdefault(found.object_id, set()).update(group.shards)
    for about, shards in sorted(on.items(), key=lambda found: (-len(found[1]), found[0])):
        which = range_line(shards, fleet)
        yield Share(name=str(about), number=len(shards), of=len(fleet), shards=which)


def _definitions(outcome: DriftOutcome) -> Iterator[Compared]:
    """Of each group once, for its shards are alike."""
    total = drift_words.shards_total(outcome)
    for group in drift_words.sorted_groups(outcome.groups):
        on = words.shard_set(sorted_shards(group.shards), total)
        for found in drift_words.sorted_differences(group):
            if found.git != found.live:
                yield compared(f"{found.object_id.titled} on {on}", found.git, found.live)


def _unchecked(outcome: DriftOutcome) -> Iterator[Line]:
    for group in outcome.groups:
        if group.mark in (ShardMark.UNREACHABLE, ShardMark.QUARANTINED):
            count = words.count(len(group.shards), "shard")
            yield sentence(f"{count}, {group.mark}: {group.reason}")
    yield sentence("rows: drift is of definitions")
    if outcome.unmanaged:
        named = tuple(s for name, _ in sorted(outcome.unmanaged) for s in (Text(", "), Name(name)))
        yield (Text("left alone by policy: "), *named[1:])
