"""Which answers that were kept are used again, and which are kept no more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import SimpleNamespace
from typing import cast

import pytest

from reconciler.flows.reconcile_pass import Pass
from reconciler.flows.row_memory import RowMemory
from reconciler.model.observation import ObservedShard
from reconciler.model.server import Flavor, ServerSettings, ServerVersion
from reconciler.observe.shards import SeenShard
from reconciler.preflight.kept import AskedOf
from reconciler.preflight.model import (
    Effect,
    Holds,
    NotSettled,
    Probe,
    QuestionKind,
    Raised,
    RowCondition,
    Violated,
)
from reconciler.spec.preflight import AskedOn, PreflightSpec
from tests.unit.flows.test_row_places import KeptPlaces

SETTINGS = ServerSettings(
    version=ServerVersion(Flavor.MYSQL, 9, 7, 4),
    variables=(),
    database_charset="utf8mb4",
    database_collation="utf8mb4_0900_ai_ci",
)
PROBE = Probe(
    table="t",
    statement=0,
    raised=Raised(
        kind=QuestionKind.NULLS,
        object="a",
        effect=Effect.FAILS,
        what="rows with NULL",
        question=RowCondition("`a` IS NULL"),
    ),
)
NOW_S = 1_000.0
HELD = Holds(at_s=900.0)


class Kept:
    """Implements the RowAnswers port."""

    def __init__(self) -> None:
        self.answers: dict[AskedOf, Holds] = {}
        self.failures: dict[tuple[str, str], float] = {}
        self.places = KeptPlaces()

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


def memory(kept: Kept, spec: PreflightSpec | None = None) -> RowMemory:
    environment = SimpleNamespace(name="production", preflight=spec or PreflightSpec(reuse_s=3_600))
    begun = SimpleNamespace(
        environment=environment, files=SimpleNamespace(spec=SimpleNamespace(keyspace="commerce"))
    )
    return RowMemory(cast(Pass, begun), lambda: kept, NOW_S)


def seen(shard: str = "-80") -> SeenShard:
    observed = ObservedShard(shard=shard, settings=SETTINGS, definitions=(), place="one/shop")
    definitions = {"t": SimpleNamespace(fingerprint="sha256:1")}
    return cast(
        SeenShard, SimpleNamespace(shard=shard, observation=observed, definitions=definitions)
    )


@pytest.mark.invariant("PF-12")
@pytest.mark.parametrize(
    ("failed", "is_used"),
    [
        ({}, True),
        ({("-80", "t"): 950.0}, False),
        ({("-80", "T"): 950.0}, False),  # the server may call it so
        ({("-80", "t"): 850.0}, True),  # it was asked again behind that
        ({("80-", "t"): 950.0, ("-80", "u"): 950.0}, True),
    ],
)
def test_an_answer_of_before_a_statement_that_failed_is_not_used(
    failed: dict[tuple[str, str], float], is_used: bool
) -> None:
    kept = Kept()
    memory(kept).keep([(seen(), [PROBE], (HELD,))])
    kept.failures = failed
    assert memory(kept).known(seen(), [PROBE]) == ({PROBE: HELD} if is_used else {})


@pytest.mark.invariant("PF-9")
@pytest.mark.parametrize(
    ("behind_s", "lag_max_s", "is_used"), [(20, 20, True), (20, 19, False), (None, 20, False)]
)
def test_a_replica_that_was_further_behind_than_the_spec_allows_by_now_has_not_answered(
    behind_s: int | None, lag_max_s: int, is_used: bool
) -> None:
    kept, held = Kept(), Holds(at_s=900.0, behind_s=behind_s)
    spec = PreflightSpec(on=AskedOn.REPLICA, lag_max_s=30, reuse_s=3_600)
    memory(kept, spec).keep([(seen(), [PROBE], (held,))])
    spec = PreflightSpec(on=AskedOn.REPLICA, lag_max_s=lag_max_s, reuse_s=3_600)
    assert memory(kept, spec).known(seen(), [PROBE]) == ({PROBE: held} if is_used else {})


@pytest.mark.invariant("PF-12")
def test_rows_that_are_found_in_the_way_take_back_what_was_kept() -> None:
    kept = Kept()
    memory(kept).keep([(seen(), [PROBE], (HELD,)), (seen("80-"), [PROBE], (HELD,))])
    memory(kept).keep([(seen(), [PROBE], (NotSettled(at_s=950.0, because="the time was over"),))])
    assert memory(kept).known(seen(), [PROBE]) == {PROBE: HELD}
    memory(kept).keep([(seen(), [PROBE], (Violated(at_s=950.0, rows_min=1),))])
    assert memory(kept).known(seen(), [PROBE]) == {}
    assert memory(kept).known(seen("80-"), [PROBE]) == {PROBE: HELD}
