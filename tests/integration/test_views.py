"""Managed views, from the files to the shards and back, on real servers of both flavors."""

from __future__ import annotations

import json

import pytest

from reconciler.model.server import Flavor
from tests.fleet import Fleet
from tests.integration.test_from_live import forget_the_files

PLAN = "plans/production/shop.plan.json"
NAMES = """-- People read this; no server does.
CREATE SQL SECURITY INVOKER VIEW user_names AS
SELECT id, name -- who
FROM users;
"""


def manage_views(fleet: Fleet) -> None:
    fleet.spec["manage"] = ["tables", "views"]
    fleet.write_spec()


def allow(fleet: Fleet, *entries: dict[str, str]) -> None:
    fleet.spec["policy"]["allow"] = [{**entry, "reason": "no reader is left"} for entry in entries]
    fleet.write_spec()


def applied(fleet: Fleet) -> list[str]:
    """Planned, merged and applied; what was sent to a shard, in order."""
    fleet.plan_and_commit()
    sent = statements(fleet)
    assert fleet.run("verify").code == 0
    ended = fleet.run("apply")
    assert ended.code == 0, ended.said
    again = fleet.run("plan", "--write")
    assert again.code == 0, again.said
    assert not (fleet.root / PLAN).exists(), "a plan that repeats"
    fleet.commit("done")
    return sent


def statements(fleet: Fleet) -> list[str]:
    (change_set,) = json.loads(fleet.read(PLAN))["core"]["change_sets"]
    return [one["sql"] for one in change_set["statements"]]


def read_on_each_shard(fleet: Fleet, view: str) -> None:
    for shard in fleet.databases:
        fleet.sql(shard, f"SELECT * FROM {view}")


@pytest.mark.invariant("PG-1")
def test_views_come_change_and_go_by_plans(small_fleet: Fleet) -> None:
    fleet = small_fleet
    manage_views(fleet)
    fleet.write("schemas/shop/views/user_names.sql", NAMES)
    fleet.commit("a view")
    (made,) = applied(fleet)
    assert made.startswith("CREATE ALGORITHM=UNDEFINED SQL SECURITY INVOKER VIEW `user_names` AS")
    read_on_each_shard(fleet, "user_names")
    fleet.edit("schemas/shop/views/user_names.sql", "SELECT id, name", "SELECT name")
    ended = fleet.run("plan", "--write")
    assert ended.code == 3, ended.said
    assert "drop-view-column" in ended.said
    allow(fleet, {"view": "user_names", "hazard": "drop-view-column", "object": "id"})
    (changed,) = applied(fleet)
    assert changed.startswith("CREATE OR REPLACE")
    (fleet.root / "schemas/shop/views/user_names.sql").unlink()
    allow(fleet, {"view": "user_names", "hazard": "drop-program"})
    assert applied(fleet) == ["DROP VIEW `user_names`"]


ORDERED = "CREATE SQL SECURITY INVOKER VIEW ordered AS SELECT * FROM orders;\n"
PEOPLE = "CREATE SQL SECURITY INVOKER VIEW people AS SELECT id, name FROM users;\n"
BUYERS = (
    "CREATE SQL SECURITY INVOKER VIEW a_buyers AS"
    " SELECT people.name, count(*) AS bought FROM people JOIN orders ON orders.user_id = people.id"
    " GROUP BY people.name;\n"
)


def sql_account(account: str) -> str:
    return account.replace("%", "'%'")


def with_views(fleet: Fleet, **views: str) -> None:
    """Managed and applied."""
    manage_views(fleet)
    for name, text in views.items():
        fleet.write(f"schemas/shop/views/{name}.sql", text)
    fleet.commit("views")
    applied(fleet)


@pytest.mark.invariant("PG-3")
def test_views_stand_around_the_columns_that_go_and_come(small_fleet: Fleet) -> None:
    """One that uses what goes is made again before, one that uses what comes behind; one that is
    made of all columns is made again, too; and views stand on views."""
    fleet = small_fleet
    used = "CREATE SQL SECURITY INVOKER VIEW used AS SELECT id, legacy AS old FROM orders;\n"
    with_views(fleet, people=PEOPLE, a_buyers=BUYERS, ordered=ORDERED, used=used)
    fleet.edit("schemas/shop/orders.sql", "  legacy int DEFAULT NULL,\n", "")
    fleet.edit("schemas/shop/users.sql", "  PRIMARY", "  born date DEFAULT NULL,\n  PRIMARY")
    fleet.edit("schemas/shop/views/used.sql", "legacy", "user_id")
    fleet.edit("schemas/shop/views/people.sql", "id, name", "id, name, born")
    allow(
        fleet,
        {"table": "orders", "hazard": "drop-column", "object": "legacy"},
        {"view": "ordered", "hazard": "drop-view-column", "object": "legacy"},
    )
    sent = applied(fleet)
    order = {
        what: next(i for i, sql in enumerate(sent) if words in sql)
        for what, words in {
            "gone": "DROP COLUMN",
            "come": "ADD COLUMN",
            "used": "VIEW `used`",
            "people": "VIEW `people`",
            "ordered": "VIEW `ordered`",
        }.items()
    }
    assert len(sent) == 5
    assert order["used"] < order["gone"]
    assert order["come"] < order["people"]
    read_on_each_shard(fleet, "a_buyers")
    read_on_each_shard(fleet, "ordered")


def test_a_view_takes_the_name_of_a_table_and_gives_it_back(small_fleet: Fleet) -> None:
    fleet = small_fleet
    with_views(fleet, people=PEOPLE)
    fleet.write("schemas/shop/old.sql", "CREATE TABLE old (id int PRIMARY KEY);\n")
    (fleet.root / "schemas/shop/views/people.sql").unlink()
    fleet.write("schemas/shop/people.sql", "CREATE TABLE people (id int PRIMARY KEY);\n")
    allow(fleet, {"view": "people", "hazard": "drop-program"})
    assert applied(fleet)[0] == "DROP VIEW `people`"
    (fleet.root / "schemas/shop/people.sql").unlink()
    fleet.write("schemas/shop/views/people.sql", PEOPLE)
    allow(fleet, {"table": "people", "hazard": "drop-table"})
    assert applied(fleet)[0].startswith("DROP TABLE ")


@pytest.mark.invariant("PG-1")
def test_pull_adopts_views_and_the_plan_is_empty_then(small_fleet: Fleet) -> None:
    fleet = small_fleet
    for shard in fleet.databases:
        fleet.sql(
            shard,
            "CREATE SQL SECURITY INVOKER VIEW v1 (a, b) AS SELECT id, upper(name) FROM users"
            " WHERE name <> 'x' WITH CHECK OPTION",
        )
        with fleet.connected(shard) as cursor:
            cursor.execute("SET NAMES latin1 COLLATE latin1_german1_ci")
            cursor.execute(
                "CREATE SQL SECURITY INVOKER VIEW v2 AS SELECT v1.a, 'y' AS y FROM v1"
                " JOIN (SELECT id FROM orders UNION SELECT 1) o ON o.id = v1.a"
            )
    manage_views(fleet)
    assert fleet.run("plan").code == 3
    ended = fleet.run("pull")
    assert ended.code == 0, ended.said
    assert "latin1_german1_ci" in fleet.read("schemas/shop/views/v2.sql")
    assert "created with" not in fleet.read("schemas/shop/views/v1.sql")
    fleet.commit("adopted")
    ended = fleet.run("plan", "--write")
    assert ended.code == 0, ended.said
    assert not (fleet.root / PLAN).exists()
    fleet.edit("schemas/shop/views/v2.sql", "'y'", "'z'")
    applied(fleet)
    assert "latin1_german1_ci" in str(fleet.sql("-80", "SHOW CREATE VIEW v2"))


@pytest.mark.invariant("PG-1")
def test_init_has_views_managed_where_it_is_told_to(small_fleet: Fleet) -> None:
    fleet = small_fleet
    for shard in fleet.databases:
        fleet.sql(shard, "CREATE SQL SECURITY INVOKER VIEW people AS SELECT id, name FROM users")
    forget_the_files(fleet)
    init = ("init", "shop", "--environment-file", str(fleet.root / "fleet.yaml"))
    assert fleet.run(*init, "--views-definer", "app@%").code == 64
    ended = fleet.run(*init, "--views")
    assert ended.code == 0, ended.said
    assert "nothing to do" in ended.said
    assert "manage: [tables, views]" in fleet.read("specs/shop.yaml")
    assert "CREATE SQL SECURITY INVOKER VIEW" in fleet.read("schemas/shop/views/people.sql")
    assert fleet.run("plan", "--detailed-exitcode").code == 0


def test_drift_of_a_view_is_told_and_pulled_from_one_shard(small_fleet: Fleet) -> None:
    fleet = small_fleet
    with_views(fleet, people=PEOPLE)
    fleet.sql("80-", "CREATE OR REPLACE SQL SECURITY INVOKER VIEW people AS SELECT id FROM users")
    fleet.sql("80-", "CREATE SQL SECURITY INVOKER VIEW more AS SELECT id FROM users")
    ended = fleet.run("drift")
    assert ended.code == 2, ended.said
    said = " ".join(ended.said.split())
    for words in ("people", "its query differs", "view more", "the view is on live, not in git"):
        assert words in said
    assert fleet.run("pull", "--from", "80-").code == 0
    assert "name" not in fleet.read("schemas/shop/views/people.sql")
    assert (fleet.root / "schemas/shop/views/more.sql").exists()


def test_the_way_back_has_the_old_body(small_fleet: Fleet) -> None:
    fleet = small_fleet
    with_views(fleet, people=PEOPLE)
    before = fleet.all_definitions()
    fleet.edit("schemas/shop/views/people.sql", "id, name", "id, name, 1 AS one")
    fleet.plan_and_commit()
    plan_id = str(json.loads(fleet.read(PLAN))["plan_id"])
    assert fleet.run("apply").code == 0
    assert fleet.all_definitions() != before
    allow(fleet, {"view": "people", "hazard": "drop-view-column", "object": "one"})
    ended = fleet.run("plan", "--revert", plan_id)
    assert ended.code == 0, ended.said
    fleet.commit("the way back")
    ended = fleet.run("apply")
    assert ended.code == 0, ended.said
    assert fleet.all_definitions() == before


@pytest.mark.invariant("PG-4")
def test_definers_rights_are_the_specs_to_give(small_fleet: Fleet) -> None:
    fleet = small_fleet
    manage_views(fleet)
    fleet.write("schemas/shop/views/people.sql", PEOPLE.replace("SQL SECURITY INVOKER ", ""))
    ended = fleet.run("plan", "--write")
    assert (ended.code, "[definer-not-named]" in ended.said) == (1, True), ended.said
    fleet.spec["definer"] = {"views": {"account": "shop_reader@%"}}
    fleet.write_spec()
    ended = fleet.run("plan", "--write")
    assert (ended.code, "runs-as" in ended.said) == (3, True), ended.said
    allow(fleet, {"view": "people", "hazard": "runs-as"})
    fleet.plan_and_commit()
    ended = fleet.run("apply")
    assert (ended.code, "[definer-missing]" in ended.said) == (3, True), ended.said
    assert "people" not in str(fleet.sql("-80", "SHOW TABLES"))
    try:
        fleet.sql("-80", "CREATE USER shop_reader@'%'")
        ended = fleet.run("apply")
        assert (ended.code, "[definer-lacks-rights]" in ended.said) == (3, True), ended.said
        assert "shop_reader@% may not read users" in " ".join(ended.said.split())
        for shard in fleet.databases:
            fleet.sql(shard, "GRANT SELECT ON users TO shop_reader@'%'")
        ended = fleet.run("apply")
        assert ended.code == 0, ended.said
        read_on_each_shard(fleet, "people")
        assert "shop_reader" in str(fleet.sql("80-", "SHOW CREATE VIEW people"))
        assert fleet.run("drift").code == 0
        fleet.sql("80-", "CREATE OR REPLACE VIEW people AS SELECT id, name FROM users")
        ended = fleet.run("drift")
        assert (ended.code, "its definer differs" in ended.said) == (2, True), ended.said
        login = fleet.servers[0].admin.user
        assert f"`{login}`" not in ended.said
    finally:
        fleet.sql("-80", "DROP USER shop_reader@'%'")


@pytest.mark.invariant("PG-3")
def test_an_apply_goes_on_from_the_midst_of_a_plan_with_views(small_fleet: Fleet) -> None:
    """Killed behind the view and before the table, and behind both."""
    fleet = small_fleet
    with_views(fleet, people=PEOPLE)
    fleet.edit("schemas/shop/views/people.sql", "id, name", "id, upper(name) AS name")
    fleet.edit("schemas/shop/users.sql", "varchar(50)", "varchar(60)")
    fleet.plan_and_commit()
    first, second = statements(fleet)
    assert "VIEW" in first
    for shard, ran in (("-80", (first,)), ("80-", (first, second))):
        for sql in ran:
            fleet.sql(shard, sql)
    ended = fleet.run("apply")
    assert ended.code == 0, ended.said
    assert fleet.run("drift").code == 0


@pytest.mark.invariant("PG-1")
def test_views_that_are_not_managed_are_never_touched(small_fleet: Fleet) -> None:
    fleet = small_fleet
    for shard in fleet.databases:
        fleet.sql(shard, "CREATE VIEW kept AS SELECT id FROM users")
    assert fleet.run("plan", "--write").code == 0
    assert not (fleet.root / PLAN).exists()
    fleet.write("schemas/shop/views/people.sql", PEOPLE)
    ended = fleet.run("plan")
    assert (ended.code, "[kind-not-managed]" in ended.said) == (1, True), ended.said
    fleet.spec["manage"] = ["tables", "events"]
    fleet.write_spec()
    ended = fleet.run("plan")
    assert (ended.code, "[kind-not-managed]" in ended.said) == (1, True), ended.said


@pytest.mark.invariant("PG-2")
def test_a_view_on_another_database_is_refused_by_name(small_fleet: Fleet) -> None:
    fleet = small_fleet
    manage_views(fleet)
    for shard in fleet.databases:
        fleet.sql(shard, "CREATE SQL SECURITY INVOKER VIEW far AS SELECT user FROM mysql.user")
    ended = fleet.run("plan")
    assert ended.code == 3, ended.said
    assert "view far: it uses mysql.user of another database" in " ".join(ended.said.split())
    fleet.spec["policy"]["ignore_tables"] = ["_*", "far"]
    fleet.write_spec()
    assert fleet.run("plan").code == 0


def test_doctor_says_what_managed_views_need(small_fleet: Fleet) -> None:
    fleet = small_fleet
    manage_views(fleet)
    fleet.spec["definer"] = {"views": {"account": "nobody_here@%"}}
    fleet.write_spec()
    ended = fleet.run("doctor", "--identity", "changes")
    assert "there is no account nobody_here@%" in " ".join(ended.said.split()), ended.said


def test_a_view_that_a_server_rejects_is_told_with_its_line(small_fleet: Fleet) -> None:
    fleet = small_fleet
    manage_views(fleet)
    fleet.write("schemas/shop/views/people.sql", PEOPLE.replace(" AS SELECT", " AS\nSELECT nope,"))
    ended = fleet.run("plan")
    assert ended.code == 1
    assert "schemas/shop/views/people.sql:1" in ended.said
    assert "nope" in ended.said


@pytest.mark.invariant("PG-7")
def test_bytes_in_a_view_are_that_views_problem_alone(small_fleet: Fleet) -> None:
    fleet = small_fleet
    with_views(fleet, people=PEOPLE)
    fleet.sql(
        "80-", "CREATE SQL SECURITY INVOKER VIEW raw AS SELECT _binary 0xFF41 AS x FROM users"
    )
    fleet.sql("80-", "CREATE TABLE bits (id int PRIMARY KEY, b varbinary(9) DEFAULT x'fffe')")
    ended = fleet.run("drift")
    said = " ".join(ended.said.split())
    assert "view raw: the server prints bytes of it that are no text" in said, said
    assert "unreachable" not in said
    fleet.spec["policy"]["ignore_tables"] = ["_*", "raw", "bits"]
    fleet.write_spec()
    assert fleet.run("drift").code == 0
    fleet.write(
        "schemas/shop/views/people.sql",
        "CREATE SQL SECURITY INVOKER VIEW people AS SELECT id, _binary 0xFF41 AS x FROM users;\n",
    )
    ended = fleet.run("plan")
    assert ended.code == 1, ended.said
    assert "schemas/shop/views/people.sql:1" in ended.said
    fleet.edit("schemas/shop/views/people.sql", "_binary 0xFF41", "0xFF41")
    allow(fleet, {"view": "people", "hazard": "drop-view-column", "object": "name"})
    applied(fleet)


@pytest.mark.invariant("PG-8")
def test_a_name_that_something_else_has_is_refused_before_anything_is_sent(
    small_fleet: Fleet,
) -> None:
    """A sequence, where there are some; a view that is not managed, and a table is to come."""
    fleet = small_fleet
    fleet.sql("80-", "CREATE VIEW more AS SELECT id FROM users")
    fleet.write("schemas/shop/more.sql", "CREATE TABLE more (id int PRIMARY KEY);\n")
    ended = fleet.run("plan", "--write")
    assert (ended.code, "[name-taken]" in ended.said) == (3, True), ended.said
    assert "shard 80-, table more: the shard has a view of that name" in " ".join(
        ended.said.split()
    )
    (fleet.root / "schemas/shop/more.sql").unlink()
    if fleet.servers[0].version.flavor is Flavor.MYSQL:
        return
    fleet.sql("80-", "DROP VIEW more")
    fleet.sql("80-", "CREATE SEQUENCE people")
    manage_views(fleet)
    fleet.write("schemas/shop/views/people.sql", PEOPLE)
    ended = fleet.run("plan", "--write")
    assert (ended.code, "[name-taken]" in ended.said) == (3, True), ended.said
    assert "view people: the shard has a sequence" in " ".join(ended.said.split())


@pytest.mark.invariant("PG-1")
def test_what_was_a_table_is_pulled_into_a_file_of_a_view_and_back(small_fleet: Fleet) -> None:
    fleet = small_fleet
    manage_views(fleet)
    fleet.write("schemas/shop/people.sql", "CREATE TABLE people (id int PRIMARY KEY);\n")
    fleet.commit("a table")
    for shard in fleet.databases:
        fleet.sql(shard, "CREATE SQL SECURITY INVOKER VIEW people AS SELECT id, name FROM users")
    assert fleet.run("pull").code == 0
    assert not (fleet.root / "schemas/shop/people.sql").exists()
    assert "VIEW" in fleet.read("schemas/shop/views/people.sql")
    fleet.commit("adopted")
    assert fleet.run("plan").code == 0
    for shard in fleet.databases:
        fleet.sql(shard, "DROP VIEW people")
        fleet.sql(shard, "CREATE TABLE people (id int PRIMARY KEY)")
    assert fleet.run("pull").code == 0
    assert not (fleet.root / "schemas/shop/views/people.sql").exists()
    assert "CREATE TABLE" in fleet.read("schemas/shop/people.sql")


@pytest.mark.invariant("PG-4")
def test_the_way_back_of_rights_is_exact_or_says_what_it_is_not(small_fleet: Fleet) -> None:
    fleet = small_fleet
    manage_views(fleet)
    accounts = ("old_reader@%", "new_reader@%")
    try:
        for account in accounts:
            fleet.sql("-80", f"CREATE USER {sql_account(account)}")
            fleet.sql("-80", f"GRANT SELECT ON *.* TO {sql_account(account)}")
        fleet.spec["definer"] = {"views": {"account": accounts[0]}}
        allow(fleet, {"view": "people", "hazard": "runs-as"})
        fleet.write("schemas/shop/views/people.sql", PEOPLE.replace("SQL SECURITY INVOKER ", ""))
        fleet.commit("a view with rights")
        applied(fleet)
        before = fleet.all_definitions()
        fleet.spec["definer"] = {"views": {"account": accounts[1]}}
        fleet.write_spec()
        fleet.plan_and_commit()
        plan_id = str(json.loads(fleet.read(PLAN))["plan_id"])
        assert fleet.run("apply").code == 0
        assert fleet.all_definitions() != before
        ended = fleet.run("plan", "--revert", plan_id)
        said = " ".join(ended.said.split())
        assert "view people: it had the rights of another account than the spec names" in said
        fleet.spec["definer"] = {"views": {"account": accounts[0]}}
        fleet.write_spec()
        fleet.commit("the account, too")
        applied(fleet)
        assert fleet.all_definitions() == before
    finally:
        for account in accounts:
            fleet.sql("-80", f"DROP USER IF EXISTS {sql_account(account)}")
