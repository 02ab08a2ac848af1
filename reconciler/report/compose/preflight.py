"""What the rows answered, below the plan that asked them."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.preflight.answered import Preflight
from reconciler.report import blocks
from reconciler.report.blocks import Block, Cut, Detail
from reconciler.report.preflight_words import answered_words, queries
from reconciler.report.spans import sentence


def preflight_blocks(preflight: Preflight | None, *, explained: bool) -> Iterator[Block]:
    """`explained`: with the exact queries."""
    if preflight is None or not preflight.answered:
        return
    cut = Cut(detail=Detail.STATEMENT, instead=sentence("What rows answered is left out here."))
    items = tuple(sentence(answered_words(one)) for one in preflight.answered)
    yield blocks.Items(title="Rows", items=items, cut=cut)
    if not explained:
        return
    if lines := queries(preflight):
        lead = (
            "By these queries, which read a whole table here: those with variables were put to a"
            " stretch at a time, and the lines before them have it begin behind the first row and"
            " end with the last"
        )
        left_out = Cut(detail=Detail.STATEMENT, instead=sentence("The queries are left out here."))
        yield blocks.Copy(
            title="Queries", lead=sentence(lead), lines=lines, language="sql", cut=left_out
        )
