"""What a terminal shows of an apply while it runs, from its events alone: bars, what is at work and
waits, what failed. As many lines for 4,096 shards as for forty, none wider than the terminal.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from rich.text import Text

from reconciler.ledger.states import OperationState
from reconciler.outcomes.progress import (
    FinalizerEnded,
    FinalizerStarted,
    ProgressEvent,
    RolloutStarted,
    RolloutWaits,
    ShardEnded,
    ShardStarted,
    ShardTakenUp,
    StatementAdvanced,
    StatementEnded,
    StatementStarted,
    StatementStopped,
)
from reconciler.plan.visible import visible_line
from reconciler.plan.words import count, named_shards, step_name
from reconciler.report.engine_words import progress_words
from reconciler.report.reason_words import reason_words
from reconciler.report.times import duration

_WAVES_SHOWN = 4
_AT_WORK_SHOWN = 8
_BAR_CHARS = 24


@dataclass(slots=True, kw_only=True)
class _Work:
    """A shard, or a step of the keyspace, at work: `doing` its statement, `waits` for what."""

    name: str
    since_s: float
    doing: str = ""
    waits: str = ""


@dataclass(slots=True, kw_only=True)
class _Wave:
    shards: int
    done: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)

    @property
    def is_over(self) -> bool:
        return len(self.done) + len(self.failed) >= self.shards


class Board:
    """Told by the thread that drives the apply, shown by the one that draws."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waves: dict[int, _Wave] = {}
        self._work: dict[str, _Work] = {}
        self._waits = ""

    def show(self, event: ProgressEvent) -> None:
        with self._lock:
            self._take(event)

    def lines(self, width: int, now_s: float) -> tuple[Text, ...]:
        with self._lock:
            shown = (*self._wave_lines(), *self._failed_line(), *self._work_lines(now_s))
            waits = visible_line(f"waits: {self._waits}") if self._waits else ""
        told = (*shown, *((Text(waits, style="yellow"),) if waits else ()))
        for text in told:
            text.truncate(width, overflow="ellipsis")
        return told

    # --- what is known ---

    def _take(self, event: ProgressEvent) -> None:
        match event:
            case RolloutStarted():
                self._begin(event)
            case ShardStarted():
                self._work[event.shard] = _Work(name=event.shard, since_s=event.at_s)
                self._waits = ""
            case ShardTakenUp():
                self._work.setdefault(
                    event.shard, _Work(name=event.shard, since_s=event.at_s)
                ).doing = "what an earlier run began"
            case StatementStarted():
                self._does(event.shard, f"{event.object_id}: {event.number} of {event.of}")
                self._of(event.shard).since_s = event.at_s
            case StatementAdvanced():
                told = progress_words(event.progress)
                self._does(event.shard, f"{event.object_id}: {event.number} of {event.of}, {told}")
            case StatementEnded() | StatementStopped():
                self._does(event.shard, "")
            case ShardEnded():
                self._work.pop(event.shard, None)
                self._settle(event)
            case FinalizerStarted():
                name = step_name(event.moment)
                self._work[event.moment] = _Work(name=name, since_s=event.at_s)
            case FinalizerEnded():
                self._work.pop(event.moment, None)
            case RolloutWaits():
                said = reason_words(event.reason)
                if event.shard is None:
                    self._waits = said
                else:
                    self._of(event.shard).waits = said
            case _:
                self._work.clear()
                self._waits = ""

    def _begin(self, event: RolloutStarted) -> None:
        """Shards that were done before count as done from the start."""
        done = set(event.done)
        self._work.clear()
        self._waits = ""
        self._waves = {
            number: _Wave(shards=len(shards), done=done & set(shards))
            for number, shards in enumerate(event.waves, start=1)
            if shards
        }

    def _settle(self, event: ShardEnded) -> None:
        """Of one that is not settled somebody will look what became, or go on with it: until then
        nobody may take it for one that was not begun."""
        wave = self._waves.get(event.wave)
        if wave is None:
            return
        wave.failed.discard(event.shard)
        wave.unknown.discard(event.shard)
        if event.state is OperationState.COMPLETED:
            wave.done.add(event.shard)
        elif event.state is OperationState.FAILED:
            wave.failed.add(event.shard)
        elif event.state is OperationState.UNKNOWN:
            wave.unknown.add(event.shard)

    def _of(self, shard: str) -> _Work:
        return self._work.setdefault(shard, _Work(name=shard, since_s=0.0))

    def _does(self, shard: str, doing: str) -> None:
        work = self._of(shard)
        work.doing, work.waits = doing, ""

    # --- how it looks ---

    def _wave_lines(self) -> Iterator[Text]:
        over = [number for number, wave in self._waves.items() if wave.is_over]
        left = [number for number, wave in self._waves.items() if not wave.is_over]
        if len(over) > 1:
            shards = sum(self._waves[number].shards for number in over)
            yield Text(f"{count(len(over), 'wave')} over, {count(shards, 'shard')}")
        elif over:
            yield self._bar(over[0])
        for number in left[:_WAVES_SHOWN]:
            yield self._bar(number)
        if rest := left[_WAVES_SHOWN:]:
            shards = sum(self._waves[number].shards for number in rest)
            yield Text(f"and {count(len(rest), 'more wave')}, {count(shards, 'shard')}")

    def _bar(self, number: int) -> Text:
        wave = self._waves[number]
        done = _BAR_CHARS * len(wave.done) // wave.shards
        failed = -(-_BAR_CHARS * len(wave.failed) // wave.shards)
        failed = min(failed, _BAR_CHARS - done)
        rest = _BAR_CHARS - done - failed
        told = f" {len(wave.done):,}/{wave.shards:,}"
        return Text.assemble(
            f"wave {number:<4} ",
            ("━" * done, "green"),
            ("━" * failed, "red"),
            ("━" * rest, "bright_black"),
            told,
            (f"  {len(wave.failed):,} failed" if wave.failed else "", "red"),
            (f"  {len(wave.unknown):,} unknown" if wave.unknown else "", "yellow"),
        )

    def _failed_line(self) -> Iterator[Text]:
        failed = [shard for wave in self._waves.values() for shard in sorted(wave.failed)]
        if failed:
            yield Text(visible_line(f"failed: {named_shards(failed)}"), style="red")
        unknown = [shard for wave in self._waves.values() for shard in sorted(wave.unknown)]
        if unknown:
            yield Text(visible_line(f"outcome unknown: {named_shards(unknown)}"), style="yellow")

    def _work_lines(self, now_s: float) -> Iterator[Text]:
        """What waits first: it may want somebody."""
        ordered = sorted(self._work.values(), key=lambda work: (not work.waits, work.since_s))
        for work in ordered[:_AT_WORK_SHOWN]:
            took = f" {duration(max(0.0, now_s - work.since_s))}" if work.since_s else ""
            about = f"  {work.name}{took}"
            if work.waits:
                yield Text(visible_line(f"{about}  waits: {work.waits}"), style="yellow")
            else:
                yield Text(visible_line(f"{about}  {work.doing}"))
        if rest := ordered[_AT_WORK_SHOWN:]:
            waiting = sum(bool(work.waits) for work in rest)
            aside = f", {waiting:,} of them wait" if waiting else ""
            yield Text(f"  and {len(rest):,} more at work{aside}")
