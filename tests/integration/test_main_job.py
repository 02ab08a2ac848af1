"""The main job on real servers: plan, review, verify, apply, and everything that must refuse."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.plan.codec import dump_plan, load_plan, plan_from_core
from reconciler.plan.commitment import with_words
from reconciler.plan.model import Plan, PlanCore
from reconciler.plan.readable import render_readable_sql
from tests.fleet import Fleet

PLAN_JSON = "plans/production/shop.plan.json"
PLAN_SQL = "plans/production/shop.plan.sql"
ADD_COLUMN = (
    "  name varchar(50) NOT NULL,",
    "  name varchar(50) NOT NULL,\n  age int DEFAULT NULL,",
)


def add_column(fleet: Fleet) -> None:
    fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)


def read_plan(fleet: Fleet) -> Plan:
    return load_plan(fleet.read(PLAN_JSON).encode(), PLAN_JSON)


def forge(fleet: Fleet, change: Callable[[PlanCore], PlanCore]) -> None:
    """Edit the plan as a careful forger would: id, readable file and binding all fit again."""
    core = change(read_plan(fleet).core)
    readable = render_readable_sql(core)
    core = with_words(core, readable)
    plan = plan_from_core(core, read_plan(fleet).meta)
    fleet.write(PLAN_JSON, dump_plan(plan).decode())
    fleet.write(PLAN_SQL, readable)
    fleet.commit("forged")


def refuses(fleet: Fleet, verb: str, code: str, *options: str) -> str:
    """The verb ends with 3, says why, and no shard has changed."""
    before = fleet.all_definitions()
    ended = fleet.run(verb, *options)
    assert ended.code == 3, ended.said
    assert f"[{code}]" in ended.said, ended.said
    assert fleet.all_definitions() == before
    return ended.said


def test_a_change_is_planned_verified_applied_and_then_there_is_nothing_to_do(fleet: Fleet) -> None:
    add_column(fleet)
    fleet.spec["lint"] = {"rules": {"comment-required": "error"}}
    fleet.write_spec()
    planned = fleet.run("plan", "--detailed-exitcode")
    assert planned.code == 2
    assert "Lint: 1 error in 1 changed table" in planned.out
    fleet.plan_and_commit()
    assert fleet.run("verify").code == 0
    applied = fleet.run("apply")
    assert applied.code == 0, applied.said
    assert all("`age` int" in d["users"] for d in fleet.all_definitions().values())
    assert fleet.run("plan", "--detailed-exitcode").code == 0
    assert fleet.run("drift").code == 0
    assert fleet.run("verify").code == 0


@pytest.mark.invariant("ST-18")
def test_a_finished_plan_applied_again_sends_nothing(fleet: Fleet) -> None:
    add_column(fleet)
    fleet.plan_and_commit()
    assert fleet.run("apply").code == 0
    again = fleet.run("apply")
    assert again.code == 0
    assert "nothing to do" in again.out


@pytest.mark.invariant("PL-3")
@pytest.mark.invariant("PL-2")
def test_each_shard_gets_its_own_statements(fleet: Fleet) -> None:
    """One shard lacks an index, one has the new column already."""
    add_column(fleet)
    fleet.sql("40-80", "ALTER TABLE orders DROP FOREIGN KEY fk_user, DROP KEY idx_user")
    fleet.sql("c0-", "ALTER TABLE users ADD COLUMN age int DEFAULT NULL")
    fleet.plan_and_commit()
    core = read_plan(fleet).core
    assert core.matching == ("c0-",)
    assert [s.shards for s in core.change_sets] == [("-40", "80-c0"), ("40-80",)]
    assert "idx_user" not in "".join(s.sql for s in core.change_sets[0].statements)
    (window,) = [line for line in fleet.read(PLAN_SQL).split("\n") if "has ended" in line]
    assert window.startswith("--     users: today already until wave ")
    assert window.endswith(" has ended, age only where this plan has run")
    assert fleet.run("apply").code == 0
    shapes = {tuple(sorted(d.items())) for d in fleet.all_definitions().values()}
    assert len(shapes) == 1


@pytest.mark.invariant("PL-6")
def test_the_same_inputs_give_the_same_plan_anywhere(fleet: Fleet, tmp_path: Path) -> None:
    add_column(fleet)
    fleet.commit("change")
    elsewhere = tmp_path / "another" / "checkout"
    subprocess.run(["git", "clone", "-q", str(fleet.root), str(elsewhere)], check=True)
    texts = []
    for root, seed in ((fleet.root, "1"), (elsewhere, "2")):
        command = [sys.executable, "-m", "reconciler", "plan", "-C", str(root), "--write"]
        subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, check=True)
        document = json.loads((root / PLAN_JSON).read_text())
        texts.append((document["plan_id"], document["core"], (root / PLAN_SQL).read_bytes()))
    assert texts[0] == texts[1]


@pytest.mark.invariant("GD-1")
@pytest.mark.parametrize("verb", ["verify", "apply"])
@pytest.mark.parametrize(
    "old_new",
    [("`age` int", "`age` bigint"), ("`age`", "`rage`"), ("ALGORITHM=INSTANT", "ALGORITHM=COPY")],
)
def test_a_forged_statement_never_runs(fleet: Fleet, verb: str, old_new: tuple[str, str]) -> None:
    add_column(fleet)
    fleet.plan_and_commit()

    def change(core: PlanCore) -> PlanCore:
        first = core.change_sets[0]
        statement = replace(first.statements[0], sql=first.statements[0].sql.replace(*old_new))
        return replace(core, change_sets=(replace(first, statements=(statement,)),))

    forge(fleet, change)
    said = refuses(fleet, verb, "statement-differs")
    assert old_new[1] in said  # both sides are shown


@pytest.mark.invariant("PL-11")
@pytest.mark.parametrize("path", [PLAN_JSON, PLAN_SQL])
@pytest.mark.parametrize("verb", ["verify", "apply"])
def test_one_edited_byte_of_either_file_refuses(fleet: Fleet, path: str, verb: str) -> None:
    add_column(fleet)
    fleet.plan_and_commit()
    text = fleet.read(path)
    fleet.write(path, text.replace("`age`", "`agE`", 1))
    fleet.commit("edited")
    code = "plan-id-mismatch" if path == PLAN_JSON else "readable-plan-mismatch"
    refuses(fleet, verb, code)


@pytest.mark.invariant("GD-11")
@pytest.mark.parametrize("content", ["", "{}", "\n"])
@pytest.mark.parametrize("verb", ["verify", "apply"])
def test_an_empty_plan_file_is_never_success(fleet: Fleet, content: str, verb: str) -> None:
    add_column(fleet)
    fleet.plan_and_commit()
    fleet.write(PLAN_JSON, content)
    fleet.commit("emptied")
    refuses(fleet, verb, "plan-empty")


@pytest.mark.invariant("GD-11")
@pytest.mark.parametrize("verb", ["verify", "apply"])
def test_a_missing_plan_file_is_never_success(fleet: Fleet, verb: str) -> None:
    add_column(fleet)
    fleet.commit("a change without a plan")
    assert "reconciler plan shop" in refuses(fleet, verb, "plan-missing")


def test_without_a_plan_and_without_a_change_there_is_nothing_to_do(fleet: Fleet) -> None:
    assert fleet.run("verify").code == 0
    assert fleet.run("apply").code == 0


@pytest.mark.invariant("GD-4")
@pytest.mark.parametrize("verb", ["verify", "apply"])
def test_drift_after_planning_refuses_everything(fleet: Fleet, verb: str) -> None:
    add_column(fleet)
    fleet.plan_and_commit()
    fleet.sql("80-c0", "ALTER TABLE orders ADD KEY idx_hot (legacy)")
    said = refuses(fleet, verb, "drift")
    assert "80-c0" in said
    assert "idx_hot" in said  # GD-7: both sides as DDL
    assert "reconciler plan" in said


@pytest.mark.invariant("GD-4")
@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE extra (id int PRIMARY KEY)",
        "DROP TABLE orders",
        "ALTER TABLE users ADD COLUMN age bigint",
        "ALTER TABLE users COMMENT 'touched'",
    ],
)
def test_any_drift_is_drift(fleet: Fleet, statement: str) -> None:
    add_column(fleet)
    fleet.plan_and_commit()
    fleet.sql("c0-", statement)
    refuses(fleet, "apply", "drift")


def test_tables_that_policy_ignores_are_no_drift(fleet: Fleet) -> None:
    add_column(fleet)
    fleet.plan_and_commit()
    fleet.sql("c0-", "CREATE TABLE _shadow (id int PRIMARY KEY)")
    assert fleet.run("apply").code == 0
    assert "_shadow" in fleet.definitions("c0-")


@pytest.mark.invariant("RV-1")
@pytest.mark.parametrize("what", ["edited", "added", "deleted", "renamed", "spec"])
def test_a_file_changed_after_review_refuses(fleet: Fleet, what: str) -> None:
    add_column(fleet)
    fleet.plan_and_commit()
    if what == "edited":
        fleet.write(
            "schemas/shop/orders.sql", "-- a remark\n" + fleet.read("schemas/shop/orders.sql")
        )
    elif what == "added":
        fleet.write(
            "schemas/shop/more.sql", "CREATE TABLE more (id int NOT NULL, PRIMARY KEY (id))"
        )
    elif what == "deleted":
        (fleet.root / "schemas/shop/orders.sql").unlink()
    elif what == "renamed":
        (fleet.root / "schemas/shop/orders.sql").rename(fleet.root / "schemas/shop/bills.sql")
    else:
        fleet.environment["rollout"]["parallel"] = 3
        fleet.write_spec()
    fleet.commit("after the review")
    refuses(fleet, "apply", "input-changed")


@pytest.mark.invariant("RV-1")
def test_line_endings_alone_are_no_change(fleet: Fleet) -> None:
    add_column(fleet)
    fleet.plan_and_commit()
    path = fleet.root / "schemas/shop/users.sql"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    fleet.commit("windows was here")
    assert fleet.run("apply").code == 0


@pytest.mark.invariant("GD-6")
@pytest.mark.parametrize(
    ("topology", "code"),
    [
        ("split", "shards-changed"),
        ("shared", "shards-share-a-database"),
        ("swapped", "input-changed"),
    ],
)
def test_a_fleet_that_is_not_the_reviewed_one_refuses(
    fleet: Fleet, topology: str, code: str
) -> None:
    add_column(fleet)
    fleet.plan_and_commit()
    first, second, third, fourth = fleet.environment["shards"]
    if topology == "split":
        shards = [{**first, "name": "-20"}, {**second, "name": "20-80"}, third, fourth]
    elif topology == "shared":  # one database by two names of one host
        other_name = {**fourth["connection"], "host": "127.1", "tls": "insecure"}
        shards = [first, {**second, "connection": other_name}, third, fourth]
    else:
        shards = [
            {**first, "connection": second["connection"]},
            {**second, "connection": first["connection"]},
            third,
            fourth,
        ]
    fleet.environment["shards"] = shards
    fleet.write_spec()
    fleet.commit("topology")
    refuses(fleet, "apply", code)


@pytest.mark.invariant("PL-13")
def test_a_plan_is_not_built_on_a_merged_plan_that_still_waits(fleet: Fleet) -> None:
    add_column(fleet)
    fleet.plan_and_commit()
    merged = read_plan(fleet).plan_id
    assert fleet.run("plan").code == 0  # the same plan again is no plan on top
    fleet.git("switch", "-q", "-c", "next")
    fleet.edit("schemas/shop/users.sql", "age int", "age bigint")
    assert merged in refuses(fleet, "plan", "pending-apply", "--write")
    fleet.git("stash", "-q")
    fleet.git("revert", "--no-edit", "main")
    assert f"takes back plan {merged}" in " ".join(fleet.run("plan", "--write").out.split())
    fleet.git("reset", "-q", "--hard", "main")
    assert fleet.run("apply").code == 0
    fleet.git("stash", "pop", "-q")
    assert fleet.run("plan").code == 0


@pytest.mark.invariant("PL-13")
def test_a_merged_plan_still_waits_for_a_keyspace_whose_spec_has_moved(fleet: Fleet) -> None:
    add_column(fleet)
    fleet.plan_and_commit()
    fleet.edit("schemas/shop/users.sql", "age int", "age bigint")
    fleet.git("mv", "specs/shop.yaml", "specs/store.yaml")
    refuses(fleet, "plan", "pending-apply", "--write")


def test_a_plan_that_the_branch_has_left_behind_does_not_block_the_next(fleet: Fleet) -> None:
    """Somebody pushed a schema file without a plan, while the last one had not been applied."""
    add_column(fleet)
    planned = fleet.plan_and_commit()
    fleet.edit("schemas/shop/users.sql", "age int", "age bigint")
    fleet.commit("no plan for it")
    refuses(fleet, "apply", "input-changed")
    refuses(fleet, "apply", "superseded", "--ref", planned)
    fleet.plan_and_commit()
    assert fleet.run("apply").code == 0


@pytest.mark.invariant("RV-7")
def test_dropping_a_column_needs_permission_for_that_column(fleet: Fleet) -> None:
    fleet.edit("schemas/shop/orders.sql", "  legacy int DEFAULT NULL,\n", "")
    said = refuses(fleet, "plan", "permission-missing", "--write")
    assert "{table: orders, hazard: drop-column, object: legacy, reason:" in said.replace("\n", " ")
    allow = {"table": "orders", "hazard": "drop-column", "reason": "unused"}
    fleet.spec["policy"]["allow"] = [{**allow, "object": "user_id"}]
    fleet.write_spec()
    refuses(fleet, "plan", "permission-missing", "--write")
    fleet.spec["policy"]["allow"] = [{**allow, "object": "legacy"}]
    fleet.write_spec()
    fleet.plan_and_commit()
    assert fleet.run("apply").code == 0
    assert "legacy" not in fleet.definitions("-40")["orders"]


def test_apply_takes_the_commit_and_never_the_working_tree(fleet: Fleet) -> None:
    add_column(fleet)
    fleet.plan_and_commit()
    fleet.edit("schemas/shop/users.sql", "age int", "age bigint")
    assert fleet.run("apply").code == 0
    assert "`age` int" in fleet.definitions("-40")["users"]


@pytest.mark.invariant("RV-5")
def test_an_older_commit_is_superseded(fleet: Fleet) -> None:
    add_column(fleet)
    older = fleet.plan_and_commit("first")
    fleet.git("rm", "-q", PLAN_JSON, PLAN_SQL)
    fleet.edit("schemas/shop/users.sql", "age int", "age bigint")
    fleet.commit("the first one is taken back")
    refuses(fleet, "apply", "superseded", "--ref", older)


def test_a_branch_that_is_not_merged_is_not_applied(fleet: Fleet) -> None:
    fleet.git("switch", "-q", "-c", "feature")
    add_column(fleet)
    fleet.plan_and_commit()
    refuses(fleet, "apply", "commit-not-merged")
    ended = fleet.run("apply", "--review", "none")
    assert ended.code == 0, ended.said
    assert "--review none" in ended.err


@pytest.mark.invariant("PL-10")
@pytest.mark.parametrize("what", ["empty", "link", "unreadable", "two statements"])
def test_a_partial_view_of_the_files_never_drops_a_table(fleet: Fleet, what: str) -> None:
    path = fleet.root / "schemas/shop/orders.sql"
    if what == "empty":
        for file in path.parent.iterdir():
            file.unlink()
    elif what == "link":
        outside = fleet.root.parent / "outside.sql"
        path.rename(outside)
        path.symlink_to(outside)
    elif what == "unreadable":
        path.unlink()
        path.mkdir()
    else:
        path.write_text(path.read_text() + "DROP TABLE users;")
    before = fleet.all_definitions()
    ended = fleet.run("plan", "--write")
    assert ended.code in (1, 3), ended.said
    assert "schemas/shop" in ended.said
    assert not (fleet.root / PLAN_JSON).exists()
    assert fleet.all_definitions() == before


@pytest.mark.invariant("PL-12")
def test_no_secret_is_in_any_output(fleet: Fleet) -> None:
    """Every connection field holds a seed; every verb that talks is asked, in every format."""
    add_column(fleet)
    fleet.plan_and_commit()
    seeds = {
        "host": "seed-host.invalid",
        "user": "seed_user",
        "password": "${SEED}",
        "database": "seed_db",
    }
    fleet.monkeypatch.setenv("SEED", "seed_password")
    for field, seed in seeds.items():
        shard = dict(fleet.environment["shards"][0])
        shard["connection"] = {**shard["connection"], field: seed, "connect_timeout": "2s"}
        fleet.environment["shards"][0], kept = shard, fleet.environment["shards"][0]
        fleet.write_spec()
        fleet.commit(f"a wrong {field}")
        for verb in ("plan", "verify", "apply", "drift", "doctor"):
            for output in ("text", "json", "markdown"):
                ended = fleet.run(verb, "--output", output)
                assert ended.code in (1, 3), ended.said
                assert not any(word in ended.said for word in ("seed", "127.0.0.1")), ended.said
        fleet.environment["shards"][0] = kept
    for path in (PLAN_JSON, PLAN_SQL):
        text = fleet.read(path)
        secrets = [server.admin.password for server in fleet.servers]
        places = [str(server.port) for server in fleet.servers] + ["127.0.0.1", "FLEET_PASSWORD"]
        assert not any(word in text for word in secrets + places)


@pytest.mark.invariant("GD-10")
@pytest.mark.parametrize(
    "arguments",
    [
        ("apply", "--revieww", "none"),
        ("plan", "--allow-destructive"),
        ("apply", "--review", "nobody"),
        ("frobnicate",),
        ("plan", "no-such-keyspace"),
        ("plan", "--environment", "staging"),
    ],
)
def test_an_option_that_nobody_knows_is_an_error(fleet: Fleet, arguments: tuple[str, ...]) -> None:
    assert fleet.run(*arguments).code == 64


@pytest.mark.invariant("GD-10")
def test_a_misspelt_guard_in_the_spec_is_an_error(fleet: Fleet) -> None:
    fleet.environment["rollout"]["on_failure"] = "holt"
    fleet.write_spec()
    ended = fleet.run("plan")
    assert ended.code == 1
    assert "halt" in ended.said
    assert "specs/shop.yaml:" in ended.said


def test_a_literal_that_a_generated_column_would_not_show_again_is_refused(fleet: Fleet) -> None:
    column = "plural varchar(60) CHARACTER SET latin1 AS (concat(name, 'ä')) COMMENT 'ö'"
    fleet.edit(
        "schemas/shop/users.sql",
        "  name varchar(50) NOT NULL,",
        f"  name varchar(50) CHARACTER SET latin1 NOT NULL,\n  {column},",
    )
    ended = fleet.run("plan")
    assert ended.code == 1, ended.said
    assert "definition-character-lost" in ended.said
    assert "'ä'" in ended.said


@pytest.mark.parametrize(
    ("literal", "refused"), [("a\\\\_", True), ("it\\'s", False), ("a?", False)]
)
def test_a_backslash_that_sjis_would_not_show_again_is_refused(
    fleet: Fleet, literal: str, refused: bool
) -> None:
    column = f"marked varchar(60) CHARACTER SET sjis AS (concat(name, '{literal}'))"
    fleet.edit(
        "schemas/shop/users.sql",
        "  name varchar(50) NOT NULL,",
        f"  name varchar(50) CHARACTER SET sjis NOT NULL,\n  {column},",
    )
    ended = fleet.run("plan")
    assert ("definition-character-lost" in ended.said) is refused, ended.said


def test_a_table_that_its_server_cannot_open_is_refused_by_name_and_the_rest_told(
    fleet: Fleet,
) -> None:
    for shard in ("40-80", "c0-"):
        fleet.sql(shard, "CREATE TABLE part (id int) ENGINE=MyISAM")
        fleet.sql(shard, "CREATE TABLE merged (id int) ENGINE=MERGE UNION=(part)")
        fleet.sql(shard, "DROP TABLE part")
    fleet.sql("-40", "ALTER TABLE users ADD COLUMN stray int")
    ended = fleet.run("plan")
    assert (ended.code, "table-broken" in ended.said) == (3, True), ended.said
    assert "shards 40-80, c0-, table merged" in ended.said
    drifted = fleet.run("drift")
    assert (drifted.code, "table-broken" in drifted.said) == (3, True), drifted.said
    assert "column stray" in drifted.said
    fleet.spec["policy"]["ignore_tables"] = ["_*", "merged"]
    fleet.write_spec()
    fleet.sql("-40", "ALTER TABLE users DROP COLUMN stray")
    assert fleet.run("plan", "--detailed-exitcode").code == 0


def test_a_character_that_the_server_would_not_show_again_is_refused(fleet: Fleet) -> None:
    fleet.edit(
        "schemas/shop/users.sql",
        "  name varchar(50) NOT NULL,",
        "  name varchar(50) NOT NULL COMMENT '🐍',",
    )
    ended = fleet.run("plan")
    assert ended.code == 1
    assert "definition-character-lost" in ended.said
    fleet.edit("schemas/shop/users.sql", "🐍", "é")
    assert fleet.run("plan").code == 0


def test_a_file_that_two_shards_would_read_differently_is_refused(fleet: Fleet) -> None:
    """What the file leaves open, the database decides, and one database decides otherwise."""
    fleet.write("schemas/shop/notes.sql", "CREATE TABLE notes (id int PRIMARY KEY, body text)")
    assert fleet.run("plan").code == 0
    database = fleet.databases["c0-"][1]
    fleet.sql("c0-", f"ALTER DATABASE `{database}` COLLATE latin1_swedish_ci")
    said = refuses(fleet, "plan", "two-meanings", "--write")
    assert "table notes" in said
    assert "latin1_swedish_ci" in said
    assert "utf8mb4" in said
    fleet.edit(
        "schemas/shop/notes.sql", "text)", "text) DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"
    )
    assert fleet.run("plan").code == 0


def test_primary_keys_that_only_some_servers_make_are_refused_with_the_setting(
    fleet: Fleet,
) -> None:
    fleet.write("schemas/shop/notes.sql", "CREATE TABLE notes (body text)")
    fleet.sql("40-80", "SET GLOBAL sql_generate_invisible_primary_key = ON")
    try:
        said = refuses(fleet, "plan", "two-meanings", "--write")
        assert "table notes" in said
        assert "sql_generate_invisible_primary_key is" in said
        fleet.edit("schemas/shop/notes.sql", "(body", "(id int PRIMARY KEY, body")
        assert fleet.run("plan").code == 0
    finally:
        fleet.sql("40-80", "SET GLOBAL sql_generate_invisible_primary_key = DEFAULT")


def test_a_big_table_that_is_renamed_keeps_the_room_its_rows_need(fleet: Fleet) -> None:
    """Its rows are counted under the old name when the plan is made, and under the new one when
    the statement after the rename is about to run."""
    digits = " CROSS JOIN ".join(
        f"(SELECT 0 UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4"
        f" UNION ALL SELECT 5 UNION ALL SELECT 6) d{n}"
        for n in range(6)
    )
    rows = f"INSERT INTO orders SELECT row_number() OVER (), 1, NULL FROM {digits}"
    fleet.sql("-40", "INSERT INTO users VALUES (1, 'a')")
    fleet.sql("-40", rows)
    fleet.sql("-40", "ANALYZE TABLE orders")
    text = fleet.read("schemas/shop/orders.sql").replace("TABLE orders", "TABLE purchases")
    text = text.replace("legacy int DEFAULT NULL", "legacy bigint DEFAULT NULL")
    fleet.write(
        "schemas/shop/purchases.sql", f"-- reconciler: rename table orders to purchases\n{text}"
    )
    (fleet.root / "schemas/shop/orders.sql").unlink()
    fleet.spec["policy"]["allow"] = [{"table": "orders", "hazard": "rename", "reason": "agreed"}]
    fleet.write_spec()
    fleet.plan_and_commit()
    assert "1,000,000 rows" in fleet.read(PLAN_SQL)
    estimates = dict(read_plan(fleet).meta.rows)
    assert estimates["purchases"] == estimates["orders"] > 50_000
    ended = fleet.run("apply")
    assert ended.code == 0, ended.said
