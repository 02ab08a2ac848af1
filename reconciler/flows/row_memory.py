"""What rows answered a while ago, used again for as long as the spec lets it be.

Only "holds" is kept: who corrects a row asks again, and what was not settled is to be settled, from
where its walk was given up. Behind a statement that failed, nothing of before it counts (PF-12).
That nothing can be recalled, or kept, keeps nobody from asking.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from reconciler.diff.pairing import name_key
from reconciler.errors import ReconcilerError
from reconciler.flows.reconcile_pass import Pass
from reconciler.observe.shards import SeenShard
from reconciler.ports.row_answers import RowAnswers
from reconciler.preflight.kept import AskedOf, asked_of
from reconciler.preflight.model import Answer, Holds, NotSettled, Place, Probe, Violated
from reconciler.spec.preflight import AskedOn

Recall = Callable[[], RowAnswers]
Given = tuple[SeenShard, Sequence[Probe], tuple[Answer, ...]]


class RowMemory:
    """Of one keyspace, at one moment. `recall` None: nobody keeps anything."""

    def __init__(self, begun: Pass, recall: Recall | None, now_s: float) -> None:
        asks = begun.environment.preflight
        self._of = (begun.environment.name, begun.files.spec.keyspace)
        self._on = asks.on if asks else AskedOn.PRIMARY
        self._behind_s_max = asks.lag_max_s if asks and asks.on is AskedOn.REPLICA else None
        self._since_s = now_s - (asks.reuse_s if asks else 0)
        self._kept: RowAnswers | None = None
        self._held: Mapping[AskedOf, Holds] = {}
        self._failed: Mapping[tuple[str, str], float] = {}
        self._reached: Mapping[AskedOf, Place] = {}
        if recall is None or asks is None or not asks.reuse_s:
            return
        with suppress(ReconcilerError):
            self._kept = recall()
            failed = self._kept.failed(*self._of, since_s=self._since_s)
            self._failed = {(shard, name_key(name)): at_s for (shard, name), at_s in failed.items()}
            held = self._kept.held(*self._of, since_s=self._since_s)
            self._held = {key: answer for key, answer in held.items() if answer.at_s <= now_s}
            reached = self._kept.places.reached(*self._of, since_s=self._since_s)
            self._reached = {key: at for key, at in reached.items() if at.begun_s <= now_s}

    def known(self, seen: SeenShard, probes: Sequence[Probe]) -> dict[Probe, Answer]:
        if not self._held:
            return {}
        answers = {probe: self._recalled(seen, probe) for probe in probes}
        return {probe: answer for probe, answer in answers.items() if answer is not None}

    def _recalled(self, seen: SeenShard, probe: Probe) -> Holds | None:
        key = self._key(seen, probe)
        answer = self._held.get(key) if key else None
        if answer is None or not self._counts(seen, probe, answer.at_s, answer.behind_s):
            return None
        return answer

    def _counts(self, seen: SeenShard, probe: Probe, at_s: float, behind_s: int | None) -> bool:
        """Whether no statement has failed since, and the spec lets a replica be as far behind."""
        if self._behind_s_max is not None and (behind_s is None or behind_s > self._behind_s_max):
            return False
        failed_s = self._failed.get((seen.shard, name_key(probe.table)))
        return failed_s is None or at_s > failed_s

    def places(self, seen: SeenShard, probes: Sequence[Probe]) -> Mapping[Probe, Place] | None:
        """From where to go on; None: nobody keeps where a walk is given up."""
        if self._kept is None:
            return None
        if not self._reached:
            return {}
        return {
            probe: place
            for probe in probes
            if (key := self._key(seen, probe)) is not None
            and (place := self._reached.get(key)) is not None
            and self._counts(seen, probe, place.begun_s, place.behind_s)
        }

    def keep(self, given: Sequence[Given]) -> list[tuple[Answer, ...]]:
        """What was answered just now; a place that could not be kept is none."""
        if self._kept is None:
            return [answers for _, _, answers in given]
        by_key = {
            key: answer
            for seen, probes, answers in given
            for probe, answer in zip(probes, answers, strict=True)
            if (key := self._key(seen, probe)) is not None
        }
        held = {key: answer for key, answer in by_key.items() if isinstance(answer, Holds)}
        reached = {
            key: answer.place
            for key, answer in by_key.items()
            if isinstance(answer, NotSettled) and answer.place is not None
        }
        ended = {key for key, answer in by_key.items() if not isinstance(answer, NotSettled)}
        since_s = self._since_s
        with suppress(ReconcilerError):
            refuted = [key for key, answer in by_key.items() if isinstance(answer, Violated)]
            self._kept.keep(*self._of, held, refuted=refuted, forget_before_s=since_s)
            self._kept.places.keep(*self._of, reached, ended=ended, forget_before_s=since_s)
            return [answers for _, _, answers in given]
        return [tuple(map(_without_place, answers)) for _, _, answers in given]

    def _key(self, seen: SeenShard, probe: Probe) -> AskedOf | None:
        def fingerprint_of(table: str) -> str | None:
            read = seen.definitions.get(table)
            return read.fingerprint if read else None

        return asked_of(seen.observation, probe, fingerprint_of=fingerprint_of, on=self._on)


def _without_place(answer: Answer) -> Answer:
    return replace(answer, place=None) if isinstance(answer, NotSettled) else answer
