"""What accounts were granted on the routines of a database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest

from reconciler.edges.mysql.access import read_program_grounds
from reconciler.edges.mysql.connect import Link, Row
from reconciler.edges.mysql.problems import LinkLost
from reconciler.edges.mysql.server_settings import ServerLook
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.programs import ROUTINES
from reconciler.model.server import Flavor, ServerSettings, ServerVersion

GRANTED = ("d", "PROCEDURE", "p")


class Answering:
    """As much of a `Link` as is asked for."""

    def __init__(self, *rows: Row) -> None:
        self._rows = rows

    def row(self, sql: str, *, width: int) -> Row:
        return (0,) * width

    def query(self, sql: str, parameters: Sequence[str], *, width: int) -> tuple[Row, ...]:
        return self._rows


def granted(*rows: Row) -> frozenset[ObjectId] | None:
    version = ServerVersion(Flavor.MYSQL, 9, 7, 0)
    settings = ServerSettings(
        version=version, variables=(), database_charset="utf8mb4", database_collation="utf8mb4_bin"
    )
    server = ServerLook(settings=settings, identity="one", partial_revokes=False)
    grounds = read_program_grounds(cast(Link, Answering(*rows)), ["d", "e"], server, ROUTINES)
    found = grounds["d"].routines
    assert found is not None
    return found.granted


@pytest.mark.invariant("PG-10")
def test_a_privilege_on_a_library_of_mysql_is_none_on_a_routine() -> None:
    procedure = ObjectId(ObjectKind.PROCEDURE, "p")
    found = granted(GRANTED, ("d", b"LIBRARY", "p"), ("d", "LIBRARY", "l"))
    assert found == frozenset({procedure})


@pytest.mark.invariant("PG-10")
def test_privileges_of_a_database_that_nobody_asked_for_are_no_answer() -> None:
    with pytest.raises(LinkLost):
        granted(GRANTED, ("f", "PROCEDURE", "p"))
