"""Two regions on two servers: each machine knows the addresses, the logins and the ledger of its
own region, and one plan over both is applied by parts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fleet import Ended, Fleet
from tests.integration.rollouts import ADD_COLUMN, ages

REGIONS = {"eu": ("-40", "80-c0"), "us": ("40-80", "c0-")}  # as the shards are dealt to servers
KEY = "a key for observations, of 32 characters"


@dataclass
class Regions:
    """A fleet whose repository everybody clones; `folder` is where observations are brought."""

    fleet: Fleet
    folder: Path
    clones: dict[str, Path]

    def run(self, where: str, *arguments: str) -> Ended:
        """On the machine of a region, or on one of none ("")."""
        with self._machine(where) as clone:
            return self.fleet.run(arguments[0], "-C", str(clone), *arguments[1:])

    def part(self, region: str, wave: int, *more: str, verb: str = "apply") -> Ended:
        return self.run(region, verb, "--region", region, "--wave", str(wave), *more)

    def observe(self, *regions: str) -> None:
        for region in regions:
            ended = self.run(region, "observe", "--region", region, "--out", str(self.folder))
            assert ended.code == 0, ended.said

    def plan(self) -> Ended:
        """Where nothing leads to any shard; reviewed and merged by then."""
        ended = self.run("", "plan", "--observations", str(self.folder), "--write")
        if ended.code == 0:
            clone = self.clones[""]
            for path in (clone / "plans").rglob("*.plan.*"):
                self.fleet.write(path.relative_to(clone).as_posix(), path.read_text())
            self.fleet.commit("a plan")
        return ended

    @contextmanager
    def _machine(self, where: str) -> Iterator[Path]:
        """With a fetch of its own, and nothing in its environment that leads elsewhere."""
        patch, clone = self.fleet.monkeypatch, self.clones[where]
        if not clone.exists():
            self.fleet.git("clone", "--quiet", str(self.fleet.root), str(clone))
        self.fleet.git("-C", str(clone), "fetch", "--quiet")
        self.fleet.git("-C", str(clone), "reset", "--quiet", "--hard", "origin/main")
        for number, region in enumerate(REGIONS):
            patch.delenv(f"FLEET_PASSWORD_{number}", raising=False)
            patch.delenv(f"FLEET_PORT_{region.upper()}", raising=False)
            patch.delenv(f"FLEET_LOGIN_{region.upper()}", raising=False)
            if region == where:
                server = self.fleet.servers[number]
                patch.setenv(f"FLEET_PORT_{region.upper()}", str(server.port))
                patch.setenv(f"FLEET_LOGIN_{region.upper()}", server.admin.password)
        patch.setenv("LEDGER_FILE", str(clone.parent / f"{where}.ledger"))
        yield clone


@pytest.fixture
def regions(fleet: Fleet, tmp_path: Path) -> Regions:
    shards = {entry["name"]: entry for entry in fleet.environment.pop("shards")}
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
    fleet.environment["rollout"] = {"canary": ["-40"], "waves": ["75%", "100%"], "parallel": 2}
    fleet.write_spec()
    fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)
    fleet.commit("a change")
    clones = {where: tmp_path / f"machine-{where or 'none'}" for where in ("", *REGIONS)}
    return Regions(fleet, tmp_path / "observations", clones)


def codes(ended: Ended) -> list[str]:
    (keyspace,) = json.loads(ended.out)["keyspaces"]
    return [found["code"] for found in keyspace.get("refusals", keyspace.get("problems", []))]


def statements(ended: Ended) -> int:
    (keyspace,) = json.loads(ended.out)["keyspaces"]
    assert ended.code == 0, ended.said
    return int(keyspace.get("statements_run", 0))


@pytest.mark.invariant("RG-2")
@pytest.mark.invariant("RG-12")
@pytest.mark.invariant("RG-21")
@pytest.mark.invariant("RG-22")
@pytest.mark.threat("TM-REGION-3")
def test_a_plan_over_two_regions_is_applied_by_parts_from_machines_that_know_one_each(
    regions: Regions,
) -> None:
    fleet = regions.fleet
    fleet.monkeypatch.setenv("RECONCILER_OBSERVATION_KEY", KEY)
    regions.observe("eu", "us")
    assert regions.plan().code == 0
    assert not (regions.clones[""].parent / ".ledger").exists()

    def refused(region: str, wave: int, *more: str) -> list[str]:
        ended = regions.part(region, wave, "-o", "json", *more)
        assert ended.code == 3, ended.said
        return codes(ended)

    def done(region: str, wave: int) -> int:
        return statements(regions.part(region, wave, "-o", "json"))

    assert regions.run("eu", "verify", "--region", "eu").code == 0
    assert refused("us", 3) == ["part-out-of-order"]
    assert refused("us", 4) == ["part-wave-unknown"]
    assert refused("us", 2, "--protocol", "2") == ["part-protocol"]
    assert refused("us", 2, "--plan", "sha256:0") == ["part-of-another-plan"]
    assert ages(fleet) == []
    assert (done("eu", 1), done("us", 1)) == (1, 0)
    assert ages(fleet) == ["-40"]
    assert done("eu", 1) == 0
    assert done("us", 2) == 1
    assert ages(fleet) == ["-40", "40-80"]
    # Drift in one region refuses that region, and no other.
    fleet.sql("c0-", "ALTER TABLE users ADD COLUMN by_hand int")
    assert refused("us", 3) == ["drift"]
    assert done("eu", 2) == 1
    fleet.sql("c0-", "ALTER TABLE users DROP COLUMN by_hand")
    assert (done("us", 3), done("eu", 3), done("us", 3)) == (1, 0, 0)
    assert ages(fleet) == ["-40", "40-80", "80-c0", "c0-"]
    for region in REGIONS:
        assert regions.run(region, "drift", "--region", region).code == 0
        said = regions.run(region, "status").out
        assert f"region {region}" in said
        assert "completed, 2 shards completed" in said
    regions.observe("eu", "us")
    assert "nothing to do" in regions.run("", "plan", "--observations", str(regions.folder)).out
    _hold_nothing_of_the_servers(regions)


def _hold_nothing_of_the_servers(regions: Regions) -> None:
    """What leaves a region, and what it records."""
    files = [*regions.folder.rglob("*.json"), *regions.folder.parent.glob("*.ledger")]
    assert len(files) == 4
    for server in regions.fleet.servers:
        for secret in (server.admin.password, f"{server.port}", "127.0.0.1"):
            for path in files:
                assert secret.encode() not in path.read_bytes(), f"{secret} in {path.name}"


@pytest.mark.invariant("RG-22")
def test_a_wave_that_is_ordered_before_its_soak_is_over_is_refused(regions: Regions) -> None:
    fleet = regions.fleet
    fleet.environment["rollout"]["soak"] = "1h"
    fleet.environment["rollout"]["gate"] = True
    fleet.write_spec()
    fleet.commit("a soak")
    regions.observe("eu", "us")
    assert regions.plan().code == 0
    assert regions.part("eu", 1).code == 0
    early = regions.part("eu", 2, "-o", "json")
    assert (early.code, codes(early)) == (3, ["part-soak"])
    assert ages(fleet) == ["-40"]
    # The other region has nothing to rest from: a gate is whoever orders it, and it goes on.
    assert regions.part("us", 2).code == 0
    assert ages(fleet) == ["-40", "40-80"]
    assert regions.run("us", "cancel", "--region", "us").code == 0
    assert "region us: cancelled" in regions.run("us", "status", "--region", "us").out
    assert "region eu: " in regions.run("eu", "status").out  # its own goes on


@pytest.mark.invariant("RG-12")
@pytest.mark.parametrize("region", REGIONS)
def test_a_region_that_was_not_looked_at_keeps_the_plan_from_being_made(
    regions: Regions, region: str
) -> None:
    regions.observe(*(other for other in REGIONS if other != region))
    ended = regions.plan()
    assert ended.code == 3, ended.said
    assert all(shard in ended.said for shard in REGIONS[region])
    assert f"no observation of region {region}" in ended.said


@pytest.mark.invariant("RG-2")
def test_a_machine_can_do_nothing_in_the_region_of_another(regions: Regions) -> None:
    regions.observe("eu", "us")
    assert regions.plan().code == 0
    ended = regions.run("eu", "apply", "--region", "us", "--wave", "1")
    assert ended.code != 0
    assert "FLEET_PORT_US" in ended.said
    assert ages(regions.fleet) == []
    assert regions.run("eu", "apply", "--region", "eu").code == 64
