"""A controller's metrics: what its last snapshot says, and counts of what happened since it began.

RG-48: labels are names of environments and keyspaces, words of closed lists, and codes that are
written out in the source. No shard, host, login or statement is ever one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from reconciler.controller.model import Place, TaskKind, WaitsFor
from reconciler.ledger.states import ApplyState
from reconciler.outcomes.apply import ApplyOutcome
from reconciler.outcomes.controller import ErrandOutcome, PlaceView, Snapshot, TaskEnded
from reconciler.outcomes.drift import DriftOutcome, ShardMark
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.progress import ProgressEvent, StatementEnded

_OF = ["environment", "keyspace"]
# From metadata alone to a rebuild of a night.
_BUCKETS_S = (0.1, 0.5, 1, 5, 30, 120, 600, 3_600, 14_400, 43_200)
_MARKS = [mark for mark in ShardMark if mark is not ShardMark.UNMANAGED]


class Metrics:
    """`now_s` is the clock of the snapshots' own times. Safe to use from several threads."""

    def __init__(
        self, snapshot: Callable[[], Snapshot | None], now_s: Callable[[], float], version: str
    ) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_FromSnapshot(snapshot, now_s, version))
        ProcessCollector(registry=self._registry)
        self._errands = self._counter("errands", "Errands that ended.", [*_OF, "kind", "end"])
        self._refusals = self._counter("refusals", "Reasons not to go on.", [*_OF, "code"])
        self._statements = self._counter("statements", "Statements that ended.", [*_OF, "result"])
        self._seconds = Histogram(
            "reconciler_statement_seconds",
            "How long statements took.",
            _OF,
            buckets=_BUCKETS_S,
            registry=self._registry,
        )

    def text(self) -> bytes:
        return generate_latest(self._registry)

    def errand_ended(self, ended: TaskEnded) -> None:
        place = _labels(ended.task.place)
        self._errands.labels(*place, ended.task.kind.value, _end(ended.outcome)).inc()
        for code in _codes(ended):
            self._refusals.labels(*place, code).inc()

    def progressed(self, place: Place, event: ProgressEvent) -> None:
        if isinstance(event, StatementEnded):
            result = "failed" if event.problem else "applied"
            self._statements.labels(*_labels(place), result).inc()
            self._seconds.labels(*_labels(place)).observe(event.elapsed_s)

    def _counter(self, name: str, about: str, labels: list[str]) -> Counter:
        return Counter(f"reconciler_{name}", about, labels, registry=self._registry)


class _FromSnapshot(Collector):
    def __init__(
        self, snapshot: Callable[[], Snapshot | None], now_s: Callable[[], float], version: str
    ) -> None:
        self._snapshot, self._now_s, self._version = snapshot, now_s, version

    def collect(self) -> Iterator[GaugeMetricFamily]:
        info = _gauge("info", "1, with the version.", ["version"])
        info.add_metric([self._version], 1)
        yield info
        if (seen := self._snapshot()) is None:
            return
        now_s = self._now_s()
        yield _one("turn_age_seconds", "Since the loop last turned.", now_s - seen.turned_s)
        if seen.fetched_s is not None:
            age_s = now_s - seen.fetched_s
            yield _one("git_fetch_age_seconds", "Since the last fetch that ended well.", age_s)
        yield _one("git_fetch_failures", "Failures since then.", seen.fetch_failures)
        yield _one("broken_keyspaces", "Specs at the tip that cannot be read.", len(seen.broken))
        yield self._running(seen)
        yield from self._places(seen)

    def _running(self, seen: Snapshot) -> GaugeMetricFamily:
        running = _gauge("errands_running", "Errands that run.", ["kind"])
        for kind in TaskKind:
            running.add_metric([kind.value], sum(task.kind is kind for task in seen.running))
        return running

    def _places(self, seen: Snapshot) -> Iterator[GaugeMetricFamily]:
        leader = _gauge("leader", "1 where this process leads.", _OF)
        unread = _gauge("ledger_unread", "1 where the ledger did not answer.", _OF)
        waits = _gauge("apply_waits", "1 at what the apply waits for.", [*_OF, "for"])
        state = _gauge("apply_state", "1 at the state of the latest apply.", [*_OF, "state"])
        shards = _gauge("shards", "Shards by how they stand against git.", [*_OF, "state"])
        looked = _gauge("drift_looked_timestamp_seconds", "When this was last looked at.", _OF)
        for view in seen.places:
            of = _labels(view.wanted.place)
            leader.add_metric(of, view.wanted.place in seen.led)
            unread.add_metric(of, view.wanted.place in seen.unread)
            for word in WaitsFor:
                waits.add_metric([*of, word.value], view.apply.waits_for is word)
            if view.recorded is not None:
                for each in ApplyState:
                    state.add_metric([*of, each.value], view.recorded.state is each)
            if view.looked_at_s is not None:
                looked.add_metric(of, view.looked_at_s)
            for mark, count in _counted(view):
                shards.add_metric([*of, mark.value], count)
        yield from (leader, unread, waits, state, shards, looked)


def _counted(view: PlaceView) -> Iterator[tuple[ShardMark, int]]:
    """Every state has its line, zero or not: a metric that vanishes fires no alert."""
    if isinstance(view.drift, DriftOutcome):
        for mark in _MARKS:
            yield mark, sum(len(g.shards) for g in view.drift.groups if g.mark is mark)


def _end(outcome: ErrandOutcome | None) -> str:
    match outcome:
        case ApplyOutcome():
            return outcome.verdict.value
        case DriftOutcome():
            return "looked"
        case _:
            return "failed"


def _codes(ended: TaskEnded) -> list[str]:
    codes = {ended.problem.code} if ended.problem else set()
    match ended.outcome:
        case ApplyOutcome() as outcome:
            codes |= {refusal.code for refusal in outcome.refusals}
            codes |= {outcome.problem.code} if outcome.problem else set()
        case KeyspaceFailed(problems=problems):
            codes |= {problem.code for problem in problems}
        case DriftOutcome() as outcome:
            codes |= {refusal.code for refusal in outcome.refusals}
        case _:
            pass
    return sorted(codes)


def _labels(place: Place) -> list[str]:
    return [place.environment, place.keyspace]


def _gauge(name: str, about: str, labels: list[str]) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"reconciler_{name}", about, labels=labels)


def _one(name: str, about: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"reconciler_{name}", about, value=value)
