"""A map of the tables that a plan touches and of those next to them: who names whom.

Layered: a table stands below those that its foreign keys name. The tables of a schema are some
tens, whatever the number of shards, so that the plainest of layouts is enough.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import pairwise

from reconciler.outcomes.definitions import Link
from reconciler.report.page.model import Arrow, Box, Fate, TableMap

_TABLES_MAX = 60
_HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 34, 28, 56, 8
_CHAR_PX, _NAME_CHARS_MAX = 8, 32
_ROW_PX = 1_000


def table_map(
    looks: Mapping[str, Fate], before: Collection[Link], after: Collection[Link]
) -> TableMap | None:
    """`looks` says of each touched table what becomes of it. None: there is nothing that is next to
    another, and so no map."""
    links = sorted({*before, *after})
    touching = [link for link in links if looks.keys() & {link.child, link.parent}]
    near = {name for link in touching for name in (link.child, link.parent)}
    names = sorted({*looks, *near})
    shown = [link for link in links if link.child in near and link.parent in near]
    if not shown or len(names) > _TABLES_MAX:
        return None
    boxes = _boxes(_rows(names, shown), looks)
    return TableMap(
        width=max(box.x + box.width for box in boxes.values()) + _MARGIN,
        height=max(box.y for box in boxes.values()) + _HEIGHT + _MARGIN,
        boxes=tuple(boxes.values()),
        arrows=tuple(
            Arrow(
                child=link.child,
                parent=link.parent,
                look=_look(link, before, after),
                path=_path(boxes[link.child], boxes[link.parent]),
            )
            for link in shown
        ),
    )


def _look(link: Link, before: Collection[Link], after: Collection[Link]) -> Fate:
    if link not in before:
        return Fate.ADDED
    return Fate.SAME if link in after else Fate.DROPPED


def _rows(names: Sequence[str], links: Sequence[Link]) -> list[list[str]]:
    """By the longest way up; tables that name each other in a circle end after as many steps as
    there are tables."""
    depth = dict.fromkeys(names, 0)
    parents = [(link.child, link.parent) for link in links if link.child != link.parent]
    for _ in names:
        for child, parent in parents:
            if depth[child] <= depth[parent] < len(names) - 1:
                depth[child] = depth[parent] + 1
    rows = [[name for name in names if depth[name] == level] for level in sorted({*depth.values()})]
    for upper, row in pairwise(rows):
        place = {name: number for number, name in enumerate(upper)}
        row.sort(key=lambda name: (_middle(name, parents, place), name))
    return rows


def _middle(name: str, parents: Sequence[tuple[str, str]], place: Mapping[str, int]) -> float:
    above = [place[parent] for child, parent in parents if child == name and parent in place]
    return sum(above) / len(above) if above else float(len(place))


def _boxes(rows: Sequence[Sequence[str]], looks: Mapping[str, Fate]) -> dict[str, Box]:
    """Each row from the left, broken where it would be too wide."""
    boxes: dict[str, Box] = {}
    y = _MARGIN
    for row in rows:
        x = _MARGIN
        for name in row:
            width = 36 + _CHAR_PX * min(len(name), _NAME_CHARS_MAX)
            if x > _MARGIN and x + width > _ROW_PX:
                x, y = _MARGIN, y + _HEIGHT + _GAP_Y // 2
            boxes[name] = Box(name=name, look=looks.get(name, Fate.SAME), x=x, y=y, width=width)
            x += width + _GAP_X
        y += _HEIGHT + _GAP_Y
    return boxes


def _path(child: Box, parent: Box) -> str:
    """From the top of the child to the bottom of its parent; beside each other, over the top."""
    start, end = child.x + child.width // 2, parent.x + parent.width // 2
    if child is parent:
        right = child.x + child.width
        low, high = child.y + _HEIGHT - 8, child.y + 8
        return f"M{right} {low}h14V{high}h-14"
    if child.y > parent.y:
        top, bottom = child.y, parent.y + _HEIGHT
        middle = (top + bottom) // 2
        return f"M{start} {top}C{start} {middle} {end} {middle} {end} {bottom}"
    top = min(child.y, parent.y)
    return f"M{start} {child.y}C{start} {top - 24} {end} {top - 24} {end} {parent.y}"
