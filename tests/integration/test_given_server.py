"""A server that the environment names is the one that is asked, or the run ends: no other takes its
place unnoticed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.edges.server.process import RunningServer
from tests.integration.mysql_edges import admin_cursor
from tests.subjects import VARIABLES

ONE_CASE = "tests/integration/test_convergence.py", "-k", "default-less-gets-one"


def address(server: RunningServer, password: str | None = None) -> str:
    login = server.admin
    return f"{server.host}:{server.port},{login.user},{password or login.password}"


def asked(*arguments: str, **given: str) -> subprocess.CompletedProcess[str]:
    """pytest in a process of its own, with these servers given and no others."""
    own = {k: v for k, v in os.environ.items() if k not in VARIABLES.values()}
    own = {k: v for k, v in own.items() if not k.startswith("PYTEST_")}
    command = [sys.executable, "-m", "pytest", "-v", "-p", "no:cacheprovider", *arguments]
    return subprocess.run(
        command,
        cwd=Path(__file__).parents[2],
        env={**own, **given},
        capture_output=True,
        text=True,
        check=False,
    )


def databases_made(server: RunningServer) -> int:
    with admin_cursor(server) as cursor:
        cursor.execute("SHOW GLOBAL STATUS LIKE 'Com_create_db'")
        ((_, count),) = cursor.fetchall()
        return int(count)


@pytest.mark.parametrize(
    ("name", "variable"),
    [("mysql_server", "RECONCILER_TEST_MYSQL"), ("mariadb_server", "RECONCILER_TEST_MARIADB")],
)
def test_a_given_server_is_the_one_that_is_asked(
    name: str, variable: str, request: pytest.FixtureRequest
) -> None:
    server: RunningServer = request.getfixturevalue(name)
    before = databases_made(server)
    done = asked(*ONE_CASE, **{variable: address(server)})
    assert done.returncode == 0, done.stdout + done.stderr
    assert databases_made(server) == before + 2  # where it begins, with the way, and where it ends
    assert f"-{server.version.flavor}] PASSED" in done.stdout
    assert "1 passed" in done.stdout


def test_a_server_that_does_not_let_us_in_ends_the_run(mysql_server: RunningServer) -> None:
    done = asked(*ONE_CASE, RECONCILER_TEST_MYSQL=address(mysql_server, "not-the-password"))
    assert done.returncode != 0
    assert "RECONCILER_TEST_MYSQL: Access denied" in done.stdout
    assert "not-the-password" not in done.stdout + done.stderr
    assert "PASSED" not in done.stdout


@pytest.mark.parametrize("text", ["127.0.0.1", "127.0.0.1:3306", "127.0.0.1,root,x", ":1,root,x"])
def test_a_server_in_another_form_ends_the_run(text: str) -> None:
    done = asked(*ONE_CASE, RECONCILER_TEST_MYSQL=text)
    assert done.returncode != 0
    assert "another form than host:port,user,password" in done.stdout
    assert "PASSED" not in done.stdout


def test_a_server_of_the_other_flavor_ends_the_run(mysql_server: RunningServer) -> None:
    done = asked(*ONE_CASE, RECONCILER_TEST_MARIADB=address(mysql_server))
    assert done.returncode != 0
    assert "which is not a mariadb of a release that is supported" in done.stdout
    assert "PASSED" not in done.stdout
