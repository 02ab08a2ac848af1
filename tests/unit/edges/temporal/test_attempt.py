"""What one attempt at a part leaves to the next, whoever has that."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, replace
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from reconciler.edges.temporal.attempt import Attempt
from reconciler.edges.temporal.worker import RegionWork, activities_of
from reconciler.rollout.course import COURSE_PROTOCOL, PartEnd, PartReport, RegionOrder

ORDER = RegionOrder(
    environment="production",
    keyspace="shop",
    commit="a" * 40,
    plan_id="sha256:b",
    region="us",
    wave=1,
    is_first=True,
)
DONE = PartReport(end=PartEnd.COMPLETED)


def attempted(*shown_before: Any, begins: bool) -> tuple[bool, dict[str, int]]:
    """Whether the attempt knew of an earlier one's beginning, and what it showed of itself."""
    shown: list[dict[str, int]] = []
    known: list[bool] = []

    def apply(_order: RegionOrder, attempt: Attempt) -> PartReport:
        known.append(attempt.has_begun)
        attempt.has_begun = attempt.has_begun or begins
        return DONE

    work = RegionWork(region="us", apply=apply, end=lambda _order: DONE, grace_s=5)
    here = ActivityEnvironment()
    here.info = replace(here.info, heartbeat_details=list(shown_before))
    here.on_heartbeat = shown.append

    async def attempt() -> PartReport:
        with ThreadPoolExecutor(1) as threads:
            apply_part, _ = activities_of(work, threads)
            return await here.run(apply_part, asdict(ORDER))

    assert asyncio.run(attempt()) == DONE
    return known[0], shown[-1]


@pytest.mark.invariant("TM-5")
def test_an_attempt_knows_whether_one_before_it_had_begun() -> None:
    assert attempted(begins=False) == (False, {"done": 0, "of": 0, "begun": 0})
    assert attempted({"done": 0, "of": 4, "begun": 0}, begins=False)[0] is False
    known, shown = attempted({"done": 1, "of": 4, "begun": 1}, begins=False)
    assert (known, shown["begun"]) == (True, 1), "the one after it knows it, too"
    assert attempted(begins=True) == (False, {"done": 0, "of": 0, "begun": 1})


@pytest.mark.parametrize("shown_before", [{"done": 1, "of": 4}, "of another version", None])
def test_what_another_version_showed_tells_nothing(shown_before: Any) -> None:
    assert attempted(shown_before, begins=False)[0] is False


@pytest.mark.invariant("TM-6")
@pytest.mark.parametrize("activity", [0, 1], ids=["a part", "an end"])
@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"protocol": COURSE_PROTOCOL + 1, "of": "another version"}, "region-protocol"),
        ({"protocol": str(COURSE_PROTOCOL)}, "region-protocol"),
        ({}, "region-protocol"),
        ({"region": "eu"}, "region-other"),
    ],
)
def test_an_order_of_another_version_is_refused_by_name_before_it_is_read(
    given: dict[str, Any], code: str, activity: int
) -> None:
    def begun(*_: object) -> PartReport:
        raise AssertionError("something of the order was carried out")

    work = RegionWork(region="us", apply=begun, end=begun, grace_s=5)
    order = given if code == "region-protocol" else {**asdict(ORDER), **given}

    async def attempt() -> None:
        with ThreadPoolExecutor(1) as threads:
            await ActivityEnvironment().run(activities_of(work, threads)[activity], order)

    with pytest.raises(ApplicationError) as refused:
        asyncio.run(attempt())
    assert (refused.value.type, refused.value.non_retryable) == (code, True)
