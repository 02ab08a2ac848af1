"""Asking rows: what the port promises, of shards without a server, of MySQL and of MariaDB."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from reconciler.edges.mysql.row_probes import MysqlRowProbes
from reconciler.ports.row_probes import RowProbes, ShardAsked, TableAsked
from reconciler.preflight.model import (
    Answer,
    Holds,
    KnownToHold,
    NotAskable,
    NotSettled,
    Probe,
    Question,
    RowCondition,
    Violated,
)
from reconciler.spec.model import Connection, ShardSpec
from tests.conftest import FreshDatabase
from tests.integration.mysql_edges import ROOT, admin_cursor, connection_to
from tests.offline_rows import ToldRows
from tests.sample_probes import WALKED

CLEAN, BROKEN, LOST = "-40", "40-80", "80-"


def probe(name: str, question: Question) -> Probe:
    return replace(WALKED, raised=replace(WALKED.raised, object=name, question=question))


FREE = probe("free", KnownToHold("the definition shows it"))
UNKNOWN = probe("unknown", NotAskable("no query is known"))
NULLS = probe("a", RowCondition("`a` IS NULL"))


@dataclass(frozen=True)
class Stand:
    """Three shards: one clean, one with two rows that refute NULLS, one that nobody reaches."""

    rows: RowProbes
    shards: tuple[ShardSpec, ...]

    def asked(self, *probes: Probe) -> list[ShardAsked]:
        table = TableAsked(table="t", probes=probes, is_as_seen=lambda _: True)
        return [ShardAsked(shard=shard, tables=(table,)) for shard in self.shards]


@pytest.fixture(params=["told", "mysql_server", "mariadb_server"])
def stand(request: pytest.FixtureRequest, fresh_database: FreshDatabase) -> Stand:
    nowhere = Connection(host="127.0.0.1", port="1", database="d", user="u")
    if request.param == "told":
        told = ToldRows(refuting={(BROKEN, "a"): 2}, lost=(LOST,))
        names = (CLEAN, BROKEN, LOST)
        return Stand(told, tuple(ShardSpec(name=name, connection=nowhere) for name in names))
    server = request.getfixturevalue(request.param)
    shards = []
    for name, rows in ((CLEAN, "(1, 1), (2, 2)"), (BROKEN, "(1, 1), (2, NULL), (3, NULL)")):
        database = fresh_database(server)
        with admin_cursor(server, database) as cursor:
            cursor.execute("CREATE TABLE t (id int PRIMARY KEY, a int)")
            cursor.execute(f"INSERT INTO t VALUES {rows}")
        shards.append(ShardSpec(name=name, connection=connection_to(server, database)))
    shards.append(ShardSpec(name=LOST, connection=nowhere))
    return Stand(MysqlRowProbes(environ={}, root=ROOT), tuple(shards))


@pytest.mark.invariant("PF-2")
def test_each_shard_answers_each_question_in_order(stand: Stand) -> None:
    answers = stand.rows.ask(stand.asked(FREE, NULLS, UNKNOWN), parallel=2, budget_s=30)
    kinds = [[type(answer) for answer in of_shard] for of_shard in answers]
    assert kinds == [
        [Holds, Holds, NotSettled],
        [Holds, Violated, NotSettled],
        [Holds, NotSettled, NotSettled],
    ]
    assert [passes(*of_shard) for of_shard in answers] == [[False], [False], [True, False]]
    violated = answers[1][1]
    assert isinstance(violated, Violated)
    assert 1 <= violated.rows_min <= 2


@pytest.mark.invariant("PF-2")
def test_without_time_nothing_that_rows_must_tell_is_settled(stand: Stand) -> None:
    answers = stand.rows.ask(stand.asked(NULLS, FREE), parallel=1, budget_s=0)
    kinds = [[type(answer) for answer in of_shard] for of_shard in answers]
    assert kinds == [[NotSettled, Holds]] * 3
    assert [passes(*of_shard) for of_shard in answers] == [[False]] * 3, "it has as much next time"


def passes(*answers: Answer) -> list[bool]:
    """Of what is open, whether it is answered later without anybody's doing (TM-17)."""
    return [answer.passes for answer in answers if isinstance(answer, NotSettled)]


def test_no_shard_and_no_question_are_no_answer(stand: Stand) -> None:
    assert stand.rows.ask([], parallel=4, budget_s=30) == []
    assert stand.rows.ask(stand.asked(), parallel=4, budget_s=30) == [(), (), ()]
