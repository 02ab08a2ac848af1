"""Whoever waits for a plan is told at once what is looked at, before anything slow begins."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.cli.run import load, tell_where_to_look
from tests.attacks.traps import git
from tests.series import series

SPEC = """\
version: 1
keyspace: shop
schema: schemas/shop
environments:
  production:
    connection: {host: 127.0.0.1, port: "1", database: "d_{shard}", user: u, password: p}
    shards: ["-80", "80-"]
"""
# Drivers, what opens them, and the rooms that hold a plan against shards and ledger.
LOADED_LATER = (
    " pymysql",
    " reconciler.cli.wire",
    " reconciler.plan.validate",
    " reconciler.ledger.model",
)


def repository(root: Path, spec: str) -> None:
    (root / "specs").mkdir()
    (root / "specs" / "shop.yaml").write_text(spec)
    (root / "schemas" / "shop").mkdir(parents=True)
    (root / "schemas" / "shop" / "t.sql").write_text("CREATE TABLE t (id int PRIMARY KEY);\n")


def test_one_shard_is_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repository(tmp_path, SPEC.replace('["-80", "80-"]', '["-"]'))
    tell_where_to_look(load(tmp_path, None), None, ())
    assert capsys.readouterr().err == "looking at 1 shard of shop in production\n"


def test_a_region_is_its_own_shards(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    of_regions = "regions: {west: {shards: ['-80']}, east: {shards: ['80-']}}"
    repository(tmp_path, SPEC.replace('shards: ["-80", "80-"]', of_regions))
    tell_where_to_look(load(tmp_path, None), None, (), "west")
    assert capsys.readouterr().err == "looking at 1 shard of shop in production\n"


@pytest.mark.parametrize("verb", series(["plan", "verify", "drift", "apply", "resume"]))
def test_a_verb_says_where_it_looks_before_it_imports_what_looks(verb: str, tmp_path: Path) -> None:
    repository(tmp_path, SPEC)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message", "Begin")
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "reconciler", verb, "shop"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = ended.stderr.splitlines()
    told = lines.index("looking at 2 shards of shop in production")
    heavy = {
        line.rpartition(" ")[2]: n for n, line in enumerate(lines) if line.endswith(LOADED_LATER)
    }
    assert {"pymysql", "reconciler.cli.wire"} <= heavy.keys()
    assert told < min(heavy.values()), heavy
