"""Managed sequences of MariaDB, from the files to the shards and back."""

from __future__ import annotations

import json

import pytest

from reconciler.model.server import Flavor
from tests.fleet import Fleet
from tests.integration.test_views import PLAN, allow, applied, statements

PATH = "schemas/shop/sequences/numbers.sql"


def manage_sequences(fleet: Fleet) -> None:
    fleet.spec["manage"] = ["tables", "sequences"]
    fleet.write_spec()


@pytest.mark.invariant("PG-1")
@pytest.mark.invariant("PG-13")
def test_sequences_come_change_and_go_and_keep_their_value(small_fleet: Fleet) -> None:
    fleet = small_fleet
    fleet.write(PATH, "CREATE SEQUENCE numbers START WITH 5;\n")
    ended = fleet.run("plan")
    assert (ended.code, "[kind-not-managed]" in ended.said) == (1, True), ended.said
    manage_sequences(fleet)
    for text in ("CREATE SEQUENCE numbers RESTART 7;", "ALTER SEQUENCE numbers CACHE 3;", "", "x"):
        fleet.write(PATH, text)
        assert fleet.run("plan").code == 1
    fleet.write(PATH, "-- numbers of orders\nCREATE SEQUENCE numbers START WITH 5;\n")
    if fleet.servers[0].version.flavor is Flavor.MYSQL:
        ended = fleet.run("plan")
        assert (ended.code, f"{PATH}:2" in ended.said) == (1, True), ended.said
        return
    fleet.edit(
        "schemas/shop/orders.sql", "legacy int DEFAULT NULL", "legacy int DEFAULT nextval(numbers)"
    )
    fleet.commit("a sequence")
    assert applied(fleet)[0].startswith("CREATE SEQUENCE `numbers` start with 5 ")
    for shard in fleet.databases:
        fleet.sql(shard, "SELECT NEXTVAL(numbers), NEXTVAL(numbers)")
    assert fleet.run("drift").code == 0
    fleet.edit(PATH, "5;", "5 INCREMENT BY 10 NOCACHE;")
    fleet.plan_and_commit()
    plan_id = str(json.loads(fleet.read(PLAN))["plan_id"])
    assert [sql.split(" start")[0] for sql in statements(fleet)] == ["ALTER SEQUENCE `numbers`"]
    assert fleet.run("apply").code == 0
    ((value,),) = fleet.sql("80-", "SELECT NEXTVAL(numbers)")
    assert value > 6, "its value stays"
    assert fleet.run("plan", "--revert", plan_id).code == 0
    fleet.commit("the way back")
    ended = fleet.run("apply")
    assert ended.code == 0, ended.said
    fleet.sql("80-", "ALTER SEQUENCE numbers CYCLE")
    ended = fleet.run("drift")
    said = " ".join(ended.said.split())
    assert (ended.code, "its definition differs" in said) == (2, True), said
    assert fleet.run("pull", "--from", "80-").code == 0
    assert " cycle " in fleet.read(PATH)
    fleet.edit("schemas/shop/orders.sql", "DEFAULT nextval(numbers)", "DEFAULT NULL")
    fleet.sql("-80", "ALTER SEQUENCE numbers CYCLE")
    (fleet.root / PATH).unlink()
    ended = fleet.run("plan", "--write")
    assert (ended.code, "drop-program" in ended.said) == (3, True), ended.said
    allow(fleet, {"sequence": "numbers", "hazard": "drop-program"})
    assert applied(fleet)[-1] == "DROP SEQUENCE `numbers`"
