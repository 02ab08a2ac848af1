"""What has become so between the review and the apply: refused before anything is sent, by shard
and reason, as the plan would have been. On real servers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.model.engine import EngineName
from tests.fleet import Ended, Fleet
from tests.integration.engines.test_job import FleetOf, choose, fleet_of, planned, refused
from tests.integration.engines.test_refused_early import having, marked
from tests.integration.mysql_edges import admin_cursor
from tests.unit.edges.engines.test_find import SAYS, program

__all__ = ["fleet_of"]

GH_OST, SPIRIT, PT_OSC = EngineName.GH_OST, EngineName.SPIRIT, EngineName.PT_OSC
Run = Callable[..., Ended]


def refused_in_apply(fleet: Fleet, code: str, run: Run | None = None) -> str:
    """Nothing was begun, and all that is wrong is told of both shards."""
    before = fleet.all_definitions()
    ended = (run or fleet.run)("apply")
    assert ended.code == 3, ended.said
    assert f"[{code}]" in ended.said
    assert fleet.all_definitions() == before
    return " ".join(ended.said.split())


@pytest.mark.invariant("EN-14")
@pytest.mark.parametrize(
    ("name", "server", "value"),
    [
        marked(GH_OST, "mysql_server", "STATEMENT"),
        marked(GH_OST, "mariadb_server", "MIXED"),
    ],
)
def test_a_binary_log_without_rows_is_refused_in_plan_and_before_start(
    name: EngineName, server: str, value: str, fleet_of: FleetOf, request: pytest.FixtureRequest
) -> None:
    running: RunningServer = request.getfixturevalue(server)
    fleet = fleet_of(running)
    fleet.environment["scratch"] = "auto"  # set as the shards' server is
    choose(fleet, {"rebuild": {"use": name.value}})
    with having(running, "binlog_format", f"'{value}'"):
        in_plan = refused(fleet, "engine-server-unfit")
    planned(fleet)
    with having(running, "binlog_format", f"'{value}'"):
        in_apply = refused_in_apply(fleet, "engine-server-unfit")
    for said in (in_plan, in_apply):
        assert f"binlog_format is {value}" in said
        assert "shards -80, 80-" in said


@pytest.mark.invariant("EN-55")
@pytest.mark.parametrize(
    ("name", "user", "password", "reason"),
    [
        marked(GH_OST, "a:b", "secret", "colon"),
        marked(SPIRIT, "zoe", "%(host)s", "it takes %( in the login for a variable"),
        marked(PT_OSC, "zoe", "a\nb", "a character that no line of a file can hold"),
    ],
)
def test_a_login_that_an_engine_cannot_use_is_refused_before_start(
    name: EngineName,
    user: str,
    password: str,
    reason: str,
    mysql_server: RunningServer,
    fleet_of: FleetOf,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The spec names variables; what they hold when the plan is applied is another login."""
    fleet = fleet_of(mysql_server)
    monkeypatch.setenv("FLEET_USER", mysql_server.admin.user)
    for one in fleet.environment["shards"]:
        one["connection"]["user"] = "${FLEET_USER}"
    choose(fleet, {"rebuild": {"use": name.value}})
    planned(fleet)
    with account_of(mysql_server, user, password):
        monkeypatch.setenv("FLEET_USER", user)
        monkeypatch.setenv("FLEET_PASSWORD_0", password)
        said = refused_in_apply(fleet, "engine-connection-unfit")
        monkeypatch.setenv("FLEET_USER", mysql_server.admin.user)
        monkeypatch.setenv("FLEET_PASSWORD_0", mysql_server.admin.password)
    assert reason in said
    assert "shards -80, 80-" in said
    assert password not in said


@pytest.mark.invariant("EN-10")
@pytest.mark.invariant("EN-14")
@pytest.mark.parametrize("name", [marked(GH_OST), marked(SPIRIT), marked(PT_OSC)])
def test_a_program_that_is_gone_or_another_one_is_refused_in_plan_and_before_start(
    name: EngineName, mysql_server: RunningServer, fleet_of: FleetOf, tmp_path: Path
) -> None:
    fleet = fleet_of(mysql_server)
    choose(fleet, {"rebuild": {"use": name.value}})
    planned(fleet)
    elsewhere = Elsewhere(tmp_path / "elsewhere", fleet)
    refused_in_apply(fleet, "engine-missing", elsewhere.run)
    program(elsewhere.programs, name, SAYS[name].format("99.0.0"))
    in_apply = refused_in_apply(fleet, "engine-version-unknown", elsewhere.run)
    in_plan = elsewhere.run("plan")
    assert in_plan.code == 3, in_plan.said
    for said in (in_apply, " ".join(in_plan.said.split())):
        assert f"engine {name}" in said
        assert "99.0.0" in said


@contextmanager
def account_of(server: RunningServer, user: str, password: str) -> Iterator[None]:
    with admin_cursor(server) as cursor:
        cursor.execute("CREATE USER %s@'%%' IDENTIFIED BY %s", [user, password])
        try:
            cursor.execute("GRANT ALL ON *.* TO %s@'%%'", [user])
            yield
        finally:
            cursor.execute("DROP USER %s@'%%'", [user])


class Elsewhere:
    """Another machine, on which the product is, and of the engines what is put there."""

    def __init__(self, folder: Path, fleet: Fleet) -> None:
        folder.mkdir()
        (folder / "reconciler").symlink_to(Path(__file__).parents[3] / "reconciler")
        self.programs = folder / "bin"
        self.programs.mkdir()
        (self.programs / "git").symlink_to(shutil.which("git") or "")
        self._folder = folder
        self._fleet = fleet

    def run(self, *arguments: str) -> Ended:
        command = [sys.executable, "-m", "reconciler", arguments[0], "-C", str(self._fleet.root)]
        ended = subprocess.run(
            [*command, *arguments[1:]],
            cwd=self._folder,
            env={**os.environ, "PATH": str(self.programs)},
            capture_output=True,
            text=True,
            check=False,
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)
