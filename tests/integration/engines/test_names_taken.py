"""What has a name that an engine takes: refused in `plan`, though the spec ignores it, and by the
adapter, on real servers, which compare names each in their own way."""

from __future__ import annotations

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.model.engine import EngineName, Handle
from reconciler.ports.engine import Failed
from tests.fleet import Fleet
from tests.integration.engines.test_job import FleetOf, check_applied, choose, fleet_of, refused
from tests.integration.engines.test_refused_early import WIDER, connection_of, marked
from tests.integration.mysql_edges import sessions, shard

__all__ = ["fleet_of"]

GH_OST, SPIRIT, PT_OSC = EngineName.GH_OST, EngineName.SPIRIT, EngineName.PT_OSC
TABLE, VIEW = "CREATE TABLE {} (id int PRIMARY KEY)", "CREATE VIEW {} AS SELECT 1 AS one"
TAKEN = [
    marked(GH_OST, "mysql_server", "_items_gho", TABLE),
    marked(GH_OST, "mysql_server", "_items_del", VIEW),
    marked(GH_OST, "mariadb_server", "_items_ghc", VIEW),
    marked(GH_OST, "mariadb_server", "_items_ghk", "CREATE SEQUENCE {}"),
    marked(SPIRIT, "mysql_server", "_spirit_sentinel", TABLE),
    marked(SPIRIT, "mysql_server", "_items_chkpnt", VIEW),
    marked(PT_OSC, "mysql_server", "_items_old", VIEW),
    marked(PT_OSC, "mariadb_10_server", "_items_new", TABLE),
]


def is_refused_by_the_adapter(fleet: Fleet, engine: EngineName) -> bool:
    with sessions().open(shard(connection_of(fleet))) as session:
        found = session.engine(engine).prepare(WIDER, None)
        assert isinstance(found, Handle | Failed)
        return isinstance(found, Failed)


@pytest.mark.invariant("EN-81")
@pytest.mark.parametrize(("engine", "server", "name", "made"), TAKEN)
def test_a_name_that_is_taken_is_refused_in_plan_and_by_the_adapter(
    engine: EngineName,
    server: str,
    name: str,
    made: str,
    fleet_of: FleetOf,
    request: pytest.FixtureRequest,
) -> None:
    fleet = fleet_of(request.getfixturevalue(server))
    choose(fleet, {"rebuild": {"use": engine.value}})
    fleet.sql("-80", made.format(name))
    said = refused(fleet, "engine-name-taken")
    assert f"{name} is in the way of {engine}" in said
    assert "shard -80" in said
    assert is_refused_by_the_adapter(fleet, engine)


@pytest.mark.invariant("EN-81")
@pytest.mark.parametrize(
    ("engine", "server", "name"),
    [
        marked(GH_OST, "mysql_server", "_Items_GHO"),
        marked(GH_OST, "mariadb_server", "_Items_GHO"),
        marked(PT_OSC, "mariadb_10_server", "_Items_New"),
    ],
)
def test_a_name_in_other_letters_is_another_name_where_the_server_says_so(
    engine: EngineName,
    server: str,
    name: str,
    fleet_of: FleetOf,
    request: pytest.FixtureRequest,
) -> None:
    fleet = fleet_of(request.getfixturevalue(server))
    choose(fleet, {"rebuild": {"use": engine.value}})
    fleet.sql("-80", VIEW.format(f"`{name}`"))
    ended = fleet.run("plan", "--write")
    assert ended.code == 0, ended.said
    assert not is_refused_by_the_adapter(fleet, engine)
    fleet.commit("wider")
    fleet.sql("-80", f"DROP VIEW `{name}`")
    check_applied(fleet)


@pytest.mark.invariant("EN-81")
@pytest.mark.engine(GH_OST)
def test_what_came_after_the_plan_is_refused_in_verify_and_before_anything_is_sent(
    mysql_server: RunningServer, fleet_of: FleetOf
) -> None:
    fleet = fleet_of(mysql_server)
    choose(fleet, {"rebuild": {"use": "gh-ost"}})
    fleet.plan_and_commit()
    fleet.sql("80-", TABLE.format("_items_ghk"))
    before = fleet.all_definitions()
    for verb in ("verify", "apply"):
        ended = fleet.run(verb)
        assert ended.code == 3, ended.said
        assert "[engine-name-taken]" in ended.said
    assert fleet.all_definitions() == before
    fleet.sql("80-", "DROP TABLE _items_ghk")
    check_applied(fleet)
