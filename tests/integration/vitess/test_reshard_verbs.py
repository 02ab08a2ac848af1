"""A shard of a real keyspace is split by the verbs that people type, beside an application."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reconciler.edges.client.opening import open_wire
from reconciler.edges.server.process import RunningServer
from reconciler.edges.vitess.local.cluster import VTCTLD
from tests.fleet import Ended
from tests.integration.rollouts import applying
from tests.integration.vitess.reshard_writer import Writer, check_orders
from tests.vitess import Vitess
from tests.vitess_fleet import VitessFleet
from tests.waiting import until

pytestmark = pytest.mark.vitess

SOURCES, TARGETS, STAYING = ("-80",), ("-40", "40-80"), ("80-",)
ORDERS = """CREATE TABLE orders (
  id bigint NOT NULL,
  customer_id bigint NOT NULL,
  v int DEFAULT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"""
BY_CUSTOMER = [{"columns": ["customer_id"], "name": "by_customer"}]
ROUTED: dict[str, Any] = {
    "sharded": True,
    "vindexes": {"by_customer": {"type": "xxhash"}},
    "tables": {
        "orders": {"column_vindexes": [{"columns": ["customer_id"], "name": "by_customer"}]}
    },
}


@dataclass
class Shop:
    vitess: Vitess
    keyspace: str
    fleet: VitessFleet

    def says(self, *arguments: str, code: int = 0) -> Ended:
        ended = self.fleet.run(*arguments)
        assert ended.code == code, ended.said
        assert self.vitess.cluster.vtctld_address not in ended.said
        return ended

    def propose(self) -> None:
        """The edit of the pull request."""
        self.fleet.git("checkout", "--quiet", "-b", "move")
        environment = self.fleet.environment
        environment["shards"] = [*TARGETS, *STAYING]
        environment["retiring"] = [*SOURCES]
        environment["reshard"] = {"grace": "0s", "retain": "0s"}
        self.fleet.write_spec()

    def plan(self) -> None:
        said = self.says("plan", "--write").out
        assert "wrote plans/production/shop.split.json" in said
        self.fleet.commit("replace a shard")

    def merge(self) -> None:
        self.fleet.git("checkout", "--quiet", "main")
        self.fleet.git("merge", "--quiet", "move")

    def tidy(self) -> None:
        del self.fleet.environment["retiring"]
        self.fleet.write_spec()
        self.fleet.git("rm", "--quiet", "-r", "plans")
        self.fleet.commit("nothing retires any more")

    def workflows(self) -> list[Any]:
        answer = json.loads(self.vitess.ask("GetWorkflows", "--show-all", self.keyspace))
        found: list[Any] = answer["workflows"]
        return found


@pytest.fixture
def shop(
    vitess: Vitess, mysql_server: RunningServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Shop:
    keyspace = vitess.keyspace(vschema=json.dumps(ROUTED))
    vitess.sql(keyspace, ORDERS)
    root = tmp_path / "repository"
    root.mkdir()
    fleet = VitessFleet(root, (), lambda _: "", monkeypatch)
    fleet.found_on(
        vitess,
        keyspace,
        mysql_server,
        tables={"orders": ORDERS},
        vschema=json.dumps(ROUTED),
        rollout={"parallel": 2},
    )
    return Shop(vitess, keyspace, fleet)


@contextmanager
def copying_held_up(shop: Shop) -> Iterator[None]:
    """Somebody is about to write to the source's table: its definition can be read, and its rows
    not as they are at one moment, which takes a lock that waits for writers."""
    place = shop.vitess.tablet(shop.keyspace, *SOURCES)
    target = shop.vitess.cluster.server_target(place.server)
    with (
        open_wire(target, program="tests", database=place.database) as held,
        held.cursor() as cursor,
    ):
        cursor.execute("BEGIN")
        cursor.execute("SELECT id FROM orders WHERE id = 0 FOR UPDATE")
        yield


@pytest.mark.invariant("SP-98")
@pytest.mark.invariant("SP-97")
def test_a_shard_is_split_by_verbs_beside_an_application(shop: Shop) -> None:
    """With every word that a user may say on the way."""
    with Writer(shop.vitess, shop.keyspace) as writer:
        shop.propose()
        assert "[reshard-target-missing]" in shop.says("plan", "--write", code=3).said
        shop.vitess.add_shards(shop.keyspace, *TARGETS)
        shop.plan()
        readable = (shop.fleet.root / "plans/production/shop.split.sql").read_text()
        assert f"--target-keyspace={shop.keyspace} create --source-shards=-80" in readable
        assert "verified" in shop.says("verify").out
        assert "[commit-not-merged]" in shop.says("apply", code=3).said
        shop.merge()
        assert "[shards-retiring]" in shop.says("drift", code=3).said
        copied = shop.says("apply").out
        assert "awaits approval of its cutover" in copied
        assert "What the switch will do, as Vitess foresees it" in copied
        assert "IsPrimaryServing will be set to true" in " ".join(copied.split())
        status = shop.says("status").out
        assert "(-80 -> -40, 40-80): catchup" in status
        assert "all tables, -80 -> 40-80: copied" in status
        assert "split 1 has begun by this plan" in shop.says("verify").out
        assert "its cutover is released" in shop.says("release").out
        assert "awaits approval of its clean-up" in shop.says("apply").out
        assert "[vitess-workflow]" in shop.says("drift", code=3).said
        assert "its cleanup is released" in shop.says("release", "--clean-up").out
        assert "[reshard-completion-allowed]" in shop.says("abandon", code=3).said
        assert "done" in shop.says("apply").out
        assert "in sync, 3 of 3 shards and the VSchema match git" in shop.says("drift").out
    check_orders(shop.vitess, shop.keyspace, (*TARGETS, *STAYING), writer.oracle)
    assert "nothing to do, all 3 shards and the VSchema match git" in shop.says("plan").out
    assert "split 1 (-80 -> -40, 40-80): done" in shop.says("status", "--history").out
    shop.tidy()
    assert "nothing to do" in shop.says("apply").out


@pytest.mark.invariant("SP-95")
def test_a_switched_split_is_given_up_by_verbs(shop: Shop) -> None:
    with Writer(shop.vitess, shop.keyspace) as writer:
        shop.vitess.add_shards(shop.keyspace, *TARGETS)
        shop.propose()
        shop.plan()
        shop.merge()
        shop.says("apply")
        shop.says("release")
        assert "awaits approval of its clean-up" in shop.says("apply").out
        before = len(writer.oracle)
        until(lambda: len(writer.oracle) > before + 5, "writes behind the switch")
        shop.says("abandon")
        shop.fleet.run("apply")
        assert "split 1 (-80 -> -40, 40-80): abandoned" in shop.says("status", "--history").out
    check_orders(shop.vitess, shop.keyspace, (*SOURCES, *STAYING), writer.oracle)
    assert shop.workflows() == []
    for target in TARGETS:
        assert shop.vitess.on_server(shop.keyspace, target, "SHOW TABLES") == ()


@pytest.mark.invariant("SP-91")
def test_a_copy_ends_though_driver_vtctld_and_a_tablet_are_killed_in_it(shop: Shop) -> None:
    with Writer(shop.vitess, shop.keyspace) as writer:
        pass
    shop.vitess.add_shards(shop.keyspace, *TARGETS)
    shop.propose()
    shop.plan()
    shop.merge()
    target = shop.vitess.tablet(shop.keyspace, "-40").name
    with copying_held_up(shop):
        with applying(shop.fleet) as driver:
            until(lambda: states(shop) - {"Stopped"}, "streams that were started")
            driver.kill()
            driver.wait()
        with applying(shop.fleet):  # it waits for Vitess, or ends and is gone on with
            shop.vitess.kill(VTCTLD)
            shop.vitess.start_again(VTCTLD)
            shop.vitess.kill(target)
            shop.vitess.cluster.start_again(target)
    assert "awaits approval of its cutover" in went_on(shop)
    shop.says("release")
    assert "awaits approval of its clean-up" in shop.says("apply").out
    shop.says("release", "--clean-up")
    assert "done" in shop.says("apply").out
    check_orders(shop.vitess, shop.keyspace, (*TARGETS, *STAYING), writer.oracle)


def went_on(shop: Shop) -> str:
    """A stream that broke with its tablet is one that a person has tried again."""
    ended = shop.fleet.run("apply")
    if "[reshard-stream-failed]" in ended.said:
        shop.says("retry")
        ended = shop.fleet.run("apply")
    assert ended.code == 0, ended.said
    return ended.out


def states(shop: Shop) -> set[str]:
    return {
        stream["state"]
        for workflow in shop.workflows()
        for place in workflow["shard_streams"].values()
        for stream in place["streams"]
    }
