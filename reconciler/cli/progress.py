"""What an apply shows while it runs: bars on a terminal, lines in a log; both on standard error."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from reconciler.cli.phases import PHASES, logged_phases
from reconciler.cli.streams import remark, standard_error
from reconciler.cli.style import style_for
from reconciler.ledger.neighbours import BlockerEnded
from reconciler.ledger.states import OperationState
from reconciler.outcomes.progress import (
    FinalizerEnded,
    ProgressEvent,
    RolloutEnded,
    RolloutStarted,
    RolloutWaits,
    ShardEnded,
    ShardTakenUp,
    StatementAdvanced,
    StatementStarted,
)
from reconciler.report.progress import progress_line
from reconciler.report.style import Style

_FAILURES_TOLD = 20

# How often a log has a line of a statement that goes on.
_PROGRESS_LINE_EVERY_S = 60.0


@contextmanager
def shown_progress() -> Iterator[Callable[[ProgressEvent], None]]:
    """Where to send the events of an apply."""
    stream = standard_error()
    style = style_for(stream)
    if not (stream.isatty() and style.colour):
        with logged_phases():
            yield _Log(style).show
        return
    from reconciler.cli.board import Board
    from reconciler.cli.in_place import changing, quiet

    board = Board()
    with changing(
        stream, lambda width: (*board.lines(width, time.time()), *quiet(PHASES.lines()))
    ) as say:
        matters = _Matters()

        def show(event: ProgressEvent) -> None:
            board.show(event)
            if matters.afterwards(event):
                say(progress_line(event, style))

        yield show


class _Matters:
    """What scrolls above the bars, to be read afterwards: what went wrong, what was done to others,
    why all stands still. Of many failures the report at the end has the rest."""

    def __init__(self) -> None:
        self._failures = 0

    def afterwards(self, event: ProgressEvent) -> bool:
        match event:
            case ShardEnded(state=state):
                self._failures += state is not OperationState.COMPLETED
                is_told = self._failures <= _FAILURES_TOLD
                return state is not OperationState.COMPLETED and is_told
            case RolloutWaits(shard=shard, reason=reason):
                return shard is None or isinstance(reason, BlockerEnded)
            case RolloutStarted() | RolloutEnded() | FinalizerEnded() | ShardTakenUp():
                return True
            case _:
                return False


class _Log:
    """A line for each event; what goes on for hours is told once in a while."""

    def __init__(self, style: Style) -> None:
        self._style = style
        self._told_s: dict[str, float] = {}

    def show(self, event: ProgressEvent) -> None:
        match event:
            case StatementStarted():
                self._told_s[event.shard] = event.at_s
            case StatementAdvanced():
                if event.at_s - self._told_s.get(event.shard, 0.0) < _PROGRESS_LINE_EVERY_S:
                    return
                self._told_s[event.shard] = event.at_s
            case _:
                pass
        remark(progress_line(event, self._style))
