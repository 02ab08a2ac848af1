"""Whoever waits for a plan is told at once what is looked at, before anything slow begins."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SPEC = """\
version: 1
keyspace: shop
schema: schemas/shop
environments:
  production:
    connection: {host: 127.0.0.1, port: "1", database: "d_{shard}", user: u, password: p}
    shards: ["-80", "80-"]
"""


def test_a_plan_says_where_it_looks_before_it_imports_what_looks(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / "shop.yaml").write_text(SPEC)
    (tmp_path / "schemas" / "shop").mkdir(parents=True)
    (tmp_path / "schemas" / "shop" / "t.sql").write_text("CREATE TABLE t (id int PRIMARY KEY);\n")
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "reconciler", "plan", "shop"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = ended.stderr.splitlines()
    told = lines.index("looking at 2 shards of shop in production")
    heavy = [
        n for n, line in enumerate(lines) if line.endswith((" pymysql", " reconciler.cli.wire"))
    ]
    assert len(heavy) == 2
    assert told < min(heavy)
