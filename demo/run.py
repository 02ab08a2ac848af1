"""The main job on real servers, told step by step: `make demo`.

Everything shown is the product's own command run as its user would run it; this script only types.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pymysql
import yaml

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from demo.rows import fill
from demo.stage import (
    BOLD,
    END,
    PROJECT,
    Stage,
    commit,
    edit,
    git,
    how_to_end,
    merge,
    play,
    run,
    say,
    shell,
    shown,
    tell,
    where_to_look,
    with_exports,
)

DIVERGENT_SHARD = "80-c0"
HOT_FIX_SHARD = "40-80"


def main() -> int:
    started = time.monotonic()
    stage, kept = play(_acts, title=str(__doc__).splitlines()[0], folder=PROJECT / ".demo")
    _account(stage, time.monotonic() - started, kept=kept)
    return 0


def _acts(stage: Stage) -> Stage:
    stage = _boot(stage)
    _found_repository(stage)
    _review_a_change(stage)
    _apply_it(stage)
    _meet_drift(stage)
    return stage


def _boot(stage: Stage) -> Stage:
    say(
        "A fleet: keyspace commerce, 4 shards on 2 MySQL servers",
        "Real server processes on this machine; they end with the demo.",
    )
    run(stage, "sandbox", "up", "--folder", str(stage.fleet), "--shards", "4", "--servers", "2")
    stage = with_exports(stage, stage.fleet / "sandbox.env")
    began = time.monotonic()
    rows = _load(stage)
    tell(f"13 tables and {rows:,} rows loaded in {time.monotonic() - began:.0f} s")
    _sql(stage, DIVERGENT_SHARD, "ALTER TABLE orders DROP KEY idx_orders_status")
    tell(f"long ago somebody dropped idx_orders_status on shard {DIVERGENT_SHARD}: it diverges")
    return stage


def _found_repository(stage: Stage) -> None:
    say(
        "A git repository that says what every shard should be",
        "One spec for the keyspace, one CREATE TABLE file per table.",
    )
    shop = stage.repository
    shutil.copytree(PROJECT / "schemas" / "commerce", shop / "schemas" / "commerce")
    _write_spec(stage)
    (shop / ".gitignore").write_text(".reconciler/\n")
    git(stage, "init", "--quiet", "--initial-branch=main")
    commit(stage, "The commerce keyspace as it is today")
    shell(stage, "ls specs schemas/commerce")
    run(stage, "lint")
    run(stage, "drift", expect=2)


def _review_a_change(stage: Stage) -> None:
    say(
        "A branch changes the schema",
        "A new column, a longer name, a longer status list, a new partition, and a column goes.",
    )
    git(stage, "switch", "--quiet", "--create", "loyalty")
    _edit(
        stage,
        "customers",
        "varchar(120)    NOT NULL DEFAULT ''",
        "varchar(160)    NOT NULL DEFAULT ''",
    )
    _edit(
        stage,
        "customers",
        "  preferences  json",
        "  loyalty_tier tinyint unsigned NOT NULL DEFAULT '0',\n  preferences  json",
    )
    _edit(stage, "orders", "'cancelled')", "'cancelled','disputed')")
    _edit(stage, "orders", "  legacy_channel varchar(20)     DEFAULT NULL,\n", "")
    _edit(
        stage,
        "order_events",
        "  PARTITION pmax ",
        "  PARTITION p2027 VALUES LESS THAN ('2028-01-01'),\n  PARTITION pmax ",
    )
    shell(stage, "git diff --stat")
    say(
        "The first plan is refused: dropping a column needs a permission that is reviewed",
        "It stands in the spec, with a reason, for this finding alone. The refusal says how.",
    )
    run(stage, "plan", "--write", expect=3)
    _write_spec(stage, allow_drop=True)
    say(
        "With the permission: the plan as a reviewer sees it",
        "Proven on scratch copies; nothing has run.",
    )
    run(stage, "plan", "--write")
    commit(stage, "Loyalty tiers, disputed orders, a partition for 2027")
    say("The check of the pull request", "`verify` derives the plan again and compares.")
    run(stage, "verify")


def _apply_it(stage: Stage) -> None:
    say("Merged: apply, canary first, then in waves", "Only what was reviewed, or nothing.")
    merge(stage, "loyalty")
    run(stage, "apply")
    say("Plan again: nothing to do", "The divergent shard was brought back, too.")
    run(stage, "plan")


def _meet_drift(stage: Stage) -> None:
    say("Another change is planned, reviewed and merged …", "")
    git(stage, "switch", "--quiet", "--create", "reviews")
    _edit(
        stage,
        "reviews",
        "  tags        json ",
        "  verified    tinyint(1)       NOT NULL DEFAULT '0',\n  tags        json ",
    )
    run(stage, "plan", "--write", quiet=True)
    commit(stage, "Mark reviews of verified buyers")
    merge(stage, "reviews")
    tell("plan written, committed, merged")
    say(
        f"… and before it is applied, somebody adds an index by hand on shard {HOT_FIX_SHARD}",
        "The scheduled drift check finds it, and the plan that was made before is refused.",
    )
    _sql(stage, HOT_FIX_SHARD, "ALTER TABLE payments ADD KEY idx_hotfix (state, amount)")
    run(stage, "drift", expect=2)
    run(stage, "apply", expect=3)


def _account(stage: Stage, elapsed_s: float, *, kept: bool) -> None:
    shop = shown(stage.repository)
    places = {
        f"{shop}/specs, {shop}/schemas": "what git says",
        f"{shop}/plans/production": "the plan, as JSON and as SQL",
        f"reconciler status -C {shop}": "what was applied, from the ledger",
        "README.md": "how to set it up for a fleet of your own",
    }
    print(
        f"\n{BOLD}What happened{END}  ({elapsed_s:.0f} s)\n"
        "  4 shards on 2 servers; one reviewed change ran on all of them, wave by wave; the shard\n"
        "  that diverged was brought back; a plan that the world had overtaken ran nothing."
    )
    where_to_look(places)
    if kept:
        how_to_end(stage)


def _write_spec(stage: Stage, *, allow_drop: bool = False) -> None:
    """The sandbox's own environment, with a rollout and a policy."""
    environment = yaml.safe_load((stage.fleet / "sandbox.yaml").read_text())["sandbox"]
    environment["rollout"] = {"canary": ["-40"], "waves": ["50%", "100%"], "parallel": 2}
    policy: dict[str, object] = {"ignore_tables": ["_*"]}
    if allow_drop:
        policy["allow"] = [
            {
                "table": "orders",
                "hazard": "drop-column",
                "object": "legacy_channel",
                "reason": "no code has used it since the spring release",
            }
        ]
    spec = {
        "version": 1,
        "keyspace": "commerce",
        "schema": "schemas/commerce",
        "environments": {"production": environment},
        "policy": policy,
    }
    path = stage.repository / "specs" / "commerce.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(spec, sort_keys=False))


def _load(stage: Stage) -> int:
    fleet = json.loads((stage.fleet / "sandbox.json").read_text())

    def load(numbered: tuple[int, dict[str, object]]) -> int:
        number, shard = numbered
        with _connect(stage, str(shard["name"])) as connection:
            with connection.cursor() as cursor:
                cursor.execute("SET foreign_key_checks = 0")
                for path in sorted((PROJECT / "schemas" / "commerce").glob("*.sql")):
                    cursor.execute(path.read_text())
                cursor.execute("SET foreign_key_checks = 1")
            return fill(connection, number)

    with ThreadPoolExecutor(max_workers=2) as pool:
        return sum(pool.map(load, enumerate(fleet["shards"], start=1)))


def _connect(stage: Stage, shard: str) -> pymysql.Connection:
    fleet = json.loads((stage.fleet / "sandbox.json").read_text())
    place = next(found for found in fleet["shards"] if found["name"] == shard)
    server = next(found for found in fleet["servers"] if found["number"] == place["server"])
    return pymysql.connect(
        host=server["host"],
        port=server["port"],
        user=stage.environ["SCHEMA_USER"],
        password=stage.environ["SCHEMA_PASSWORD"],
        database=place["database"],
    )


def _sql(stage: Stage, shard: str, sql: str) -> None:
    with _connect(stage, shard) as connection, connection.cursor() as cursor:
        cursor.execute(sql)


def _edit(stage: Stage, table: str, old: str, new: str) -> None:
    edit(stage.repository / "schemas" / "commerce" / f"{table}.sql", old, new)


if __name__ == "__main__":
    sys.exit(main())
