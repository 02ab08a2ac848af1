"""What `DeployRequests` promises, asked of the one in memory, and of the adapter over HTTP: with
branches in memory, and with branches that are databases of a real server."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial

import pytest

from reconciler.edges.client.target import Target
from reconciler.edges.client.tls import Insecure
from reconciler.edges.mysql.connect import connect
from reconciler.edges.mysql.problems import ServerRefusal
from reconciler.edges.planetscale.branch_sql import BranchLogin, BranchSession
from reconciler.edges.planetscale.deploy_requests import PlanetScale
from reconciler.errors import Refused
from reconciler.model.deploy_request import DeploymentState, DeployRequest
from reconciler.model.server import ServerError
from reconciler.ports.deploy_requests import DeployRequests
from reconciler.spec.model import PlanetScaleDatabase
from tests.planetscale_double.hub import REVERT_WINDOW_S, Hub
from tests.planetscale_double.offline import OfflinePlanetScale
from tests.planetscale_double.server import TOKEN, TOKEN_ID, Double, serving
from tests.planetscale_double.stores import MemoryStore, MysqlStore, NotRun
from tests.subjects import Server

S = DeploymentState
DATABASE = PlanetScaleDatabase(
    organization="acme",
    database="store",
    keyspace="shop",
    mysql="9.7",
    token_id="${SCHEMA_PLANETSCALE_ID}",
    token="${SCHEMA_PLANETSCALE}",
)
ENVIRON = {"SCHEMA_PLANETSCALE_ID": TOKEN_ID, "SCHEMA_PLANETSCALE": TOKEN}
CREATED = "CREATE TABLE `orders` (\n  `id` int NOT NULL,\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB"
WIDENED = CREATED.replace("NOT NULL,", "NOT NULL,\n  `note` varchar(20) DEFAULT NULL,")
NOTES = CREATED.replace("orders", "notes")
ADD = "ALTER TABLE `orders` ADD COLUMN `note` varchar(20) DEFAULT NULL"
MEANING = {ADD: ("orders", WIDENED), NOTES: ("notes", NOTES)}
BRANCH = "reconciler-0123456789abcdef-7"


@dataclass(frozen=True, kw_only=True)
class Stand:
    planetscale: DeployRequests
    hub: Hub

    def tables(self, branch: str) -> list[str]:
        return [name for name, _ in self.planetscale.schema(DATABASE, branch)]

    def the_request(self) -> DeployRequest:
        (found,) = self.planetscale.requests_from(DATABASE, BRANCH)
        return found

    def changed_branch(self) -> None:
        self.planetscale.create_branch(DATABASE, BRANCH)
        self.planetscale.run(DATABASE, BRANCH, [ADD, NOTES])

    def deployed_until(self, state: DeploymentState) -> int:
        """From nothing on; cut over where that is beyond it."""
        self.changed_branch()
        number = self.planetscale.open_request(DATABASE, BRANCH, "plan 0123")
        self.hub.step()
        self.planetscale.deploy(DATABASE, number)
        for _ in range(8):
            if self.the_request().state is state:
                return number
            if self.the_request().state is S.PENDING_CUTOVER:
                self.planetscale.cut_over(DATABASE, number)
            self.hub.step()
        raise AssertionError(f"it is {self.the_request().state}")


def memory_hub() -> Hub:
    return Hub(MemoryStore(MEANING, {"main": {"orders": CREATED}}))


def adapter(
    double: Double, session: Callable[[str], AbstractContextManager[BranchSession]]
) -> PlanetScale:
    def connected(login: BranchLogin, keyspace: str) -> AbstractContextManager[BranchSession]:
        assert keyspace == double.hub.keyspace
        return session(double.logins[login.user])

    return PlanetScale(environ=ENVIRON, api_url=double.url, connected=connected)


@dataclass
class _InMemory:
    hub: Hub
    branch: str

    def execute(self, sql: str) -> None:
        try:
            self.hub.execute(self.branch, sql)
        except NotRun as refused:
            raise ServerRefusal(ServerError(number=1064, message=str(refused))) from None


@contextmanager
def memory_session(hub: Hub, branch: str) -> Iterator[BranchSession]:
    yield _InMemory(hub, branch)


@contextmanager
def mysql_session(hub: Hub, store: MysqlStore, branch: str) -> Iterator[BranchSession]:
    server = store.server
    target = Target(
        label="a branch",
        host=server.host,
        port=server.port,
        socket=None,
        database=store.database(branch),
        user=server.admin.user,
        password=server.admin.password,
        tls=Insecure(),
        connect_timeout_s=10,
        read_timeout_s=60,
    )
    with connect(target) as link:

        class Told:
            def execute(self, sql: str) -> None:
                link.execute(sql)
                hub.ran(branch, sql)

        yield Told()


@pytest.fixture(params=["memory", "http", "mysql"])
def stand(request: pytest.FixtureRequest) -> Iterator[Stand]:
    if request.param == "memory":
        hub = memory_hub()
        yield Stand(planetscale=OfflinePlanetScale(hub), hub=hub)
        return
    if request.param == "http":
        hub = memory_hub()
        with serving(hub) as double:
            planetscale = adapter(double, lambda branch: memory_session(hub, branch))
            yield Stand(planetscale=planetscale, hub=hub)
        return
    server: Server = request.getfixturevalue("mysql_server")
    store = MysqlStore(server, f"ps{secrets.token_hex(4)}")
    store.create("main", CREATED)
    hub = Hub(store)
    try:
        with serving(hub) as double:
            planetscale = adapter(double, lambda branch: mysql_session(hub, store, branch))
            yield Stand(planetscale=planetscale, hub=hub)
    finally:
        for branch in hub.branches:
            store.drop(branch)


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(Refused) as refused:
        act()
    return refused.value.problems[0].code


@pytest.mark.invariant("PS-8")
def test_what_time_it_is_planetscale_says(stand: Stand) -> None:
    stand.planetscale.branch(DATABASE, BRANCH)
    before_s = stand.planetscale.now_s()
    assert abs(before_s - stand.hub.now_s) <= 1, "and not this machine"
    stand.hub.step(600)
    stand.planetscale.branch(DATABASE, BRANCH)
    assert stand.planetscale.now_s() == pytest.approx(before_s + 600, abs=1)


def test_a_branch_begins_with_the_schema_of_production(stand: Stand) -> None:
    assert stand.planetscale.branch(DATABASE, BRANCH) is None
    stand.planetscale.create_branch(DATABASE, BRANCH)
    made = stand.planetscale.branch(DATABASE, BRANCH)
    assert made is not None
    assert (made.name, made.parent, made.is_production) == (BRANCH, "main", False)
    assert stand.tables(BRANCH) == ["orders"]
    stand.planetscale.delete_branch(DATABASE, BRANCH)
    assert stand.planetscale.branch(DATABASE, BRANCH) is None


def test_production_is_known_by_its_branch(stand: Stand) -> None:
    main = stand.planetscale.branch(DATABASE, "main")
    assert main is not None
    assert main.is_production
    assert main.has_safe_migrations


def test_statements_change_their_branch_alone(stand: Stand) -> None:
    stand.changed_branch()
    assert stand.tables(BRANCH) == ["notes", "orders"]
    assert "`note`" in dict(stand.planetscale.schema(DATABASE, BRANCH))["orders"]
    assert stand.tables("main") == ["orders"]


@pytest.mark.invariant("PS-2")
def test_nothing_is_sent_to_a_branch_of_production(stand: Stand) -> None:
    assert (
        refusal(lambda: stand.planetscale.run(DATABASE, "main", [NOTES]))
        == refusal(lambda: stand.planetscale.delete_branch(DATABASE, "main"))
        == "planetscale-production-branch"
    )
    assert stand.tables("main") == ["orders"]
    assert stand.hub.did == []


@pytest.mark.invariant("PS-2")
def test_what_the_spec_and_what_planetscale_call_production_are_both_spared(stand: Stand) -> None:
    planetscale, branches = stand.planetscale, stand.hub.branches
    planetscale.create_branch(DATABASE, BRANCH)
    branches["main"] = replace(branches["main"], is_production=False)
    branches[BRANCH] = replace(branches[BRANCH], is_production=True)
    stand.hub.did.clear()
    for name in ("main", BRANCH):
        assert (
            refusal(partial(planetscale.run, DATABASE, name, [NOTES]))
            == refusal(partial(planetscale.delete_branch, DATABASE, name))
            == "planetscale-production-branch"
        )
    assert stand.hub.did == []


def test_the_first_statement_that_fails_is_the_last(stand: Stand) -> None:
    stand.planetscale.create_branch(DATABASE, BRANCH)
    run = lambda: stand.planetscale.run(DATABASE, BRANCH, ["ALTER `orders` RUBBISH", NOTES])  # noqa: E731
    assert refusal(run) == "planetscale-statement-failed"
    assert stand.tables(BRANCH) == ["orders"]


def test_a_request_says_what_it_would_deploy_and_to_which_keyspace(stand: Stand) -> None:
    stand.changed_branch()
    number = stand.planetscale.open_request(DATABASE, BRANCH, "plan 0123")
    assert stand.the_request().state is S.PENDING
    stand.hub.step()
    request = stand.the_request()
    assert (request.number, request.state, request.is_open) == (number, S.READY, True)
    assert request.is_deployable
    assert not request.cuts_over_by_itself
    assert [(one.keyspace, one.table, one.sql) for one in request.operations] == [
        ("shop", "notes", NOTES),
        ("shop", "orders", ADD),
    ]
    assert stand.tables("main") == ["orders"]


def test_a_branch_without_a_change_has_nothing_to_deploy(stand: Stand) -> None:
    stand.planetscale.create_branch(DATABASE, BRANCH)
    stand.planetscale.open_request(DATABASE, BRANCH, "plan 0123")
    stand.hub.step()
    assert stand.the_request().state is S.NO_CHANGES


def test_a_deploy_waits_to_be_told_to_cut_over(stand: Stand) -> None:
    stand.deployed_until(S.PENDING_CUTOVER)
    stand.hub.step()
    assert stand.the_request().state is S.PENDING_CUTOVER
    assert stand.tables("main") == ["orders"]


def test_a_deploy_that_was_cut_over_has_changed_production_and_can_be_reverted(
    stand: Stand,
) -> None:
    number = stand.deployed_until(S.COMPLETE_PENDING_REVERT)
    assert stand.tables("main") == ["notes", "orders"]
    assert stand.the_request().ended_s is not None
    stand.planetscale.revert(DATABASE, number)
    stand.hub.step()
    assert stand.the_request().state is S.COMPLETE_REVERT
    assert stand.tables("main") == ["orders"]


def test_a_way_back_can_be_given_up_and_ends_by_itself(stand: Stand) -> None:
    number = stand.deployed_until(S.COMPLETE_PENDING_REVERT)
    stand.planetscale.skip_revert(DATABASE, number)
    assert stand.the_request().state is S.COMPLETE
    assert refusal(lambda: stand.planetscale.revert(DATABASE, number)) == "planetscale-refused"
    assert stand.planetscale.queue(DATABASE) == ()


def test_a_way_back_ends_by_itself(stand: Stand) -> None:
    stand.deployed_until(S.COMPLETE_PENDING_REVERT)
    stand.hub.step(REVERT_WINDOW_S)
    assert stand.the_request().state is S.COMPLETE


def test_a_deploy_can_be_stopped_until_it_has_cut_over(stand: Stand) -> None:
    number = stand.deployed_until(S.PENDING_CUTOVER)
    stand.planetscale.cancel(DATABASE, number)
    stand.hub.step()
    request = stand.the_request()
    assert (request.state, request.is_open) == (S.COMPLETE_CANCEL, False)
    assert stand.tables("main") == ["orders"]


def test_a_request_that_was_closed_is_never_deployed(stand: Stand) -> None:
    stand.changed_branch()
    number = stand.planetscale.open_request(DATABASE, BRANCH, "plan 0123")
    stand.planetscale.close(DATABASE, number)
    assert not stand.the_request().is_open
    assert refusal(lambda: stand.planetscale.deploy(DATABASE, number)) == "planetscale-refused"


def test_nothing_can_be_asked_of_a_request_twice(stand: Stand) -> None:
    stand.changed_branch()
    number = stand.planetscale.open_request(DATABASE, BRANCH, "plan 0123")
    again = lambda: stand.planetscale.open_request(DATABASE, BRANCH, "plan 0123")  # noqa: E731
    assert refusal(again) == "planetscale-refused"
    stand.hub.step()
    stand.planetscale.deploy(DATABASE, number)
    assert refusal(lambda: stand.planetscale.deploy(DATABASE, number)) == "planetscale-refused"


def test_a_deploy_waits_for_those_before_it_in_the_queue(stand: Stand) -> None:
    first = stand.deployed_until(S.PENDING_CUTOVER)
    stand.planetscale.create_branch(DATABASE, "somebody")
    stand.planetscale.run(DATABASE, "somebody", [NOTES])
    second = stand.planetscale.open_request(DATABASE, "somebody", "")
    stand.hub.step()
    stand.planetscale.deploy(DATABASE, second)
    assert [one.number for one in stand.planetscale.queue(DATABASE)] == [first, second]
    (waiting,) = stand.planetscale.requests_from(DATABASE, "somebody")
    assert waiting.preceding == (first,)
