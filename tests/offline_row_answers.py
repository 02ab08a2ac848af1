"""What rows answered before, kept without a ledger, and what a pass makes of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import cast

from reconciler.errors import Problem, Unavailable
from reconciler.flows.reconcile_pass import Pass
from reconciler.flows.row_memory import RowMemory
from reconciler.model.observation import ObservedShard
from reconciler.observe.shards import SeenShard
from reconciler.preflight.kept import AskedOf
from reconciler.preflight.model import Holds, Place
from reconciler.spec.preflight import PreflightSpec
from tests.offline_fleet import SETTINGS


@dataclass
class KeptPlaces:
    """Implements the RowPlaces port, for one keyspace; one that `is_lost` keeps nothing."""

    found: dict[AskedOf, Place] = field(default_factory=dict)
    is_lost: bool = False

    def reached(
        self, environment: str, keyspace: str, *, since_s: float
    ) -> Mapping[AskedOf, Place]:
        return {key: place for key, place in self.found.items() if place.begun_s >= since_s}

    def keep(
        self,
        environment: str,
        keyspace: str,
        places: Mapping[AskedOf, Place],
        *,
        ended: Collection[AskedOf],
        forget_before_s: float,
    ) -> None:
        if self.is_lost:
            raise Unavailable(Problem(code="x", message="gone", recovery="wait"))
        for key in ended:
            self.found.pop(key, None)
        self.found |= places


@dataclass
class KeptAnswers:
    """Implements the RowAnswers port, for one keyspace."""

    places: KeptPlaces = field(default_factory=KeptPlaces)
    answers: dict[AskedOf, Holds] = field(default_factory=dict)
    failures: dict[tuple[str, str], float] = field(default_factory=dict)

    def held(self, environment: str, keyspace: str, *, since_s: float) -> Mapping[AskedOf, Holds]:
        return dict(self.answers)

    def failed(
        self, environment: str, keyspace: str, *, since_s: float
    ) -> Mapping[tuple[str, str], float]:
        return self.failures

    def keep(
        self,
        environment: str,
        keyspace: str,
        answers: Mapping[AskedOf, Holds],
        *,
        refuted: Collection[AskedOf] = (),
        forget_before_s: float,
    ) -> None:
        self.answers |= answers
        for key in refuted:
            self.answers.pop(key, None)


def row_memory(kept: KeptAnswers | None, spec: PreflightSpec, *, now_s: float) -> RowMemory:
    begun = SimpleNamespace(
        environment=SimpleNamespace(name="production", preflight=spec),
        files=SimpleNamespace(spec=SimpleNamespace(keyspace="commerce")),
    )
    return RowMemory(cast(Pass, begun), (lambda: kept) if kept else None, now_s)


def seen(shard: str = "-80", *, server: str = "one", fingerprint: str = "sha256:1") -> SeenShard:
    """A look at a shard that has `t`."""
    observed = ObservedShard(shard=shard, settings=SETTINGS, definitions=(), place=f"{server}/shop")
    definitions = {"t": SimpleNamespace(fingerprint=fingerprint)}
    return cast(
        SeenShard, SimpleNamespace(shard=shard, observation=observed, definitions=definitions)
    )
