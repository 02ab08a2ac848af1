"""What an apply shows while it runs: bars on a terminal, lines in a log; both on standard error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from reconciler.cli.presenting import style_for
from reconciler.cli.streams import remark, standard_error
from reconciler.ledger.states import OperationState
from reconciler.outcomes.progress import (
    FinalizerEnded,
    FinalizerStarted,
    ProgressEvent,
    RolloutStarted,
    RolloutWaits,
    ShardEnded,
    ShardStarted,
    StatementAdvanced,
    StatementEnded,
    StatementStarted,
    StatementStopped,
)
from reconciler.plan.visible import visible_line
from reconciler.plan.words import step_name
from reconciler.report.engine_words import progress_words
from reconciler.report.progress import progress_line
from reconciler.report.reason_words import reason_words
from reconciler.report.style import Style

# How often a log has a line of a statement that goes on.
_PROGRESS_LINE_EVERY_S = 60.0


@contextmanager
def shown_progress() -> Iterator[Callable[[ProgressEvent], None]]:
    """Where to send the events of an apply."""
    stream = standard_error()
    style = style_for(stream)
    if not (stream.isatty() and style.colour):
        yield _Log(style).show
        return
    console = Console(file=stream, highlight=False, markup=False)
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.completed}/{task.total}"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[doing]}", markup=False),
        console=console,
    ) as bars:
        board = _Board(bars)

        def show(event: ProgressEvent) -> None:
            # What matters afterwards scrolls above the bars; the rest only moves them.
            if not isinstance(event, ShardStarted | StatementStarted | StatementAdvanced):
                bars.console.print(Text.from_ansi(progress_line(event, style)), soft_wrap=True)
            board.show(event)

        yield show


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


class _Board:
    """A bar for each wave, and one for each shard, or step of the keyspace, at work."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._waves: dict[int, TaskID] = {}
        self._shards: dict[str, TaskID] = {}

    def show(self, event: ProgressEvent) -> None:
        match event:
            case RolloutStarted():
                for number, shards in enumerate(event.waves, start=1):
                    if shards:
                        self._waves[number] = self._add(f"wave {number}", len(shards))
            case ShardStarted():
                self._shards[event.shard] = self._add(f"  {event.shard}", 1)
            case StatementStarted():
                self._update(event.shard, total=event.of, doing=f"{event.object_id}")
            case StatementAdvanced():
                told = progress_words(event.progress)
                self._update(event.shard, doing=visible_line(f"{event.object_id}: {told}"))
            case StatementEnded():
                self._update(event.shard, total=event.of, completed=event.number, doing="")
            case StatementStopped():
                self._update(event.shard, doing="")
            case ShardEnded():
                if (task := self._shards.pop(event.shard, None)) is not None:
                    self._bars.remove_task(task)
                wave = self._waves.get(event.wave)
                if wave is not None and event.state is not OperationState.UNKNOWN:
                    self._bars.advance(wave)  # of the unknown somebody will look what became
            case FinalizerStarted():
                self._shards[event.moment] = self._add(f"  {step_name(event.moment)}", 1)
            case FinalizerEnded():
                if (task := self._shards.pop(event.moment, None)) is not None:
                    self._bars.remove_task(task)
            case RolloutWaits():
                if event.shard is not None:
                    self._update(event.shard, doing=reason_words(event.reason))
            case _:
                pass

    def _add(self, name: str, total: int) -> TaskID:
        return self._bars.add_task(name, total=total, doing="")

    def _update(self, shard: str, **changes: object) -> None:
        if (task := self._shards.get(shard)) is not None:
            self._bars.update(task, **changes)  # type: ignore[arg-type]
