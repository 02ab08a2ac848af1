"""What rows answered a while ago, used again for as long as the spec lets it be.

Only "holds" is kept: who corrects a row asks again, and what was not settled is to be settled.
Behind a statement that failed, no answer of before it counts (PF-12). That nothing can be recalled,
or kept, keeps nobody from asking.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress

from reconciler.diff.pairing import name_key
from reconciler.errors import ReconcilerError
from reconciler.flows.reconcile_pass import Pass
from reconciler.observe.shards import SeenShard
from reconciler.ports.row_answers import RowAnswers
from reconciler.preflight.kept import AskedOf, asked_of
from reconciler.preflight.model import Answer, Holds, Probe, Violated
from reconciler.spec.preflight import AskedOn

Recall = Callable[[], RowAnswers]


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
        if recall is None or asks is None or not asks.reuse_s:
            return
        with suppress(ReconcilerError):
            self._kept = recall()
            failed = self._kept.failed(*self._of, since_s=self._since_s)
            self._failed = {(shard, name_key(name)): at_s for (shard, name), at_s in failed.items()}
            held = self._kept.held(*self._of, since_s=self._since_s)
            self._held = {key: answer for key, answer in held.items() if answer.at_s <= now_s}

    def known(self, seen: SeenShard, probes: Sequence[Probe]) -> dict[Probe, Answer]:
        if not self._held:
            return {}
        answers = {probe: self._recalled(seen, probe) for probe in probes}
        return {probe: answer for probe, answer in answers.items() if answer is not None}

    def _recalled(self, seen: SeenShard, probe: Probe) -> Holds | None:
        key = self._key(seen, probe)
        answer = self._held.get(key) if key else None
        if answer is None or self._is_behind(answer):
            return None
        failed_s = self._failed.get((seen.shard, name_key(probe.table)))
        return None if failed_s is not None and answer.at_s <= failed_s else answer

    def _is_behind(self, answer: Holds) -> bool:
        """By more than the spec lets a replica be by now."""
        if self._behind_s_max is None:
            return False
        return answer.behind_s is None or answer.behind_s > self._behind_s_max

    def keep(self, given: Iterable[tuple[SeenShard, Iterable[tuple[Probe, Answer]]]]) -> None:
        """What was answered just now."""
        if self._kept is None:
            return
        answers = {
            key: answer
            for seen, of_shard in given
            for probe, answer in of_shard
            if (key := self._key(seen, probe)) is not None
        }
        with suppress(ReconcilerError):
            self._kept.keep(
                *self._of,
                {key: answer for key, answer in answers.items() if isinstance(answer, Holds)},
                refuted=[key for key, answer in answers.items() if isinstance(answer, Violated)],
                forget_before_s=self._since_s,
            )

    def _key(self, seen: SeenShard, probe: Probe) -> AskedOf | None:
        def fingerprint_of(table: str) -> str | None:
            read = seen.definitions.get(table)
            return read.fingerprint if read else None

        return asked_of(seen.observation, probe, fingerprint_of=fingerprint_of, on=self._on)
