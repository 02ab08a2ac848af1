"""Tables that are encrypted on disk, on a MySQL server with a keyring of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.edges.server.find import find_server
from reconciler.edges.server.process import start_server
from reconciler.model.policy import HazardKind
from reconciler.model.server import Flavor
from reconciler.prove.change_set import Proven
from tests.integration.proving import Bench, bench_on

TABLE = "CREATE TABLE t (id int PRIMARY KEY, a int)"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A server reads which keyring to load from beside its program, so its files are linked."""
    found = find_server(Flavor.MYSQL)
    fetched = found.path.resolve().parent.parent
    prefix = tmp_path_factory.mktemp("keyring")
    for part in ("bin", "usr/sbin", "usr/lib/mysql/plugin"):
        (prefix / part).mkdir(parents=True)
    program = prefix / "bin" / "mysqld"
    program.write_text((fetched / "bin" / "mysqld").read_text())
    program.chmod(0o755)
    for linked in ("usr/sbin/mysqld", "usr/lib/x86_64-linux-gnu", "usr/share"):
        (prefix / linked).symlink_to(fetched / linked)
    plugins = prefix / "usr/lib/mysql/plugin"
    for plugin in (fetched / "usr/lib/mysql/plugin").glob("*.so"):
        (plugins / plugin.name).symlink_to(plugin)
    components = {"components": "file://component_keyring_file"}
    (prefix / "usr/sbin/mysqld.my").write_text(json.dumps(components))
    keyring = {"path": str(prefix / "keys"), "read_only": False}
    (plugins / "component_keyring_file.cnf").write_text(json.dumps(keyring))
    with start_server(replace(found, path=program)) as server, bench_on(server) as made:
        yield made


def proven(
    bench: Bench, before: str, after: str, *, by_default: str
) -> tuple[list[str], set[HazardKind]]:
    """The statements and hazards from one to the other, in databases with that DEFAULT ENCRYPTION;
    they were run on the one, which then was the other."""
    default = f"ALTER DATABASE DEFAULT ENCRYPTION = '{by_default}'"
    proof = bench.prove([default, before], [default, after])
    assert isinstance(proof, Proven), proof
    hazards = {hazard.kind for statement in proof.statements for hazard in statement.hazards}
    return [statement.sql for statement in proof.statements], hazards


def test_encryption_comes_and_goes(bench: Bench) -> None:
    encrypted = f"{TABLE} ENCRYPTION='Y'"
    (on,), hazards = proven(bench, TABLE, encrypted, by_default="N")
    assert "ENCRYPTION='Y'" in on
    assert HazardKind.DECRYPT not in hazards
    (off,), hazards = proven(bench, encrypted, TABLE, by_default="N")
    assert "ENCRYPTION='N'" in off
    assert HazardKind.DECRYPT in hazards


def test_what_a_file_leaves_open_the_database_says(bench: Bench) -> None:
    plain = f"{TABLE} ENCRYPTION='N'"
    (on,), hazards = proven(bench, plain, TABLE, by_default="Y")
    assert "ENCRYPTION='Y'" in on
    assert HazardKind.DECRYPT not in hazards
    (off,), hazards = proven(bench, TABLE, plain, by_default="Y")
    assert "ENCRYPTION='N'" in off
    assert HazardKind.DECRYPT in hazards


def test_other_changes_leave_it_alone(bench: Bench) -> None:
    for by_default in ("Y", "N"):
        for option in ("", " ENCRYPTION='Y'", " ENCRYPTION='N'"):
            before, after = f"{TABLE}{option}", f"{TABLE.replace('a int', 'a bigint')}{option}"
            (statement,), _ = proven(bench, before, after, by_default=by_default)
            assert "ENCRYPTION" not in statement
