"""The smallest pieces of GitHub's Markdown: cells, rows, marks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.report import blocks
from reconciler.report.spans import Line, Text
from reconciler.report.write.fit import Part
from reconciler.report.write.neutral import html_text, inline

MARKS = {
    blocks.Mark.GOOD: "✅",
    blocks.Mark.CAUTION: "⚠️",
    blocks.Mark.BAD: "❌",
    blocks.Mark.WAITING: "⏳",
    blocks.Mark.UNDERWAY: "⏳",
    blocks.Mark.QUIET: "–",
}

_ROWS_MAX = 20

Parts = Iterator[Part]


def part(text: str, cut: blocks.Cut) -> Part:
    return Part(text=text, detail=cut.detail, instead=inline(cut.instead))


def folded(title: str, body: str) -> str:
    return f"<details><summary>{html_text(title)}</summary>\n\n{body}\n\n</details>"


def table_rows(header: Sequence[str], rows: Sequence[Sequence[str]], more: str) -> str:
    """At most twenty rows; `more` names what further rows would have been."""
    shown = [header, ["---"] * len(header), *rows[:_ROWS_MAX]]
    lines = [f"| {' | '.join(cells)} |" for cells in shown]
    if len(rows) > _ROWS_MAX:
        lines += ["", f"and {len(rows) - _ROWS_MAX:,} more {more}"]
    return "\n".join(lines)


def cell(spans: Line) -> str:
    """What does not stand at the start of a line."""
    return inline(spans, starts_line=False)


def said(text: str) -> str:
    return cell((Text(text),))


def joined(lines: Iterator[str] | Sequence[str] | dict[str, None]) -> str:
    return "\n".join(lines)
