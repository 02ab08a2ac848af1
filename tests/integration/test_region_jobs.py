"""The workflow of a rollout over two regions, job by job as it stands in the file: each job of a
part knows the addresses, the login and the ledger of its own region alone."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import stamina
import yaml

from tests.fleet import Ended, Fleet
from tests.github_double.hub import BEN, ROBOT, Hub
from tests.github_double.server import Fault, serving
from tests.github_jobs import Jobs, review_spec
from tests.integration.rollouts import ADD_COLUMN, ages
from tests.integration.test_regions import REGIONS, codes
from tests.workflow_runs import Ended as JobEnded
from tests.workflow_runs import WorkflowRun

GATES = ("production/wave/2", "production/wave/3")


@dataclass
class Graph:
    """A repository on the forge with the workflow of its rollout. `opens` says whether somebody
    lets the run into the places where it waits; `told` is what each job said, `meanwhile` what
    happens while the run waits in one."""

    jobs: Jobs
    secrets: dict[str, dict[str, str]]
    opens: bool = True
    told: dict[tuple[str, str], Ended] = field(default_factory=dict)
    meanwhile: dict[str, Callable[[], object]] = field(default_factory=dict)
    commit: str | None = None

    @property
    def hub(self) -> Hub:
        return self.jobs.hub

    @property
    def fleet(self) -> Fleet:
        return self.jobs.fleet

    def begin(self) -> WorkflowRun:
        """For what is merged now; its approvals are of this run alone."""
        self.commit = self.hub.tip
        self.hub.run_approvals.clear()
        return WorkflowRun(self.written["jobs"])

    @property
    def written(self) -> Any:
        action = f"OWNER/reconciler@{'0' * 40}"
        self._machine(None)
        ended = self.fleet.run("ci", "workflow", "-C", str(self.fleet.root), "--action", action)
        assert ended.code == 0, ended.said
        return yaml.safe_load(ended.out)

    def work(self, job: str, leg: Mapping[str, str]) -> JobEnded:
        """One job of the graph, as its file has it."""
        found = self.written["jobs"][job]
        if job.startswith("hold-"):
            if job in self.meanwhile:
                self.meanwhile.pop(job)()
            if self.opens:
                self.hub.let_in(BEN, found["environment"])
            return ("success" if self.opens else "failure"), {}
        (step,) = [step for step in found["steps"] if "OWNER/" in step["uses"]]
        given = {name: _filled(str(value), leg) for name, value in step["with"].items()}
        self._machine(leg.get("region"), step.get("env", {}))
        ended = self.jobs.on_push(given.pop("command"), *_options(given), commit=self.commit)
        self.told[job, leg.get("region", "")] = ended
        return ("success" if ended.code == 0 else "failure"), self._outputs()

    def part(self, region: str, wave: int, *more: str) -> Ended:
        """A job that the graph would not have begun."""
        self._machine(region, dict.fromkeys(self.secrets["eu"] | self.secrets["us"], ""))
        where = ("--region", region, "--wave", str(wave), *more)
        return self.jobs.on_push("apply", *where, commit=self.commit)

    def change(self, name: str, message: str = "a change") -> None:
        """Of the working tree, planned where every shard is reached, approved and merged; "back"
        takes the last one back."""
        self.jobs.branch(name)
        if name != "back":
            self.change_again(name, message)
            return
        self.fleet.git("revert", "--no-edit", "-m", "1", "HEAD")
        self._merge(self.jobs.propose(name))

    def change_again(self, name: str, message: str = "a change", *, edits: bool = True) -> None:
        """On top of what is in the working tree, or that alone."""
        self._merge(self.proposed(name, message, edits=edits))

    def proposed(self, name: str, message: str = "a change", *, edits: bool = True) -> int:
        """The same as a pull request, whose number it returns."""
        if edits:
            self.fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)
        for secrets in self.secrets.values():
            for variable, value in secrets.items():
                self.fleet.monkeypatch.setenv(variable, value)
        self.fleet.plan_and_commit(message)
        return self.jobs.propose(name)

    def _merge(self, number: int) -> None:
        self.hub.reviewed(BEN, number)
        self.jobs.merged(number)

    def _machine(self, region: str | None, env: Mapping[str, str] = {}) -> None:
        """What is no secret of the region's place is filled in as nothing."""
        own = self.secrets.get(region or "", {})
        for name in {name for secrets in self.secrets.values() for name in secrets}:
            if name in env:
                self.fleet.monkeypatch.setenv(name, own.get(name, ""))
            else:
                self.fleet.monkeypatch.delenv(name, raising=False)

    def _outputs(self) -> dict[str, str]:
        lines = (self.jobs.folder / "output").read_text().splitlines()
        return {name: value for name, _, value in (line.partition("=") for line in lines)}


def _filled(text: str, leg: Mapping[str, str]) -> str:
    return re.sub(r"\$\{\{ matrix\.(\w+) \}\}", lambda found: leg[found[1]], text)


def _options(given: dict[str, str]) -> list[str]:
    """As the action gives them on."""
    names = given.pop("keyspaces", "").split()
    return [f"--{name}={value}" for name, value in given.items() if value] + names


@pytest.fixture
def graph(fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Graph]:
    """`-40` of eu is the canary; wave 2 has a shard of each region, wave 3 one of us."""
    with published(fleet, tmp_path, monkeypatch) as made:
        made.change("feature")
        yield made


@contextmanager
def published(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, **rollout: object
) -> Iterator[Graph]:
    """On the forge, with a spec that was reviewed, and nothing to do."""
    shards = {entry["name"]: entry for entry in fleet.environment.pop("shards")}
    secrets = {
        region: {
            f"FLEET_PORT_{region.upper()}": str(fleet.servers[number].port),
            f"FLEET_LOGIN_{region.upper()}": fleet.servers[number].admin.password,
            "LEDGER_FILE": str(tmp_path / f"{region}.ledger"),
            "FLEET_SCRATCH_PASSWORD": _scratch_password(fleet),
        }
        for number, region in enumerate(REGIONS)
    }
    fleet.environment["regions"] = {
        region: {
            "connection": {
                "port": f"${{FLEET_PORT_{region.upper()}}}",
                "password": f"${{FLEET_LOGIN_{region.upper()}}}",
            },
            "shards": [
                {"name": name, "connection": {"database": shards[name]["connection"]["database"]}}
                for name in names
            ],
        }
        for region, names in REGIONS.items()
    }
    fleet.environment["ledger"] = "sqlite:///${LEDGER_FILE}"
    waves = {"canary": ["-40"], "waves": ["75%", "100%"], "gate": True}
    fleet.environment["rollout"] = waves | rollout
    fleet.write_spec()
    fleet.commit("regions")
    hub = Hub(tmp_path)
    for place in GATES:
        hub.protected(place, BEN)
    stamina.set_testing(True, attempts=2)
    with serving(hub) as double:
        jobs = Jobs(fleet, hub, double, tmp_path, monkeypatch)
        jobs.publish()
        review_spec(jobs)
        yield Graph(jobs, secrets)
    stamina.set_testing(False)


def _scratch_password(fleet: Fleet) -> str:
    import os

    return os.environ["FLEET_SCRATCH_PASSWORD"]


@pytest.mark.invariant("RG-30")
@pytest.mark.invariant("RG-31")
@pytest.mark.invariant("RG-35")
def test_a_part_that_failed_holds_the_waves_behind_it_until_it_is_run_again(graph: Graph) -> None:
    fleet, run = graph.fleet, graph.begin()
    graph.meanwhile["hold-2"] = lambda: fleet.sql("80-c0", "ALTER TABLE users ADD by_hand int")
    assert run.attempt(graph.work) == "failure"
    assert run.results == {
        "parts": "success",
        "wave-1": "success",
        "hold-2": "success",
        "wave-2": "failure",
        "hold-3": "skipped",
        "wave-3": "skipped",
    }
    assert graph.told["wave-2", "eu"].code == 3
    assert "[drift]" in graph.told["wave-2", "eu"].said
    assert ages(fleet) == ["-40", "40-80"]  # the other region's part was not ended
    states = {s["context"]: s["state"] for s in graph.hub.statuses}
    assert states["reconciler/production/region/eu/apply"] == "failure"
    assert states["reconciler/production/region/us/apply"] == "success"
    # Somebody settles it and runs the failed job again.
    fleet.sql("80-c0", "ALTER TABLE users DROP COLUMN by_hand")
    graph.told.clear()
    assert run.attempt(graph.work) == "success"
    assert set(graph.told) == {("wave-2", "eu"), ("wave-3", "us")}
    assert ages(fleet) == ["-40", "40-80", "80-c0", "c0-"]
    # Everything again: nothing is left to do, and nobody is refused for it.
    assert graph.begin().attempt(graph.work) == "success"
    comments = "\n".join(graph.jobs.comments(2))
    assert "region eu" in comments
    assert "region us" in comments
    for secrets in graph.secrets.values():
        for name in ("FLEET_PORT_EU", "FLEET_LOGIN_EU", "FLEET_PORT_US", "FLEET_LOGIN_US"):
            assert secrets.get(name, "\0") not in comments + graph.jobs.summary


@pytest.mark.invariant("RG-22")
@pytest.mark.invariant("RG-34")
@pytest.mark.threat("TM-REGION-3")
@pytest.mark.threat("TM-REGION-10")
def test_a_part_out_of_order_or_before_its_gate_is_refused_by_its_region(graph: Graph) -> None:
    graph.begin()
    closed = graph.part("us", 3)
    assert closed.code == 3, closed.said
    assert "[wave-gate-closed]" in closed.said
    graph.hub.let_in(ROBOT, GATES[1])
    graph.hub.let_in(BEN, GATES[0])
    graph.hub.let_in(BEN, GATES[1], state="rejected")
    assert "[wave-gate-closed]" in graph.part("us", 3).said
    graph.hub.let_in(BEN, GATES[1])
    early = graph.part("us", 3)
    assert early.code == 3, early.said
    assert "[part-out-of-order]" in early.said
    assert "[part-of-another-plan]" in graph.part("us", 2, "--plan", "sha256:0").said
    assert ages(graph.fleet) == []


@pytest.mark.invariant("RG-31")
def test_a_gate_that_nobody_opens_ends_the_run_before_its_wave(graph: Graph) -> None:
    graph.opens = False
    run = graph.begin()
    assert run.attempt(graph.work) == "failure"
    assert ages(graph.fleet) == ["-40"]
    graph.opens = True
    assert run.attempt(graph.work) == "success"
    assert len(ages(graph.fleet)) == 4


@pytest.mark.invariant("RG-94")
def test_a_graph_goes_past_a_failure_that_somebody_released(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with published(fleet, tmp_path, monkeypatch, on_failure="pause") as graph:
        graph.jobs.branch("unique")
        fleet.edit("schemas/shop/users.sql", "KEY (id)", "KEY (id),\n  UNIQUE KEY one_name (name)")
        graph.change_again("unique", edits=False)
        fleet.sql("-40", "INSERT INTO users VALUES (1, 'twin'), (2, 'twin')")
        run = graph.begin()
        assert run.attempt(graph.work) == "failure"
        assert graph.told["wave-1", "eu"].code == 4
        assert run.attempt(graph.work) == "failure", "to run it again is no release"
        graph._machine("eu", graph.secrets["eu"])
        released = fleet.run("release", "--environment", "production", "--region", "eu")
        assert released.code == 0, released.said
        assert run.attempt(graph.work) == "success"
        assert "keep no wave behind this one from beginning" in graph.told["wave-1", "eu"].said
        found = fleet.all_definitions()
        assert [s for s in found if "one_name" not in found[s]["users"]] == ["-40"]
        states = {s["context"]: s["state"] for s in graph.hub.statuses}
        assert states["reconciler/production/region/eu/apply"] == "failure", (
            "it is told all the same"
        )
        assert states["reconciler/production/region/us/apply"] == "success"


@pytest.mark.invariant("RG-33")
@pytest.mark.invariant("RG-32")
@pytest.mark.threat("TM-REGION-9")
def test_no_part_is_ordered_where_the_forge_or_the_workflow_would_not_hold_a_wave(
    graph: Graph,
) -> None:
    graph.commit = graph.hub.tip

    def refused(*more: str) -> str:
        ended = graph.jobs.on_push("parts", "--environment=production", *more, commit=graph.commit)
        assert ended.code == 3, ended.said
        assert graph._outputs()["waves"] == "{}"
        return ended.said

    assert "[workflow-outdated]" in refused("--waves=2", "--held=2")
    assert "[workflow-outdated]" in refused("--waves=3", "--held=2")
    graph.hub.protected(GATES[1])
    assert "[wave-unguarded]" in refused("--waves=3", "--held=2,3")
    del graph.hub.places[GATES[1]]
    assert "[wave-unguarded]" in refused("--waves=3", "--held=2,3")
    graph.hub.protected(GATES[1], BEN)
    graph.jobs.double.fail("environments", Fault.BROKEN)
    assert graph.begin().attempt(graph.work) == "failure"
    graph.jobs.double.fail("nothing", Fault.BROKEN)
    assert ages(graph.fleet) == []


@pytest.mark.invariant("RG-30")
def test_a_plan_that_nobody_approved_orders_no_part(graph: Graph) -> None:
    graph.hub.pulls[2].reviews.clear()
    run = graph.begin()
    assert run.attempt(graph.work) == "failure"
    assert set(graph.told) == {("parts", "")}
    assert "[approvals-missing]" in graph.told["parts", ""].said
    assert ages(graph.fleet) == []


@pytest.mark.invariant("RV-5")
@pytest.mark.invariant("RG-30")
def test_a_merge_in_the_midst_that_takes_the_plan_back_ends_the_rollout(graph: Graph) -> None:
    graph.opens = False
    first = graph.begin()
    assert first.attempt(graph.work) == "failure"
    assert ages(graph.fleet) == ["-40"]
    graph.change("back")
    # The rest of the run before does nothing, and is no failure.
    graph.opens = True
    assert first.attempt(graph.work) == "success"
    assert "superseded" in graph.told["wave-2", "us"].said
    assert ages(graph.fleet) == ["-40"]
    # The new one has no plan: every region looks, and where something was applied it says so.
    second = graph.begin()
    graph.told.clear()
    assert second.attempt(graph.work) == "failure"
    assert graph.told["wave-1", "us"].code == 0
    assert graph.told["wave-1", "eu"].code == 3
    assert "[plan-missing]" in graph.told["wave-1", "eu"].said


def test_the_matrix_is_one_of_parts_and_says_which_plan(graph: Graph) -> None:
    graph.begin()
    asked = ("parts", "--environment=production", "-o", "json")
    ended = graph.jobs.on_push(*asked, commit=graph.commit)
    assert ended.code == 0, ended.said
    told = json.loads(ended.out)
    (keyspace,) = told["keyspaces"]
    assert {wave: found["held"] for wave, found in told["waves"].items()} == {
        "1": False,
        "2": True,
        "3": True,
    }
    parts = [
        (wave, each["region"], each["plan"])
        for wave, found in told["waves"].items()
        for each in found["parts"]
    ]
    plan = keyspace["plan_id"]
    assert parts == [("1", "eu", plan), ("2", "eu", plan), ("2", "us", plan), ("3", "us", plan)]
    assert codes(ended) == []
