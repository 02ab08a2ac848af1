"""Two keyspaces in one rollout on real servers: the second begins when the first is done."""

from __future__ import annotations

import pytest
import yaml

from tests.fleet import Fleet
from tests.integration.mysql_edges import admin_cursor

LETTERS = "CREATE TABLE letters (\n  id int NOT NULL,\n  PRIMARY KEY (id)\n);\n"


@pytest.mark.invariant("RG-73")
def test_one_apply_takes_keyspaces_in_their_order_and_holds_what_is_not_its_turn(
    small_fleet: Fleet,
) -> None:
    fleet = small_fleet
    server = fleet.servers[0]
    database = fleet.fresh_database(server)
    with admin_cursor(server, database) as cursor:
        cursor.execute(LETTERS)
    place = fleet._shard("-80")
    place["name"] = "-"
    place["connection"]["database"] = database
    mail = {**fleet.spec, "keyspace": "mail", "schema": "schemas/mail", "after": ["shop"]}
    own = {**fleet.environment, "shards": [place], "rollout": {"waves": ["100%"]}}
    mail["environments"] = {"production": own}
    fleet.write("specs/mail.yaml", yaml.safe_dump(mail, sort_keys=False))
    fleet.write("schemas/mail/letters.sql", LETTERS)
    fleet.edit("schemas/mail/letters.sql", "NOT NULL,", "NOT NULL,\n  sender int,")
    fleet.edit(
        "schemas/shop/users.sql", "  PRIMARY KEY (id)\n", "  PRIMARY KEY (id),\n  KEY k (name)\n"
    )
    fleet.plan_and_commit()

    alone = fleet.run("apply", "mail")
    assert alone.code == 3, alone.said
    assert "mail comes after shop" in alone.said
    assert "keyspace-not-its-turn" in alone.said

    both = fleet.run("apply")
    assert both.code == 0, both.said
    assert 0 <= both.out.index("shop in production") < both.out.index("mail in production")
    with admin_cursor(server, database) as cursor:
        cursor.execute("SHOW COLUMNS FROM letters LIKE 'sender'")
        assert cursor.fetchall()
