"""The loop on a keyspace at PlanetScale, by the commands that people type, on a double of the
service: production and branches are databases of a real MySQL."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.model.deploy_request import DeploymentState, DeployOperation
from reconciler.rollout.limits import DEPLOY_ON_ITS_WAY_S
from tests.fleet import USERS, Fleet
from tests.integration.rollouts import applying, status
from tests.planetscale_double.server import BRANCH_PASSWORD, TOKEN, TOKEN_ID
from tests.planetscale_double.service import Service, planetscale_service
from tests.scratch_servers import scratch_for
from tests.waiting import PATIENCE_S, comes_true

S = DeploymentState
ADD = ("NOT NULL,\n  PRIMARY", "NOT NULL,\n  age int,\n  PRIMARY")
NOTES = USERS.replace("TABLE users", "TABLE notes")


class PlanetScaleFleet(Fleet):
    """A repository that describes a keyspace of the double."""

    service: Service

    def found_at(self, service: Service, server: RunningServer) -> PlanetScaleFleet:
        self.service = service
        scratch = scratch_for(server)
        self.monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
        self.monkeypatch.setenv("SCHEMA_PLANETSCALE_ID", TOKEN_ID)
        self.monkeypatch.setenv("SCHEMA_PLANETSCALE", TOKEN)
        self.monkeypatch.setenv("RECONCILER_PLANETSCALE_API", service.double.url)
        self.monkeypatch.setenv("FLEET_SCRATCH_PASSWORD", scratch.password)
        self.spec = {
            "version": 1,
            "kind": "planetscale",
            "keyspace": "shop",
            "schema": "schemas/shop",
            "environments": {
                "production": {
                    "planetscale": {
                        "organization": "acme",
                        "database": "store",
                        "keyspace": service.hub.keyspace,
                        "mysql": "9.7",
                        "token_id": "${SCHEMA_PLANETSCALE_ID}",
                        "token": "${SCHEMA_PLANETSCALE}",
                        "revert_window": "0s",
                    },
                    "scratch": {
                        "host": "127.0.0.1",
                        "port": scratch.port,
                        "user": scratch.user,
                        "password": "${FLEET_SCRATCH_PASSWORD}",
                    },
                }
            },
        }
        self.write_spec()
        self.write("schemas/shop/users.sql", USERS)
        self.git("init", "--quiet", "--initial-branch=main")
        self.write(".gitignore", ".reconciler/\n")
        self.commit("as it is")
        return self

    @property
    def production(self) -> dict[str, str]:
        return self.service.hub.store.tables("main")

    def changed(self) -> None:
        """A reviewed plan that widens a table and makes another."""
        self.edit("schemas/shop/users.sql", *ADD)
        self.write("schemas/shop/notes.sql", NOTES)
        self.plan_and_commit()

    def until(self, is_so: Callable[[], bool]) -> None:
        assert comes_true(is_so), self.service.hub.did

    def until_state(self, *states: DeploymentState) -> None:
        """Or until its end, where what lasts for moments was not seen."""
        requests, awaited = self.service.hub.requests, {*states, S.COMPLETE_PENDING_REVERT}
        self.until(lambda: bool(requests) and requests[max(requests)].seen.state in awaited)

    def driver_is_gone(self) -> None:
        """For as long as a dead driver is waited for, and a write that it may have sent: what it
        did send has arrived by now."""
        with closing(sqlite3.connect(self.root / ".reconciler" / "ledger.sqlite")) as ledger:
            ledger.execute("UPDATE reconciler_leases SET heartbeat_s = 0")
            ledger.execute(
                "UPDATE reconciler_deploys SET intended_s = intended_s - ?", (DEPLOY_ON_ITS_WAY_S,)
            )
            ledger.commit()

    def branch_gets_ready(self) -> None:
        hub = self.service.hub
        with self.service.double.lock:
            (made,) = (branch for branch in hub.branches.values() if not branch.is_ready)
            hub.branches[made.name] = replace(made, is_ready=True)


@pytest.fixture
def shop(
    mysql_server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[PlanetScaleFleet]:
    root = tmp_path / "repository"
    root.mkdir()
    with planetscale_service(mysql_server, USERS) as service:
        fleet = PlanetScaleFleet(root, (), lambda _: "", monkeypatch)
        yield fleet.found_at(service, mysql_server)


@pytest.mark.invariant("PS-14")
def test_a_change_goes_through_a_deploy_request(shop: PlanetScaleFleet) -> None:
    examined = shop.run("doctor", "--identity", "changes")
    assert examined.code == 0, examined.said
    assert "of production, with safe migrations" in examined.out
    assert shop.run("drift").code == 0
    shop.changed()
    assert "one deploy request" in shop.read("plans/production/shop.plan.sql")
    verified = shop.run("verify")
    assert verified.code == 0, verified.said
    applied = shop.run("apply")
    assert applied.code == 0, applied.said
    assert "`age` int" in shop.production["users"]
    assert set(shop.production) == {"notes", "users"}
    assert shop.run("plan", "--detailed-exitcode").code == 0
    assert shop.run("drift").code == 0
    assert "nothing to do" in shop.run("apply").out
    assert shop.service.did("open") == shop.service.did("deploy") == 1
    assert list(shop.service.hub.branches) == ["main"]
    told = shop.run("status").out
    assert "asks PlanetScale to cut over (deploy request 1)" in told
    assert TOKEN not in told + applied.said
    assert BRANCH_PASSWORD not in told + applied.said


@pytest.mark.invariant("PS-8")
def test_a_driver_that_is_killed_at_each_phase_is_taken_up_and_nothing_is_deployed_twice(
    shop: PlanetScaleFleet,
) -> None:
    shop.changed()
    hub = shop.service.hub
    hub.branches_are_ready = False
    with applying(shop):
        shop.until(lambda: len(hub.branches) > 1)
    shop.driver_is_gone()
    shop.branch_gets_ready()
    phases: list[Callable[[], None]] = [
        lambda: shop.until(lambda: shop.service.did("run") == 2),
        lambda: shop.until_state(S.PENDING, S.READY),
        lambda: shop.until_state(S.QUEUED, S.SUBMITTING, S.IN_PROGRESS),
        lambda: shop.until_state(S.PENDING_CUTOVER, S.IN_PROGRESS_CUTOVER),
        lambda: shop.until_state(S.COMPLETE_PENDING_REVERT, S.COMPLETE),
    ]
    for reached in phases:
        with applying(shop):
            reached()
        shop.driver_is_gone()
    ended = shop.run("apply")
    assert ended.code == 0, ended.said
    for what in ("create", "open", "deploy", "cut over"):
        assert shop.service.did(what) == 1, hub.did
    assert shop.service.did("run") == 2, hub.did
    assert set(shop.production) == {"notes", "users"}
    assert list(hub.branches) == ["main"]
    assert shop.run("drift").code == 0


def waits_for_release(shop: PlanetScaleFleet) -> bool:
    return "`reconciler release`" in str(status(shop)["reason"])


@pytest.mark.invariant("PS-6")
@pytest.mark.invariant("PS-13")
def test_a_cutover_waits_for_the_gate_and_a_stop_leaves_it_to_the_next_run(
    shop: PlanetScaleFleet,
) -> None:
    shop.environment["rollout"] = {"cutover": {"gate": True}}
    shop.write_spec()
    shop.changed()
    with applying(shop) as process:
        shop.until_state(S.PENDING_CUTOVER)
        shop.until(lambda: waits_for_release(shop))
        assert shop.run("stop").code == 0
        process.wait(PATIENCE_S)
    assert status(shop)["outcome"] == "stopped"
    assert shop.service.did("cancel") == 0
    with applying(shop) as process:
        shop.until(lambda: status(shop)["holder"] is not None and waits_for_release(shop))
        released = shop.run("release")
        assert released.code == 0, released.said
        assert process.wait(PATIENCE_S) == 0
    assert shop.service.did("cut over") == shop.service.did("deploy") == 1
    assert "`age` int" in shop.production["users"]


@pytest.mark.invariant("PS-13")
def test_a_cancel_ends_the_deploy_at_planetscale(shop: PlanetScaleFleet) -> None:
    shop.environment["rollout"] = {"cutover": {"gate": True}}
    shop.write_spec()
    shop.changed()
    with applying(shop) as process:
        shop.until_state(S.PENDING_CUTOVER)
        assert shop.run("cancel").code == 0
        process.wait(PATIENCE_S)
    assert status(shop)["outcome"] == "cancelled"
    assert shop.service.did("cancel") == 1
    assert list(shop.service.hub.branches) == ["main"]
    assert "`age`" not in shop.production["users"]


@pytest.mark.invariant("PS-5")
@pytest.mark.threat("TM-PLANETSCALE-2")
def test_a_deploy_that_planetscale_words_otherwise_is_refused_by_name(
    shop: PlanetScaleFleet,
) -> None:
    def rewritten(operation: DeployOperation) -> DeployOperation:
        sql = operation.sql.replace("ADD COLUMN", "DROP `name`, ADD COLUMN")
        return replace(operation, sql=sql)

    shop.service.hub.rewritten = rewritten
    shop.changed()
    before = shop.production
    ended = shop.run("apply")
    assert ended.code != 0
    assert "[planetscale-deploy-differs]" in ended.said, ended.said
    assert shop.production == before
    assert shop.service.did("deploy") == 0


@pytest.mark.invariant("PS-4")
def test_drift_of_production_is_found_and_not_deployed_over(shop: PlanetScaleFleet) -> None:
    shop.changed()
    hub = shop.service.hub
    with shop.service.double.lock:
        hub.store.execute("main", "ALTER TABLE `users` ADD COLUMN `stray` int")
    drifted = shop.run("drift")
    assert drifted.code == 2, drifted.said
    assert "stray" in drifted.out
    ended = shop.run("apply")
    assert ended.code == 3, ended.said
    assert hub.did == []


def test_a_plan_taken_back_says_what_planetscale_can_still_revert(shop: PlanetScaleFleet) -> None:
    shop.environment["planetscale"]["revert_window"] = "30m"
    shop.write_spec()
    shop.changed()
    with applying(shop) as process:
        shop.until_state(S.COMPLETE_PENDING_REVERT)
        shop.until(lambda: "the end of its way back" in shop.run("status").out)
        assert shop.run("stop").code == 0
        assert process.wait(PATIENCE_S) == 0
    plan_id = status(shop)["plan_id"].partition(":")[2][:12]
    taken_back = shop.run("plan", "--revert", plan_id)
    assert "PlanetScale can revert deploy request 1 until" in taken_back.said, taken_back.said
