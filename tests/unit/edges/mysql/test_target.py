"""A connection's variables are filled in, and nothing of them is ever shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.edges.client.target import Target
from reconciler.edges.client.tls import TlsFiles
from reconciler.edges.mysql.target import required_database, resolve
from reconciler.errors import InvalidInput
from reconciler.spec.model import Connection, Tls

CONNECTION = Connection(
    host="mysql-{shard}.internal",
    port="${SCHEMA_PORT}",
    database="commerce_{shard}",
    user="${SCHEMA_USER}",
    password="${SCHEMA_PASSWORD}",
)
ENVIRON = {"SCHEMA_PORT": "3307", "SCHEMA_USER": "ann", "SCHEMA_PASSWORD": "s3cret-{shard}"}


def resolved(connection: Connection = CONNECTION, environ: dict[str, str] = ENVIRON) -> Target:
    return resolve(connection, environ=environ, root=Path("/nowhere"), shard="40-80")


def test_variables_and_the_shard_are_filled_in() -> None:
    target = resolved()
    assert (target.host, target.port, target.database) == (
        "mysql-40-80.internal",
        3307,
        "commerce_40-80",
    )
    assert target.user == "ann"


def test_a_value_of_the_environment_is_taken_as_it_is() -> None:
    assert resolved().password == "s3cret-{shard}"


@pytest.mark.invariant("PL-12")
def test_a_target_never_shows_itself() -> None:
    shown = repr(resolved()) + str(resolved())
    assert shown == "Target(shard 40-80)" * 2


@pytest.mark.invariant("PL-12")
def test_a_variable_that_is_not_set_is_named_and_no_value_is() -> None:
    environ = {"SCHEMA_PORT": "3307", "SCHEMA_USER": "ann"}
    with pytest.raises(InvalidInput) as caught:
        resolved(environ=environ)
    [problem] = caught.value.problems
    assert problem.code == "variable-not-set"
    assert "`password` needs the environment variable SCHEMA_PASSWORD" in problem.message
    assert "SCHEMA_PASSWORD" in problem.recovery
    assert "ann" not in str(caught.value)


@pytest.mark.parametrize("port", ["", "0", "65536", "33o6", "-1", "3306 "])
@pytest.mark.invariant("PL-12")
def test_a_port_that_is_none_is_refused_without_being_shown(port: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        resolved(environ={**ENVIRON, "SCHEMA_PORT": port})
    assert caught.value.problems[0].code == "port-invalid"


def test_a_tls_file_that_does_not_exist_is_refused_by_its_setting() -> None:
    connection = replace(CONNECTION, tls=Tls(ca="certificates/ca.pem"))
    with pytest.raises(InvalidInput) as caught:
        resolved(connection)
    assert caught.value.problems[0].code == "tls-file-missing"
    assert "`tls.ca`" in caught.value.problems[0].message


def test_relative_tls_files_are_of_the_repository(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    connection = replace(CONNECTION, tls=Tls(ca="ca.pem"))
    target = resolve(connection, environ=ENVIRON, root=tmp_path, shard="-40")
    assert target.tls == TlsFiles(ca=tmp_path / "ca.pem")


def test_a_connection_without_a_database_has_nothing_to_look_at() -> None:
    with pytest.raises(InvalidInput, match="connection-without-database"):
        required_database(resolved(replace(CONNECTION, database=None)))


@pytest.mark.parametrize(
    ("host", "socket", "local"),
    [
        ("127.0.0.1", None, True),
        ("::1", None, True),
        ("localhost", None, True),
        ("db.internal", "/run/mysqld.sock", True),
        ("db.internal", None, False),
        ("10.0.0.1", None, False),
    ],
)
def test_only_this_machine_is_local(host: str, socket: str | None, local: bool) -> None:
    assert resolved(replace(CONNECTION, host=host, socket=socket)).is_local is local
