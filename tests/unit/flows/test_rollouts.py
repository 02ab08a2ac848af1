"""A rollout over regions is begun by what was merged, or refused before anybody is asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from reconciler.errors import Refused
from reconciler.flows.rollouts import StartRequest, start_rollout
from reconciler.outcomes.rollouts import CourseAsked, CourseLook
from reconciler.rollout.course import CourseOrder
from tests.offline_fleet import SPEC, Files, environment, repository, with_plan
from tests.sample_regions import LIVE, NAMES, REGIONS, fleet_of, spec_of

MERGED, OTHER = "1" * 40, "2" * 40
REGIONAL = spec_of(REGIONS)


@dataclass
class Branch:
    """`History` whose protected branch holds one commit."""

    files: Files

    def resolve(self, ref: str) -> str:
        return ref

    def tree(self, commit: str) -> Files:
        return self.files

    def protected_tip(self) -> str | None:
        return MERGED

    def contains(self, tip: str, commit: str) -> bool:
        return commit == tip

    def versions_of(self, path: str) -> Iterator[bytes]:
        return iter(())


@dataclass
class Kept:
    """`Rollouts` that keeps what was ordered."""

    orders: list[CourseOrder] = field(default_factory=list)

    def start(self, order: CourseOrder) -> None:
        self.orders.append(order)

    def ask(
        self, environment: str, keyspace: str, asked: CourseAsked, by: str, region: str = ""
    ) -> bool:
        raise AssertionError("nobody asks")

    def look(self, environment: str, keyspace: str) -> CourseLook | None:
        raise AssertionError("nobody looks")


def started(spec: str = REGIONAL, *, plan: bool = True, commit: str = MERGED) -> list[CourseOrder]:
    files, kept = repository(spec=spec), Kept()
    if plan:
        files = with_plan(files, fleet_of(dict.fromkeys(NAMES, LIVE[0])))
    keyspace = files.keyspace()
    asked = StartRequest(commit=commit, asked_by="somebody", silent_s=30)
    start_rollout(Branch(files), kept, keyspace, environment(keyspace), asked)
    return kept.orders


def test_the_parts_of_the_merged_plan_are_ordered() -> None:
    (order,) = started()
    assert order.waves == (("eu",), ("eu",), ("us",))
    assert (order.commit, order.keyspace, order.environment) == (MERGED, "shop", "production")


@pytest.mark.invariant("TM-3")
@pytest.mark.parametrize(
    ("code", "given"),
    [
        ("rollout-without-plan", {"plan": False}),
        ("commit-not-merged", {"commit": OTHER}),
    ],
)
def test_what_was_not_merged_is_refused(code: str, given: dict[str, object]) -> None:
    with pytest.raises(Refused) as refused:
        started(**given)  # type: ignore[arg-type]
    assert [problem.code for problem in refused.value.problems] == [code]


@pytest.mark.invariant("RG-38")
def test_a_gate_that_is_kept_for_people_is_none_of_an_engines() -> None:
    kept = "gate: {by: [{login: somebody, id: 7}]}, canary"
    with pytest.raises(Refused) as refused:
        started(REGIONAL.replace("canary", kept, 1))
    assert [problem.code for problem in refused.value.problems] == ["wave-gate-kept"]


def test_without_regions_nobody_would_ask_for_parts() -> None:
    assert "regions" not in SPEC
    spec = REGIONAL.partition("    regions:")[0] + f"    shards: {list(NAMES)}\n"
    with pytest.raises(Refused) as refused:
        started(spec)
    assert [problem.code for problem in refused.value.problems] == ["rollout-without-regions"]
