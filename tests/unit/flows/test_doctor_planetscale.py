"""`doctor` on a keyspace at PlanetScale: what answers, and what keeps an apply from working."""

from __future__ import annotations

import pytest

from reconciler.errors import Problem, Unavailable
from reconciler.flows.doctor_planetscale import planetscale_findings
from reconciler.outcomes.doctor import CheckMark
from tests.contract.test_deploy_requests import CREATED, DATABASE, MEANING, NOTES
from tests.planetscale_double.hub import Hub
from tests.planetscale_double.offline import OfflinePlanetScale
from tests.planetscale_double.stores import MemoryStore


def hub_with(*, safe_migrations: bool = True) -> Hub:
    store = MemoryStore(MEANING, {"main": {"orders": CREATED}})
    return Hub(store, safe_migrations=safe_migrations)


def marks(planetscale: OfflinePlanetScale) -> dict[str, CheckMark]:
    return {one.subject: one.mark for one in planetscale_findings(planetscale, DATABASE)}


def test_what_a_plan_reads_is_read() -> None:
    found = marks(OfflinePlanetScale(hub_with()))
    assert found == {
        "branch main": CheckMark.OK,
        "schema of shop": CheckMark.OK,
        "deploy requests": CheckMark.OK,
        "deploy queue": CheckMark.OK,
        "service token": CheckMark.SKIPPED,
    }


def test_a_branch_that_nothing_is_deployed_into_fails() -> None:
    found = marks(OfflinePlanetScale(hub_with(safe_migrations=False)))
    assert found["branch main"] is CheckMark.FAILED


def test_deploys_of_others_are_named() -> None:
    hub = hub_with()
    hub.create_branch("somebody", "main")
    hub.execute("somebody", NOTES)
    number = hub.open_request("somebody", "main", "", cuts_over=False)
    hub.step()
    hub.deploy(number)
    findings = [*planetscale_findings(OfflinePlanetScale(hub), DATABASE)]
    [queue] = [one for one in findings if one.subject == "deploy queue"]
    assert queue.mark is CheckMark.WARNING
    assert queue.message.endswith(f": {number}")


@pytest.mark.parametrize("call", ["branch", "schema", "requests_from", "queue"])
def test_what_does_not_answer_fails_by_name(call: str) -> None:
    def lost(made: str) -> None:
        if made == call:
            raise Unavailable(Problem(code="lost", message="no answer", recovery="wait"))

    failed = [
        one
        for one in planetscale_findings(OfflinePlanetScale(hub_with(), around=lost), DATABASE)
        if one.mark is CheckMark.FAILED
    ]
    assert [one.message for one in failed] == ["no answer"]
