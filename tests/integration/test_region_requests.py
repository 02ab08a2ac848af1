"""What people ask of regions' applies, from a region's machine and by jobs of the forge: recorded
in the region's own ledger, with who asked and by what right, and of no other region."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler.ledger.states import RequestKind
from tests.fleet import Ended
from tests.github_double.hub import ADA, BEN, CAI, ROBOT, User
from tests.github_double.server import Fault
from tests.integration.rollouts import ages
from tests.integration.test_region_jobs import GATES, Graph, graph
from tests.integration.test_regions import Regions, codes, regions
from tests.workflow_runs import WorkflowRun

__all__ = ["graph", "regions"]  # fixtures

CONTROL = "production/control"


def told(regions: Regions, where: str, verb: str, *more: str) -> tuple[int, str]:
    ended = regions.run(where, verb, "--region", where, "-o", "json", *more)
    (keyspace,) = json.loads(ended.out)["keyspaces"]
    assert keyspace["region"] == where
    return ended.code, keyspace["outcome"]


def unwrapped(ended: Ended) -> str:
    return " ".join(ended.out.split())


def state(regions: Regions, region: str) -> str:
    ended = regions.run(region, "status", "--region", region, "-o", "json")
    (apply,) = json.loads(ended.out)["applies"]
    assert apply["region"] == region
    return str(apply["outcome"])


@pytest.mark.invariant("RG-20")
@pytest.mark.invariant("RG-36")
@pytest.mark.parametrize("ledgers", ["of their own", "shared"])
def test_what_is_asked_of_a_region_is_asked_of_it_alone(regions: Regions, ledgers: str) -> None:
    """On the ledgers of the regions, or on one that both share."""
    if ledgers == "shared":
        path = regions.folder.parent / "shared.ledger"
        regions.fleet.environment["ledger"] = f"sqlite:///{path}"
        regions.fleet.write_spec()
        regions.fleet.commit("one ledger")
    regions.observe("eu", "us")
    assert regions.plan().code == 0
    assert told(regions, "us", "stop") == (3, "refused")  # there is nothing to ask yet
    assert regions.part("eu", 1).code == 0
    assert told(regions, "us", "cancel") == (3, "refused")
    assert regions.part("us", 2).code == 0
    assert told(regions, "us", "release") == (0, "applied")  # its next wave waits for an order
    assert told(regions, "us", "throttle") == (0, "applied")
    assert told(regions, "us", "throttle", "--off") == (0, "applied")
    assert told(regions, "eu", "stop") == (0, "applied")
    assert (state(regions, "eu"), state(regions, "us")) == ("paused", "paused")
    assert regions.part("eu", 2, verb="resume").code == 0
    assert ages(regions.fleet) == ["-40", "40-80", "80-c0"]
    assert told(regions, "us", "cancel") == (0, "applied")
    assert (state(regions, "eu"), state(regions, "us")) == ("completed", "cancelled")
    assert regions.run("us", "stop").code == 3, "of all shards there is no apply to ask"
    history = unwrapped(regions.run("us", "status", "--region", "us"))
    assert "cancel asked by " in history
    assert history.count("by the login of the ledger") == 4


@pytest.mark.invariant("RG-35")
def test_reports_of_a_region_say_so(regions: Regions) -> None:
    regions.observe("eu", "us")
    assert regions.plan().code == 0
    for verb in ("verify", "drift", "doctor"):
        assert "production, region eu" in regions.run("eu", verb, "--region", "eu").out
        ended = regions.run("eu", verb, "--region", "eu", "-o", "json")
        (keyspace,) = json.loads(ended.out)["keyspaces"]
        assert keyspace["region"] == "eu"


def asked(graph: Graph, what: str, *by: User | None, region: str = "eu", more: str = "") -> Ended:
    """By a run that the first started, and the last ran again."""
    graph.hub.run_by = (by[0], by[-1])
    graph._machine(region, dict.fromkeys(graph.secrets["eu"] | graph.secrets["us"], ""))
    where = ("--what", what, "--region", region, *more.split())
    return graph.jobs.on_push("ask", *where, commit=graph.hub.tip, name="workflow_dispatch")


def half_way(graph: Graph) -> WorkflowRun:
    """Behind the first wave, at a gate that nobody has opened yet."""
    graph.hub.protected(CONTROL, BEN)
    graph.opens = False
    run = graph.begin()
    run.attempt(graph.work)
    assert ages(graph.fleet) == ["-40"]
    return run


@pytest.mark.invariant("RG-36")
@pytest.mark.invariant("RG-37")
@pytest.mark.threat("TM-REGION-11")
def test_a_reviewer_asks_by_a_job_and_nobody_else_does(graph: Graph) -> None:
    half_way(graph)

    def refused(code: str, *by: User | None) -> None:
        ended = asked(graph, "cancel", *by)
        assert ended.code != 0, ended.said
        assert f"[{code}]" in ended.said, ended.said

    refused("ask-not-allowed", ADA)
    refused("ask-not-allowed", BEN, ADA)  # Ada runs again what Ben had started
    refused("ask-not-allowed", User(9, "ben"))  # has taken Ben's name
    refused("ask-by-nobody", ROBOT)
    refused("ask-by-nobody", BEN, None)
    graph.hub.run["event"] = "push"
    refused("ask-not-by-hand", BEN)
    graph.hub.run |= {"event": "workflow_dispatch", "head_branch": "feature"}
    refused("ask-not-by-hand", BEN)
    graph.hub.run["head_branch"] = "main"
    for call in (r"actions/runs/7\b", r"environments/production", "collaborators"):
        graph.jobs.double.fail(call, Fault.BROKEN)
        refused("forge-failing", BEN)
    graph.jobs.double.fail("nothing", Fault.BROKEN)
    del graph.hub.places[CONTROL]
    refused("ask-nobody-may", BEN)
    graph.hub.protected(CONTROL, BEN)
    for what in (RequestKind.STOP, RequestKind.CANCEL):
        ended = asked(graph, what.value, ADA, BEN)
        assert ended.code == 0, ended.said
        assert "region eu" in graph.jobs.summary
    graph._machine("eu", graph.secrets["eu"])
    history = unwrapped(graph.fleet.run("status", "-C", str(graph.jobs.place), "--region", "eu"))
    said = "ben (account 2) by https://github.com/acme/shop/actions/runs/7"
    assert f"cancel asked by {said}, as a reviewer of {CONTROL}" in history
    assert f"stop asked by {said}" in history


@pytest.mark.invariant("RG-37")
@pytest.mark.invariant("RG-63")
@pytest.mark.invariant("RG-68")
def test_a_resume_by_a_job_goes_on_with_its_wave_and_is_on_record(graph: Graph) -> None:
    run = half_way(graph)
    assert asked(graph, "stop", BEN).code == 0
    assert "[ask-not-allowed]" in asked(graph, "resume", ADA, more="--wave 2").said
    assert "[resume-which-wave]" in asked(graph, "resume", BEN).said  # none has begun
    for who, code in ((ADA, "ask-not-allowed"), (BEN, "resume-which-wave")):
        assert not Path(graph.secrets["us"]["LEDGER_FILE"]).exists()
        assert f"[{code}]" in asked(graph, "resume", who, region="us").said
    graph.opens = True
    assert run.attempt(graph.work) == "failure"  # somebody lets the next wave in
    assert "[apply-stopped]" in graph.told["wave-2", "eu"].said
    ended = asked(graph, "resume", BEN, more="--wave 2")
    assert ended.code == 0, ended.said
    assert ages(graph.fleet) == ["-40", "40-80", "80-c0"]
    graph._machine("eu", graph.secrets["eu"])
    history = unwrapped(graph.fleet.run("status", "-C", str(graph.jobs.place), "--region", "eu"))
    assert "taken up by ben (account 2)" in history


@pytest.mark.invariant("RG-38")
@pytest.mark.threat("TM-REGION-12")
def test_a_gate_that_is_kept_for_somebody_is_opened_by_nobody_else(graph: Graph) -> None:
    fleet = graph.fleet
    graph.change("back")
    fleet.environment["rollout"]["gate"] = {"by": [{"login": "cai", "id": CAI.id}]}
    graph.jobs.branch("named")
    fleet.write_spec()
    graph.change_again("named")
    graph.hub.protected(CONTROL, BEN)
    run = graph.begin()
    assert run.attempt(graph.work) == "failure"  # Cai is not asked in any place that holds a wave
    assert "[wave-unguarded]" in graph.told["parts", ""].said
    for place in GATES:
        graph.hub.protected(place, BEN, CAI)
    assert run.attempt(graph.work) == "failure"  # Ben lets it in
    assert "[wave-gate-kept]" in graph.told["wave-2", "eu"].said
    assert "[wave-gate-kept]" in graph.told["wave-2", "us"].said
    assert "[wave-gate-kept]" in asked(graph, "resume", BEN, more="--wave 2").said
    # Nor from the machine of the region, whoever is there.
    graph._machine("eu", graph.secrets["eu"])
    by_hand = ("apply", "-C", str(graph.jobs.place), "--region", "eu", "--wave", "2", "-o", "json")
    ended = fleet.run(*by_hand, "--protected-branch", "origin/main")
    assert (ended.code, codes(ended)) == (3, ["wave-gate-kept"])
    ended = fleet.run("release", "-C", str(graph.jobs.place), "--region", "eu", "--review", "none")
    assert "people whom it names" in unwrapped(ended) or "cai (account 3)" in unwrapped(ended)
    assert ended.code == 3
    assert asked(graph, "release", BEN).code == 3
    ended = asked(graph, "release", CAI)
    assert ended.code == 0, ended.said
    assert ages(fleet) == ["-40"]
    graph.hub.let_in(CAI, GATES[0])
    graph.hub.let_in(CAI, GATES[1])
    assert run.attempt(graph.work) == "success"
    assert len(ages(fleet)) == 4
