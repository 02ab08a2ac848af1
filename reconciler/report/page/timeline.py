"""When what ran: a bar for each operation, or, of many, for each wave, and the slowest below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.ledger.states import OperationState
from reconciler.outcomes.apply import ApplyStatus, OperationRow, ShardRow
from reconciler.plan import words
from reconciler.report.apply_words import state_words
from reconciler.report.page.limits import BARS_MAX, SLOWEST_SHOWN
from reconciler.report.page.model import Bar, Look, Timeline, TimeRow
from reconciler.report.times import clock, duration, moment

LOOKS = {
    OperationState.PENDING: Look.QUIET,
    OperationState.RUNNING: Look.UNDERWAY,
    OperationState.WAITING_FOR_CUTOVER: Look.WAITING,
    OperationState.COMPLETED: Look.GOOD,
    OperationState.FAILED_RETRYABLE: Look.CAUTION,
    OperationState.FAILED: Look.BAD,
    OperationState.UNKNOWN: Look.UNKNOWN,
    OperationState.STOPPED: Look.CAUTION,
    OperationState.CANCELLED: Look.QUIET,
}

_WIDTH = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ran:
    """An operation that was begun; `end_s` is now where it has not ended."""

    row: ShardRow
    operation: OperationRow
    start_s: float
    end_s: float

    @property
    def took_s(self) -> float:
        return self.end_s - self.start_s


def timeline(apply: ApplyStatus, now_s: float) -> Timeline | None:
    ran = tuple(_ran(apply.shards, now_s))
    if not ran:
        return None
    start_s = min(apply.started_s, *(one.start_s for one in ran))
    soaks = [wave.soak_until_s for wave in apply.waves if wave.soak_until_s]
    over_s = apply.completed_s if apply.completed_s is not None else now_s
    end_s = max(over_s, start_s + 1, *(one.end_s for one in ran), *soaks)
    scale = _Scale(start_s=start_s, end_s=end_s)
    is_wide = len(ran) > BARS_MAX
    slowest = sorted(ran, key=lambda one: (-one.took_s, one.row.shard))[:SLOWEST_SHOWN]
    more = f"below the waves: the {len(slowest)} slowest of {len(ran):,} operations"
    return Timeline(
        starts=moment(start_s),
        ends=f"{clock(end_s)} UTC",
        rows=(
            *(_waves(ran, scale) if is_wide else ()),
            *(_row(one, scale) for one in (slowest if is_wide else ran)),
            *_soaks(apply, ran, scale),
        ),
        more=more if is_wide else "",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    start_s: float
    end_s: float

    def bar(self, look: Look, from_s: float, to_s: float) -> Bar:
        """At least wide enough to be seen."""
        x, end = (
            round((at_s - self.start_s) * _WIDTH / (self.end_s - self.start_s))
            for at_s in (from_s, to_s)
        )
        x = min(x, _WIDTH - 4)
        return Bar(look=look, x=x, width=max(end - x, 4))


def _ran(shards: Sequence[ShardRow], now_s: float) -> Iterator[_Ran]:
    for row in shards:
        for one in row.operations:
            if one.started_s is not None:
                end_s = one.settled_s if one.settled_s is not None else now_s
                yield _Ran(
                    row=row,
                    operation=one,
                    start_s=one.started_s,
                    end_s=max(end_s, one.started_s),
                )


def _row(ran: _Ran, scale: _Scale) -> TimeRow:
    """Where it waits for something, that is drawn over its end."""
    one = ran.operation
    bars = [scale.bar(LOOKS[one.state], ran.start_s, ran.end_s)]
    if one.waits_since_s is not None and one.waits_for is not None:
        bars.append(scale.bar(Look.WAITING, max(one.waits_since_s, ran.start_s), ran.end_s))
    return TimeRow(
        title=f"{ran.row.shard} {one.object_id}",
        bars=tuple(bars),
        text=f"{state_words(one.state)}, {duration(ran.took_s)}",
    )


def _waves(ran: Sequence[_Ran], scale: _Scale) -> Iterator[TimeRow]:
    """From the first begin to the last end; over it from when a quarter had begun until three of
    four had ended, and each failure where it ended."""
    for number in sorted({one.row.wave for one in ran}):
        own = [one for one in ran if one.row.wave == number]
        took = sorted(one.took_s for one in own)
        runs = any(one.operation.settled_s is None for one in own)
        first_s, last_s = min(one.start_s for one in own), max(one.end_s for one in own)
        begun_s, ended_s = (
            _at([one.start_s for one in own], 0.25),
            _at([one.end_s for one in own], 0.75),
        )
        failed = {one.end_s for one in own if LOOKS[one.operation.state] is Look.BAD}
        yield TimeRow(
            title=f"Wave {number}, {words.count(len(own), 'operation')}",
            bars=(
                scale.bar(Look.QUIET, first_s, last_s),
                scale.bar(Look.UNDERWAY if runs else Look.GOOD, begun_s, ended_s),
                *(scale.bar(Look.BAD, at_s, at_s) for at_s in sorted(failed)[:BARS_MAX]),
            ),
            text=f"half within {duration(_at(took, 0.5))}, the slowest {duration(took[-1])}",
        )


def _at(numbers: Sequence[float], share: float) -> float:
    ordered = sorted(numbers)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def _soaks(apply: ApplyStatus, ran: Sequence[_Ran], scale: _Scale) -> Iterator[TimeRow]:
    for wave in apply.waves:
        if wave.soak_until_s is not None:
            since_s = max(one.end_s for one in ran)
            yield TimeRow(
                title=f"Soak before wave {wave.number}",
                bars=(scale.bar(Look.WAITING, min(since_s, wave.soak_until_s), wave.soak_until_s),),
                text=f"until {clock(wave.soak_until_s)} UTC",
            )
