"""The main job on a real Vitess cluster, told step by step: `make demo-vitess`.

Everything shown is the product's own command run as its user would run it; this script only types,
kills one process, and places orders as a shop would.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pymysql

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from demo.stage import (
    BOLD,
    COMMAND_S_MAX,
    END,
    PROJECT,
    RECONCILER,
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
    typed,
    where_to_look,
    with_exports,
    working_folder,
)
from reconciler.edges.vitess.find import VitessProgram, vitess_program

KEYSPACE, MAIN = "storefront", "storefront_main"
SAMPLE = PROJECT / "schemas" / KEYSPACE
HOT_FIX_SHARD = "80-"
CUSTOMERS = 2_000
ORDERS = 120_000
BATCH_ROWS = 2_000
ROUTES_S_MAX = 60
COPY_S_MAX = 300  # the apply begins with a look at everything, on a busy machine for a minute
WISHLISTS = """\
CREATE TABLE wishlists (
  customer_id  bigint unsigned NOT NULL,
  product_id   bigint unsigned NOT NULL,
  added_at     datetime(6)     NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (customer_id, product_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci;
"""


def main() -> int:
    started = time.monotonic()
    title = str(__doc__).splitlines()[0]
    stage, kept = play(_acts, title=title, folder=PROJECT / ".demo-vitess")
    _account(stage, time.monotonic() - started, kept=kept)
    return 0


def _acts(stage: Stage) -> Stage:
    stage = _boot(stage)
    _found_repository(stage)
    _review_a_change(stage)
    _meet_drift(stage)
    with _shop(stage) as shop:
        _apply_it(stage)
    _look_at_it(stage, shop)
    return stage


def _boot(stage: Stage) -> Stage:
    say(
        f"A Vitess cluster: keyspace {KEYSPACE}, 2 shards, and {MAIN} for its sequence",
        "etcd, vtctld, vtgate, tablets, MySQL: real processes here; they end with the demo.",
    )
    run(stage, "sandbox", "up", "--kind", "vitess", "--keyspace", KEYSPACE,
        "--folder", str(stage.fleet))  # fmt: skip
    stage = with_exports(stage, stage.fleet / "sandbox.env")
    began = time.monotonic()
    _load(stage)
    took_s = time.monotonic() - began
    tell(f"2 tables and {CUSTOMERS + ORDERS:,} rows written over vtgate in {took_s:.0f} s")
    return stage


def _found_repository(stage: Stage) -> None:
    say(
        "A git repository, written from the live keyspace",
        "One spec, one CREATE TABLE file per table, and the VSchema as vschema.json.",
    )
    stage.repository.mkdir()
    (stage.repository / ".gitignore").write_text(".reconciler/\n")
    git(stage, "init", "--quiet", "--initial-branch=main")
    run(stage, "init", KEYSPACE, "--environment-file", str(stage.fleet / "sandbox.yaml"))
    commit(stage, "The storefront keyspace as it is today")
    run(stage, "drift")


def _review_a_change(stage: Stage) -> None:
    say(
        "A branch changes the schema, and how queries are routed",
        "A new table and its place in the VSchema, a new column, order numbers that outgrow INT.",
    )
    git(stage, "switch", "--quiet", "--create", "wishlists")
    schema = stage.repository / "schemas" / KEYSPACE
    (schema / "wishlists.sql").write_text(WISHLISTS)
    vschema = json.loads((schema / "vschema.json").read_text())
    vschema["tables"]["wishlists"] = vschema["tables"]["orders"]
    (schema / "vschema.json").write_text(json.dumps(vschema, indent=2) + "\n")
    edit(
        schema / "customers.sql",
        "  `created_at`",
        "  `loyalty_tier` tinyint unsigned NOT NULL DEFAULT '0',\n  `created_at`",
    )
    edit(schema / "orders.sql", "`order_no` int unsigned", "`order_no` bigint unsigned")
    shell(stage, "git add --all && git diff --cached --stat")
    say(
        "The plan as a reviewer sees it",
        "Proven on scratch copies, the VSchema tried by Vitess (--dry-run); nothing has run.",
    )
    run(stage, "plan", "--write")
    commit(stage, "Wish lists, loyalty tiers, and order numbers that do not end")
    say("The check of the pull request", "`verify` derives the plan again and compares.")
    run(stage, "verify", quiet=True)
    tell("$ reconciler verify", prompt=True)
    tell("(exit code 0: the same plan to the letter; what it prints is the plan above)")
    merge(stage, "wishlists")
    tell("merged")


def _meet_drift(stage: Stage) -> None:
    say(
        "Before it is applied, two people work past git",
        f"An index on shard {HOT_FIX_SHARD}; a vindex by which orders are looked for on the wrong\n"
        "  shards. Both are found, and the plan that was made before runs nothing.",
    )
    run(stage, "sandbox", "sql", "--folder", str(stage.fleet), "--shard", HOT_FIX_SHARD,
        "ALTER TABLE customers ADD KEY idx_hotfix (country)")  # fmt: skip
    routed = json.loads(_vtctld(stage, "GetVSchema", KEYSPACE))
    by_hand = json.loads(json.dumps(routed))
    by_hand["vindexes"]["by_hand"] = {"type": "reverse_bits"}
    by_hand["tables"]["orders"]["column_vindexes"][0]["name"] = "by_hand"
    tell(f"$ vtctldclient ApplyVSchema --vschema-file by-hand.json {KEYSPACE}", prompt=True)
    _vtctld(stage, "ApplyVSchema", "--vschema", json.dumps(by_hand), KEYSPACE)
    run(stage, "drift", expect=2)
    run(stage, "apply", expect=3)
    say("Both are taken back, by those who made them", "")
    run(stage, "sandbox", "sql", "--folder", str(stage.fleet), "--shard", HOT_FIX_SHARD,
        "ALTER TABLE customers DROP KEY idx_hotfix")  # fmt: skip
    tell(f"$ vtctldclient ApplyVSchema --vschema-file as-it-was.json {KEYSPACE}", prompt=True)
    _vtctld(stage, "ApplyVSchema", "--vschema", json.dumps(routed), KEYSPACE)


def _apply_it(stage: Stage) -> None:
    say(
        "Apply, canary first; and its process is killed while Vitess copies orders",
        "The shop goes on: orders are placed all the time.",
    )
    _apply_until_killed(stage)
    run(stage, "status")
    tell("(no sign of life comes any more; who resumes waits until that is certain)")
    say(
        "Any later run takes it up",
        "Vitess' migration is found by the id that was recorded before it began.",
    )
    run(stage, "resume")


def _apply_until_killed(stage: Stage) -> None:
    tell(typed("apply"), prompt=True)
    driver = subprocess.Popen(
        [str(RECONCILER), "apply"], cwd=working_folder(stage), env=stage.environ
    )
    try:
        _wait_for_a_copy(stage, driver)
    finally:
        driver.send_signal(signal.SIGKILL)
        driver.wait(COMMAND_S_MAX)
    tell("$ kill -9 (the process of that apply)", prompt=True)


def _wait_for_a_copy(stage: Stage, driver: subprocess.Popen[bytes]) -> None:
    """Until Vitess says that a migration of ours runs: its completion waits for the driver."""
    until = time.monotonic() + COPY_S_MAX
    with _vtgate(stage) as connection, connection.cursor(pymysql.cursors.DictCursor) as cursor:
        while time.monotonic() < until and driver.poll() is None:
            cursor.execute("SHOW VITESS_MIGRATIONS LIKE 'running'")
            if cursor.fetchall():
                return
            time.sleep(0.1)
    sys.exit("demo: the apply came to no copy that could be interrupted")


def _look_at_it(stage: Stage, shop: Shop) -> None:
    say(
        "Plan again: nothing to do, live is as git says",
        "And no order was lost, whichever process died.",
    )
    run(stage, "plan")
    run(stage, "drift")
    with _vtgate(stage) as connection, connection.cursor() as cursor:
        cursor.execute("INSERT INTO wishlists (customer_id, product_id) VALUES (1, 7), (2, 7)")
        cursor.execute("SELECT COUNT(*) FROM wishlists")
        ((wished,),) = cursor.fetchall()
        cursor.execute("SELECT COUNT(*) FROM orders")
        ((kept,),) = cursor.fetchall()
    print()
    tell(f"{ORDERS:,} orders were there, {shop.placed:,} were placed meanwhile, {kept:,} are there")
    tell(f"{wished} wishes were written and read over vtgate, by the new route")
    if kept != ORDERS + shop.placed or wished != 2:
        sys.exit("demo: rows are missing")


@dataclass(slots=True)
class Shop:
    """Counts the orders that vtgate has confirmed."""

    placed: int = 0


@contextmanager
def _shop(stage: Stage) -> Iterator[Shop]:
    """Orders, five in a second, until the block ends."""
    shop, closes = Shop(), threading.Event()

    def sell() -> None:
        with _vtgate(stage) as connection, connection.cursor() as cursor:
            while not closes.wait(0.2):
                number = ORDERS + shop.placed + 1
                cursor.execute(
                    "INSERT INTO orders (customer_id, order_no, amount) VALUES (%s, %s, 9.99)",
                    (number % CUSTOMERS + 1, number),
                )
                shop.placed += 1

    seller = threading.Thread(target=sell, daemon=True)
    seller.start()
    try:
        yield shop
    finally:
        closes.set()
        seller.join(COMMAND_S_MAX)


def _load(stage: Stage) -> None:
    """Sequence, routes, tables, rows; all of it over vtgate and vtctld, as an owner would."""
    with _vtgate(stage, MAIN) as connection, connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE customer_ids (id bigint PRIMARY KEY, next_id bigint, cache bigint)"
            " COMMENT 'vitess_sequence'"
        )
        cursor.execute("INSERT INTO customer_ids VALUES (0, 1, 1000)")
    sequences = {"sharded": False, "tables": {"customer_ids": {"type": "sequence"}}}
    _vtctld(stage, "ApplyVSchema", "--vschema", json.dumps(sequences), MAIN)
    _vtctld(stage, "ApplyVSchema", "--vschema-file", str(SAMPLE / "vschema.json"), KEYSPACE)
    with _vtgate(stage) as connection, connection.cursor() as cursor:
        for path in sorted(SAMPLE.glob("*.sql")):
            cursor.execute(path.read_text())
        _wait_for_routes(cursor)
        for first in range(1, CUSTOMERS + 1, BATCH_ROWS):
            cursor.executemany(
                "INSERT INTO customers (email, country) VALUES (%s, %s)",
                [(f"c{n}@example.test", "FR") for n in range(first, first + BATCH_ROWS)],
            )
        for first in range(1, ORDERS + 1, BATCH_ROWS):
            cursor.executemany(
                "INSERT INTO orders (customer_id, order_no, amount, note) VALUES (%s, %s, %s, %s)",
                [
                    (n % CUSTOMERS + 1, n, n % 300, "to the door, please " * 10)
                    for n in range(first, first + BATCH_ROWS)
                ],
            )


def _wait_for_routes(cursor: pymysql.cursors.Cursor) -> None:
    """vtgate hears of a new VSchema a moment after vtctld has stored it."""
    until = time.monotonic() + ROUTES_S_MAX
    while time.monotonic() < until:
        cursor.execute("SHOW VSCHEMA TABLES")
        if {"customers", "orders"} <= {str(row[0]) for row in cursor.fetchall()}:
            return
        time.sleep(0.1)
    sys.exit("demo: vtgate does not route by the VSchema that vtctld has")


def _vtgate(stage: Stage, database: str = KEYSPACE) -> pymysql.Connection:
    return pymysql.connect(
        host="127.0.0.1",
        port=int(stage.environ["SANDBOX_VTGATE_PORT"]),
        user=stage.environ["SCHEMA_USER"],
        password=stage.environ["SCHEMA_PASSWORD"],
        database=database,
        autocommit=True,
    )


def _vtctld(stage: Stage, *arguments: str) -> str:
    client = [
        str(vitess_program(VitessProgram.VTCTLDCLIENT).path),
        f"--server=127.0.0.1:{stage.environ['SANDBOX_VTCTLD_PORT']}",
        f"--grpc-auth-static-client-creds={stage.fleet / 'vtctld-login.json'}",
    ]
    ended = subprocess.run(
        [*client, *arguments], capture_output=True, text=True, check=False, timeout=COMMAND_S_MAX
    )
    if ended.returncode:
        sys.exit(f"demo: `vtctldclient {arguments[0]}` failed:\n{ended.stderr}")
    return ended.stdout


def _account(stage: Stage, elapsed_s: float, *, kept: bool) -> None:
    shop = shown(stage.repository)
    print(
        f"\n{BOLD}What happened{END}  ({elapsed_s:.0f} s)\n"
        "  One reviewed change ran on both shards, canary first, and in the VSchema behind them;\n"
        "  drift of a shard and of the VSchema stopped it before it began; the process that was\n"
        "  killed in the middle cost nothing but another start."
    )
    where_to_look(
        {
            f"{shop}/specs, {shop}/schemas": "what git says",
            f"{shop}/plans/production": "the plan, as JSON and as SQL",
            f"reconciler status -C {shop}": "what was applied, from the ledger",
            "docs/vitess.md": "what is different behind Vitess, and how to set it up",
        }
    )
    if kept:
        how_to_end(stage)


if __name__ == "__main__":
    sys.exit(main())
