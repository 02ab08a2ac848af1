"""What a plan of a Vitess keyspace costs, against the same databases as plain MySQL shards.

    python bench/vitess.py [--shards 32] [--servers 4] [--tables 20]

One cluster, many tablets on few servers; the second fleet is the very databases behind the tablets,
reached without Vitess. Both plan the same change with the whole command, start-up and proof
included. The number that counts is the last one: Vitess as a multiple of MySQL, which may be 2 at
most.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from reconciler.edges.client.opening import open_wire
from reconciler.edges.server.find import find_server
from reconciler.edges.server.process import new_logins
from reconciler.edges.vitess.local.cluster import ClusterPlan, LocalCluster, boot_cluster
from reconciler.edges.vitess.local.layout import sharded
from reconciler.model.server import Flavor

RATIO_MAX = 2.0
REPEATS = 3
KEYSPACE = "commerce"
BODY = """
  `id` bigint unsigned NOT NULL,
  `account_id` int unsigned NOT NULL,
  `name` varchar({length}) NOT NULL DEFAULT '',
  `made_at` datetime(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  PRIMARY KEY (`id`),
  KEY `by_name` (`account_id`,`name`)
"""
ENDING = "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"


def main() -> int:
    options = parse()
    plan = ClusterPlan(
        binary=find_server(Flavor.MYSQL),
        servers=options.servers,
        keyspaces=(sharded(KEYSPACE, options.shards, vschema=vschema(options.tables)),),
        logins=new_logins(),
    )
    began = time.perf_counter()
    with boot_cluster(plan) as cluster, tempfile.TemporaryDirectory() as folder:
        print(f"cluster of {options.shards} shards up: {time.perf_counter() - began:7.1f} s")
        create_tables(cluster, options.tables)
        environ = {**os.environ, "SCHEMA_PASSWORD": cluster.logins.admin.password}
        seconds = {}
        for kind, block in (("mysql", mysql_block(cluster)), ("vitess", vitess_block(cluster))):
            root = Path(folder, kind)
            write_repository(root, kind, block, options.tables)
            plan_once(root, environ)  # the servers open every table once
            seconds[kind] = min(plan_once(root, environ) for _ in range(REPEATS))
    ratio = seconds["vitess"] / seconds["mysql"]
    for kind, took_s in seconds.items():
        print(
            f"plan of {options.tables} tables on {options.shards} shards, {kind}: {took_s:6.2f} s"
        )
    print(f"ratio: {ratio:.2f} (at most {RATIO_MAX:.0f})")
    return 0 if ratio <= RATIO_MAX else 1


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--shards", type=int, default=32)
    parser.add_argument("--servers", type=int, default=4)
    parser.add_argument("--tables", type=int, default=20)
    return parser.parse_args()


def vschema(tables: int) -> str:
    routed = {"column_vindexes": [{"column": "id", "name": "by_hash"}]}
    return json.dumps(
        {
            "sharded": True,
            "vindexes": {"by_hash": {"type": "xxhash"}},
            "tables": {f"t{number}": routed for number in range(tables)},
        }
    )


def create_tables(cluster: LocalCluster, tables: int) -> None:
    for place in cluster.tablets.values():
        target = cluster.server_target(place.server)
        connection = open_wire(target, program="bench", database=place.database)
        with connection, connection.cursor() as cursor:
            for number in range(tables):
                cursor.execute(f"CREATE TABLE t{number} ({BODY.format(length=100)}) {ENDING}")


def mysql_block(cluster: LocalCluster) -> dict[str, Any]:
    return {
        "connection": {
            "host": "127.0.0.1",
            "database": f"vt_{KEYSPACE}_{{shard}}",
            "user": cluster.logins.admin.user,
            "password": "${SCHEMA_PASSWORD}",
        },
        "shards": [
            {
                "name": place.shard,
                "connection": {"port": cluster.servers[place.server].port},
            }
            for place in cluster.tablets.values()
        ],
    }


def vitess_block(cluster: LocalCluster) -> dict[str, Any]:
    return {
        "vitess": {
            "vtgate": {
                "host": "127.0.0.1",
                "port": cluster.vtgate_port,
                "user": cluster.logins.admin.user,
                "password": "${SCHEMA_PASSWORD}",
            },
            "vtctld": {"address": cluster.vtctld_address},
        }
    }


def write_repository(root: Path, kind: str, block: dict[str, Any], tables: int) -> None:
    """Every table is a little wider than on the shards."""
    schemas = root / "schemas" / KEYSPACE
    schemas.mkdir(parents=True)
    for number in range(tables):
        text = f"CREATE TABLE t{number} ({BODY.format(length=200)}) {ENDING};\n"
        (schemas / f"t{number}.sql").write_text(text)
    if kind == "vitess":
        (schemas / "vschema.json").write_text(vschema(tables))
    (root / "specs").mkdir()
    spec = {
        "version": 1,
        "kind": kind,
        "keyspace": KEYSPACE,
        "schema": f"schemas/{KEYSPACE}",
        "environments": {"production": block},
    }
    # JSON is YAML with every text in quotes.
    (root / "specs" / f"{KEYSPACE}.yaml").write_text(json.dumps(spec))


def plan_once(root: Path, environ: dict[str, str]) -> float:
    command = [sys.executable, "-m", "reconciler", "plan", "-C", str(root)]
    began = time.perf_counter()
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    took_s = time.perf_counter() - began
    if done.returncode != 0 or "shards change" not in done.stdout:
        raise SystemExit(f"no plan was made: {done.stdout}{done.stderr}")
    return took_s


if __name__ == "__main__":
    sys.exit(main())
