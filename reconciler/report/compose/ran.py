"""The change sets of an apply, with how far the shards of each are: its statements stand once,
however many shards ran them, so that the plan stays readable where the apply is told (RP-1), as it
ended and while it runs (RP-35)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.outcomes.apply import ShardRow
from reconciler.plan.model import Plan
from reconciler.report import apply_account
from reconciler.report.blocks import Block
from reconciler.report.compose.change_sets import change_set_block
from reconciler.report.findings import SchemaFiles


def ran_blocks(
    plan: Plan | None, shards: Sequence[ShardRow], files: SchemaFiles
) -> Iterator[Block]:
    """`plan` None: nobody has it, and what runs is told shard by shard alone."""
    if plan is None:
        return
    for number, change_set in enumerate(plan.core.change_sets, start=1):
        states = apply_account.stages_of(change_set, shards)
        yield change_set_block(plan, change_set, number, files, states=states)
