"""Shards as a picture: cells in key order, and sets of them as ranges."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence

from reconciler.plan import words
from reconciler.report.order import sorted_shards
from reconciler.report.page.limits import ALIKE_SHOWN_MAX, RANGES_SHOWN_MAX, SQUARES_A_ROW
from reconciler.report.page.model import Band, Cell, Grid, Look
from reconciler.report.spans import Line, Name, Span, Text

Told = tuple[Look, str, str]  # and its sign, and its word

_RANK = tuple(Look)


def grid_of(title: str, bands: Iterable[Band]) -> Grid | None:
    """With a legend of what its cells say, the worst first; without a cell it is none."""
    shown = tuple(band for band in bands if band.cells)
    counts = Counter((cell.look, cell.sign, cell.text) for band in shown for cell in band.cells)
    for one in shown:
        last = one.cells[-1]
        counts[last.look, last.sign, last.text] += one.alike
    told = sorted(counts, key=lambda found: (_RANK.index(found[0]), *found[1:]))
    legend = tuple((*found, counts[found]) for found in told)
    return Grid(title=title, bands=shown, legend=legend) if shown else None


def band(title: str, text: str, shards: Collection[str], cells: Mapping[str, Told]) -> Band:
    """`cells` say of each shard its look, its sign and its word. Many that are all alike are a row
    and a number."""
    ordered = sorted_shards(shards)
    is_folded = len(ordered) > ALIKE_SHOWN_MAX and len({cells[shard] for shard in ordered}) == 1
    shown = ordered[:SQUARES_A_ROW] if is_folded else ordered
    return Band(
        title=title,
        text=text,
        cells=tuple(
            Cell(shard=shard, look=look, sign=sign, text=word)
            for shard in shown
            for look, sign, word in (cells[shard],)
        ),
        alike=len(ordered) - len(shown),
    )


def ranges(shards: Collection[str], of: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Stretches of the fleet, `of` in key order: the first and the last shard of each."""
    wanted, found = frozenset(shards), list[tuple[str, str]]()
    is_open = False
    for shard in of:
        if shard in wanted:
            found[-1:] = [(found[-1][0], shard)] if is_open else [*found[-1:], (shard, shard)]
        is_open = shard in wanted
    return tuple(found)


def range_line(shards: Collection[str], of: Sequence[str]) -> Line:
    """'`-40` … `c0-` (251 of 256)'."""
    if len(shards) == len(of) > 1:
        return (Text(f"all {words.count(len(of), 'shard')}"),)
    stretches = ranges(shards, of)
    spans: list[Span] = []
    for first, last in stretches[:RANGES_SHOWN_MAX]:
        spans += [Text(", ")] if spans else []
        spans += [Name(first)] if first == last else [Name(first), Text(" … "), Name(last)]
    if (more := len(stretches) - RANGES_SHOWN_MAX) > 0:
        spans.append(Text(f" and {words.count(more, 'more stretch', 'more stretches')}"))
    return (*spans, Text(f" ({len(shards):,} of {len(of):,})"))
