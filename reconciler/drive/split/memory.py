"""What a tick has found out and measured, and the next one has to find out again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from reconciler.drive.split.compare import Comparison
from reconciler.drive.split.copy import TableCopy
from reconciler.drive.split.rates import Arrivals, Rate
from reconciler.reshard.rows import Key
from reconciler.reshard.seen import Progress


@dataclass(slots=True)
class TickMemory:
    """`copies` belong to the connections that they were made with, all else outlives them.
    `leaves_targets`: of a split that is given up, those that do not answer, which they have not so
    often (`unanswered`)."""

    comparison: Comparison | None = None
    copies: tuple[TableCopy, ...] | None = None
    done: Progress = field(default_factory=Progress)
    arrivals: Arrivals = field(default_factory=Arrivals)
    copied: Rate = field(default_factory=Rate)
    drained: Rate = field(default_factory=Rate)
    compared: Rate = field(default_factory=Rate)
    compared_again: Rate = field(default_factory=Rate)
    following_since_s: float | None = None
    at_cutover_since_s: float | None = None
    leaves_targets: bool = False
    unanswered: int = 0

    def changed(self, table: str, keys: Sequence[Key]) -> None:
        if self.comparison is not None:
            self.comparison.changed(table, keys)
