"""Partitioned tables through each engine: the copy has the partitions, and the rows are in them."""

from __future__ import annotations

import re

import pytest

from reconciler.model.engine import EngineName
from tests.integration.engines.test_job import (
    ROWS,
    FleetOf,
    check_applied,
    choose,
    fleet_of,
    planned,
)
from tests.integration.engines.test_refused_early import marked

__all__ = ["fleet_of"]

GH_OST, SPIRIT, PT_OSC = EngineName.GH_OST, EngineName.SPIRIT, EngineName.PT_OSC
PARTS = (
    "ALTER TABLE items PARTITION BY RANGE (id) (PARTITION low VALUES LESS THAN (100),"
    " PARTITION high VALUES LESS THAN MAXVALUE)"
)
IN_PARTS = "SELECT (SELECT COUNT(*) FROM items PARTITION (low)), (SELECT COUNT(*) FROM items)"


@pytest.mark.invariant("EN-9")
@pytest.mark.parametrize(
    ("engine", "server"),
    [
        marked(GH_OST, "mysql_server"),
        marked(SPIRIT, "mysql_server"),
        marked(PT_OSC, "mariadb_10_server"),
    ],
)
def test_a_partitioned_table_keeps_its_partitions(
    engine: EngineName, server: str, fleet_of: FleetOf, request: pytest.FixtureRequest
) -> None:
    fleet = fleet_of(request.getfixturevalue(server))
    for shard in fleet.databases:
        fleet.sql(shard, PARTS)
    pulled = fleet.run("pull", "--from", "-80")
    assert pulled.code == 0, pulled.said
    text = fleet.read("schemas/shop/items.sql")
    wider = re.sub(r"`a` int(\(11\))? DEFAULT", "`a` bigint DEFAULT", text)
    assert wider != text
    fleet.write("schemas/shop/items.sql", wider)
    choose(fleet, {"rebuild": {"use": engine.value}})
    assert f"{engine.upper()} COPY" in planned(fleet)
    check_applied(fleet)
    for shard in fleet.databases:
        assert fleet.sql(shard, IN_PARTS) == ((100, ROWS),)
