"""Which tables a `SELECT *` over several shards sees in more than one shape while a plan runs."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.plan.mixed_window import mixed_windows
from reconciler.plan.model import PlanCore
from reconciler.plan.window_words import ADVICE, window_words
from reconciler.plan.words import count
from reconciler.report.blocks import Block, Cut, Detail, Items
from reconciler.report.limits import WINDOWS_SHOWN_MAX
from reconciler.report.spans import Line, Name, Text, sentence, with_commands


def mixed_window_blocks(core: PlanCore) -> Iterator[Block]:
    found = mixed_windows(core)
    if not found:
        return
    items: list[Line] = [
        (Name(one.table), Text(f", {window_words(one, core)}")) for one in found[:WINDOWS_SHOWN_MAX]
    ]
    if len(found) > WINDOWS_SHOWN_MAX:
        more = count(len(found) - WINDOWS_SHOWN_MAX, "more table")
        items.append(with_commands(f"{more}: `--output json` has them all"))
    left_out = f"Shards differ meanwhile in the columns of {count(len(found), 'table')}; the plan's"
    cut = Cut(detail=Detail.STATEMENT, instead=sentence(f"{left_out} .sql file says which."))
    yield Items(title="Mixed window", items=(with_commands(ADVICE), *items), cut=cut)
