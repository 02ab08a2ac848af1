"""What a look at a real server finds can be handed on: a file is held to what servers tell."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.observe.file.codec import dump_observation, load_observation, without_accounts
from reconciler.observe.file.model import About, RegionObservation
from tests.conftest import FreshDatabase
from tests.integration.mysql_edges import admin_cursor, connection_to, observed

ABOUT = About(
    environment="production", keyspace="shop", region="eu", spec_sha256="a" * 64, shards=("0",)
)
CHILDREN = (
    (
        "CREATE TABLE `{other}`.`chñ/ild no-1` (id INT, x BLOB, a VARCHAR(9) NOT NULL,"
        " CONSTRAINT f1 FOREIGN KEY (a) REFERENCES `{own}`.`p t` (a) ON DELETE CASCADE)"
        " CHARSET latin1"
    ),
    (
        "CREATE TABLE `{other}`.types (n INT UNSIGNED, d DATETIME(3), e ENUM('it''s', 'b'),"
        " m DECIMAL(10,2), s TIMESTAMP NULL, b VARBINARY(8) NOT NULL,"
        " FOREIGN KEY (n) REFERENCES `{own}`.parents (n) ON UPDATE SET NULL,"
        " FOREIGN KEY (d) REFERENCES `{own}`.parents (d),"
        " FOREIGN KEY (e) REFERENCES `{own}`.parents (e) ON DELETE SET NULL,"
        " FOREIGN KEY (m) REFERENCES `{own}`.parents (m) ON DELETE NO ACTION,"
        " FOREIGN KEY (s) REFERENCES `{own}`.parents (s),"
        " FOREIGN KEY (b) REFERENCES `{own}`.parents (b))"
    ),
)
PARENTS = (
    "CREATE TABLE `{own}`.`p t` (id INT PRIMARY KEY, a VARCHAR(9) UNIQUE) CHARSET latin1",
    (
        "CREATE TABLE `{own}`.parents (n INT UNSIGNED PRIMARY KEY, d DATETIME(3) UNIQUE,"
        " e ENUM('it''s', 'b') UNIQUE, m DECIMAL(10,2) UNIQUE, s TIMESTAMP NULL UNIQUE,"
        " b VARBINARY(8) NOT NULL UNIQUE)"
    ),
)


@pytest.mark.invariant("RG-25")
def test_what_servers_show_is_taken_from_a_file(
    server: RunningServer, fresh_database: FreshDatabase
) -> None:
    other, own = fresh_database(server), fresh_database(server)  # in the order they can go
    with admin_cursor(server, own) as cursor:
        for statement in (*PARENTS, *CHILDREN):
            cursor.execute(statement.format(own=own, other=other))
    seen = observed(connection_to(server, own))
    assert [child.name for child in seen.cross_database_children or ()] == ["chñ/ild no-1", "types"]
    assert all(child.table is not None for child in seen.cross_database_children or ())
    told = RegionObservation(about=ABOUT, observed_s=1_000, shards=(seen,))
    (found,) = load_observation(dump_observation(told, None), "eu.observation.json", None).shards
    assert found == replace(without_accounts(seen), definitions=seen.definitions)
