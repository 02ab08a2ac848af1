"""The shards that are left alone: in every report, for as long as that lasts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.model.quarantine import Quarantine
from reconciler.report import blocks
from reconciler.report.blocks import Block
from reconciler.report.spans import Name, Text


def quarantine_block(
    found: Sequence[Quarantine], title: str = "In quarantine, and left alone"
) -> Iterator[Block]:
    """Never cut: who reads nothing else must not take the fleet for whole."""
    if found:
        yield blocks.Items(
            title=title,
            items=tuple(
                (Name(one.shard), Text(f", until {one.until}: {one.reason}")) for one in found
            ),
        )
