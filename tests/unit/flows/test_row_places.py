"""Where a walk was given up is used again as a kept answer is, and told only where it is kept."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import cast

import pytest

from reconciler.errors import Problem, Unavailable
from reconciler.flows.reconcile_pass import Pass
from reconciler.flows.row_memory import RowMemory
from reconciler.observe.shards import SeenShard
from reconciler.preflight.kept import AskedOf
from reconciler.preflight.model import (
    Effect,
    Holds,
    NotSettled,
    Place,
    Probe,
    QuestionKind,
    Raised,
    RowCondition,
    Violated,
    Walk,
)
from reconciler.spec.preflight import AskedOn

NOW_S, REUSE_S = 10_000.0, 3_600
PROBE = Probe(
    table="t",
    statement=0,
    raised=Raised(
        kind=QuestionKind.CHECK,
        object="c",
        effect=Effect.FAILS,
        what="rows",
        question=RowCondition("`a` < 0"),
    ),
    walk=Walk(index="PRIMARY", columns=("id",)),
)
PLACE = Place(
    begun_s=NOW_S - 60, seen_s=NOW_S, rows_seen=37, rows_of=100, index="PRIMARY", values=("37",)
)
OPEN = NotSettled(at_s=NOW_S, because="the time was over", place=PLACE)


@dataclass
class KeptPlaces:
    """Implements the RowPlaces port; one that `is_lost` keeps nothing."""

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
class Kept:
    """Implements the RowAnswers port; no answer is kept."""

    places: KeptPlaces = field(default_factory=KeptPlaces)
    failures: dict[tuple[str, str], float] = field(default_factory=dict)

    def held(self, environment: str, keyspace: str, *, since_s: float) -> Mapping[AskedOf, Holds]:
        return {}

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
        pass


def seen(*, server: str = "one", fingerprint: str = "f") -> SeenShard:
    observation = SimpleNamespace(shard="-80", server=server, settings="s", place=f"{server}/d")
    table = SimpleNamespace(fingerprint=fingerprint)
    return cast(
        SeenShard,
        SimpleNamespace(shard="-80", observation=observation, definitions={"t": table}),
    )


def memory(kept: Kept | None, *, now_s: float = NOW_S, reuse_s: int = REUSE_S) -> RowMemory:
    asks = SimpleNamespace(on=AskedOn.PRIMARY, reuse_s=reuse_s)
    begun = SimpleNamespace(
        environment=SimpleNamespace(name="production", preflight=asks),
        files=SimpleNamespace(spec=SimpleNamespace(keyspace="shop")),
    )
    return RowMemory(cast(Pass, begun), (lambda: kept) if kept else None, now_s)


@pytest.mark.invariant("PF-30")
def test_a_place_is_of_the_very_question_and_as_old_as_its_first_stretch() -> None:
    kept = Kept()
    [[told]] = memory(kept).keep([(seen(), [PROBE], (OPEN,))])
    assert told == OPEN
    assert memory(kept).places(seen(), [PROBE]) == {PROBE: PLACE}
    assert memory(kept, now_s=NOW_S + REUSE_S).places(seen(), [PROBE]) == {}
    assert memory(kept, now_s=NOW_S - 90).places(seen(), [PROBE]) == {}, "of the future"
    for other in (seen(server="two"), seen(fingerprint="g")):
        assert memory(kept).places(other, [PROBE]) == {}
    asks_otherwise = replace(PROBE, raised=replace(PROBE.raised, question=RowCondition("`a` < 1")))
    assert memory(kept).places(seen(), [asks_otherwise]) == {}


@pytest.mark.invariant("PF-30")
@pytest.mark.parametrize("answer", [Holds(at_s=NOW_S), Violated(at_s=NOW_S, rows_min=1)])
def test_an_answer_ends_its_walk(answer: Holds | Violated) -> None:
    kept = Kept()
    memory(kept).keep([(seen(), [PROBE], (OPEN,))])
    memory(kept).keep([(seen(), [PROBE], (answer,))])
    assert memory(kept).places(seen(), [PROBE]) == {}


@pytest.mark.invariant("PF-30")
def test_nobody_is_told_of_a_place_that_is_not_kept() -> None:
    [[told]] = memory(Kept(KeptPlaces(is_lost=True))).keep([(seen(), [PROBE], (OPEN,))])
    assert told == replace(OPEN, place=None)
    for without in (memory(None), memory(Kept(), reuse_s=0)):
        assert without.places(seen(), [PROBE]) is None


@pytest.mark.invariant("PF-12")
@pytest.mark.parametrize(("failed_s", "is_used"), [(PLACE.begun_s + 1, False), (1.0, True)])
def test_no_walk_goes_on_that_was_begun_before_a_statement_failed(
    failed_s: float, is_used: bool
) -> None:
    kept = Kept(failures={("-80", "t"): failed_s})
    memory(kept).keep([(seen(), [PROBE], (OPEN,))])
    assert memory(kept).places(seen(), [PROBE]) == ({PROBE: PLACE} if is_used else {})
