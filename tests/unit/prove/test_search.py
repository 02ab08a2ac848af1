"""Asking a server for the cheapest class, with a server that takes only what it is told to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from reconciler.ddl.foreign import ForeignDefinition
from reconciler.diff.model import Clause, ClauseKind, RequiredAlgorithm
from reconciler.diff.session import DEFAULT_SESSION, StatementSession
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.observation import CrossDatabaseChild
from reconciler.model.schema import OtherObject
from reconciler.model.server import Flavor, ServerError
from reconciler.plan.model import Algorithm, ExecutionClass, Lock
from reconciler.prove.copies import Copy
from reconciler.prove.search import Accepted, Alter, candidates, find_class

REFUSED = ServerError(number=1846, message="not in this class")
ADD = Clause(kind=ClauseKind.ADD_COLUMN, object="a", sql="ADD COLUMN `a` int")
DROP_PARTITION = Clause(kind=ClauseKind.DROP_PARTITION, object="p0", sql="DROP PARTITION `p0`")


@dataclass
class Server:
    """A `ScratchDatabase` that accepts an ALTER if it says `takes`; a rebuild gives a new id."""

    takes: str
    otherwise: ServerError = REFUSED
    rebuilds: bool = False
    asked: list[str] = field(default_factory=list)
    ids: frozenset[int] = frozenset({7})

    def execute(
        self,
        sql: str,
        session: StatementSession = DEFAULT_SESSION,
    ) -> ServerError | None:
        self.asked.append(sql)
        if self.takes not in sql:
            return self.otherwise
        if self.rebuilds:
            self.ids = frozenset({8})
        return None

    def table_ids(self, table: str) -> frozenset[int]:
        return self.ids

    def definitions(self) -> Mapping[str, str]:
        return {}

    def definition(self, table: str) -> str | None:
        return None

    def programs(self, kinds: Collection[ObjectKind]) -> Mapping[ObjectId, OtherObject]:
        return {}

    def program(self, about: ObjectId) -> OtherObject | None:
        return None

    def make(
        self, definition: ForeignDefinition, session: StatementSession = DEFAULT_SESSION
    ) -> ServerError | None:
        return None

    def resolves(self, view: str) -> ServerError | None:
        return None

    def add_outside_parents(
        self, parents: Sequence[tuple[str, ForeignDefinition]]
    ) -> ServerError | None:
        return None

    def add_cross_database_children(
        self, children: Sequence[CrossDatabaseChild]
    ) -> ServerError | None:
        return None


def alter(*clauses: Clause, **changes: Any) -> Alter:
    values: dict[str, Any] = {
        "table": "t",
        "clauses": clauses or (ADD,),
        "required": None,
        "session": DEFAULT_SESSION,
        "instant_allowed": True,
    }
    return Alter(**{**values, **changes})


def ask(
    server: Server, wanted: Alter | None = None, flavor: Flavor = Flavor.MYSQL
) -> Accepted | ServerError:
    return find_class(Copy(server), wanted or alter(), flavor)


def test_the_classes_are_asked_for_from_the_cheapest_on() -> None:
    server = Server(takes="ALGORITHM=COPY, LOCK=SHARED")
    ask(server)
    assert [sql.removeprefix("ALTER TABLE `t` ").partition(", ADD")[0] for sql in server.asked] == [
        "ALGORITHM=INSTANT",
        "ALGORITHM=INPLACE, LOCK=NONE",
        "ALGORITHM=INPLACE, LOCK=SHARED",
        "ALGORITHM=COPY, LOCK=SHARED",
    ]


@pytest.mark.parametrize(
    ("takes", "flavor", "execution"),
    [
        ("INSTANT", Flavor.MYSQL, ExecutionClass(algorithm=Algorithm.INSTANT)),
        (
            "INPLACE, LOCK=NONE",
            Flavor.MYSQL,
            ExecutionClass(algorithm=Algorithm.INPLACE, lock=Lock.NONE),
        ),
        (
            "NOCOPY, LOCK=NONE",
            Flavor.MARIADB,
            ExecutionClass(algorithm=Algorithm.NOCOPY, lock=Lock.NONE),
        ),
        (
            "COPY, LOCK=NONE",
            Flavor.MARIADB,
            ExecutionClass(algorithm=Algorithm.COPY, lock=Lock.NONE, rebuilds=True),
        ),
    ],
)
def test_the_class_that_was_taken_is_in_the_statement(
    takes: str, flavor: Flavor, execution: ExecutionClass
) -> None:
    found = ask(Server(takes=f"ALGORITHM={takes}"), flavor=flavor)
    assert isinstance(found, Accepted)
    assert found.execution == execution
    assert f"ALGORITHM={takes}, ADD COLUMN" in found.sql


def test_a_rebuild_is_told_by_the_new_id() -> None:
    found = ask(Server(takes="LOCK=NONE", rebuilds=True))
    assert isinstance(found, Accepted)
    assert found.execution.rebuilds


def test_ids_that_cannot_be_read_are_taken_for_a_rebuild() -> None:
    found = ask(Server(takes="LOCK=NONE", ids=frozenset()))
    assert isinstance(found, Accepted)
    assert found.execution.rebuilds


def test_any_other_error_ends_the_search() -> None:
    wrong = ServerError(number=1064, message="syntax")
    server = Server(takes="nothing", otherwise=wrong)
    assert ask(server) == wrong
    assert len(server.asked) == 1


def test_dropping_a_partition_is_never_a_copy() -> None:
    """ALGORITHM=COPY keeps the partition's rows, INPLACE loses them: it is part of the meaning."""
    wanted = alter(DROP_PARTITION, required=RequiredAlgorithm.INPLACE)
    assert {c.algorithm for c in candidates(wanted, Flavor.MYSQL)} == {Algorithm.INPLACE}


def test_mariadb_takes_no_class_beside_partition_operations() -> None:
    assert candidates(alter(DROP_PARTITION), Flavor.MARIADB) == (ExecutionClass(),)


def test_instant_is_left_out_where_the_table_can_take_no_more() -> None:
    found = candidates(alter(instant_allowed=False), Flavor.MYSQL)
    assert Algorithm.INSTANT not in {c.algorithm for c in found}


def test_what_failed_on_another_copy_is_not_asked_again() -> None:
    server = Server(takes="ALGORITHM")
    first = ask(server)
    assert isinstance(first, Accepted)
    second = ask(server, alter(excluded={first.sql}))
    assert isinstance(second, Accepted)
    assert second.execution.algorithm is Algorithm.INPLACE


def test_partitioning_stands_last_without_a_comma() -> None:
    by = Clause(
        kind=ClauseKind.PARTITION_BY, object="t", sql="PARTITION BY HASH (`id`) PARTITIONS 4"
    )
    found = ask(Server(takes="COPY"), alter(by, ADD))
    assert isinstance(found, Accepted)
    assert found.sql == (
        "ALTER TABLE `t` ALGORITHM=COPY, LOCK=SHARED, ADD COLUMN `a` int"
        " PARTITION BY HASH (`id`) PARTITIONS 4"
    )
