"""Stored plans of every format, each a repository of its own with the state that its shards had.

A plan of a released format is never written again; one of the next format is made by

    .venv/bin/python -m tests.integration.stored_plans tests/cases/formats/plan-1.0
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from reconciler.edges.server.find import find_servers
from reconciler.edges.server.process import RunningServer, start_server
from reconciler.model.server import Flavor
from tests.fleet import Fleet
from tests.integration.mysql_edges import admin_cursor
from tests.scratch_servers import scratch_for
from tests.sections import CASES

STORED_PLANS = sorted((CASES / "formats").glob("plan-*"))
SHARDS = ("-80", "80-")
_STEM = "stored"


def set_up(stored: Path, server: RunningServer, root: Path) -> None:
    """The shards as they were when the plan was made, and the repository as it was committed."""
    for shard in SHARDS:
        with admin_cursor(server) as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS `{database_of(shard)}`")
            cursor.execute(f"CREATE DATABASE `{database_of(shard)}` CHARACTER SET utf8mb4")
        with admin_cursor(server, database_of(shard)) as cursor:
            for statement in (stored / "before.sql").read_text().split(";\n"):
                if statement.strip():
                    cursor.execute(statement)
    for part in ("specs", "schemas", "plans"):
        if (stored / part).is_dir():
            shutil.copytree(stored / part, root / part)


def take_down(server: RunningServer) -> None:
    with admin_cursor(server) as cursor:
        for shard in SHARDS:
            cursor.execute(f"DROP DATABASE IF EXISTS `{database_of(shard)}`")


def database_of(shard: str) -> str:
    return f"{_STEM}_{shard}"


def variables(server: RunningServer) -> Mapping[str, str]:
    """What the stored specs leave to the environment."""
    scratch = scratch_for(server)
    return {
        "SCHEMA_PORT": str(server.port),
        "SCHEMA_DATABASE": _STEM,
        "SCHEMA_USER": server.admin.user,
        "SCHEMA_PASSWORD": server.admin.password,
        "SCRATCH_PORT": str(scratch.port),
        "SCRATCH_USER": scratch.user,
        "SCRATCH_PASSWORD": scratch.password,
    }


def main(stored: Path) -> None:
    binaries = [found for found in find_servers() if found.version.flavor is Flavor.MYSQL]
    newest = max(binaries, key=lambda found: found.version)
    with tempfile.TemporaryDirectory() as folder, start_server(newest) as server:
        root = Path(folder)
        set_up(stored, server, root)
        shutil.rmtree(root / "plans", ignore_errors=True)
        os.environ.update(variables(server))
        fleet = Fleet(root, [server], lambda _: "", None)
        fleet.git("init", "--quiet", "--initial-branch=main")
        fleet.commit("as it is")
        ended = fleet.run("plan", "--write")
        assert ended.code == 0, ended.said
        shutil.copytree(root / "plans", stored / "plans", dirs_exist_ok=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
