"""A walk that is given up goes on from where it was, along keys of every form that is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest

from reconciler.edges.mysql import probe_places, row_probes
from reconciler.edges.mysql.probe_session import NotAnswered
from reconciler.edges.mysql.probe_sheet import OUT_OF_TIME
from reconciler.edges.mysql.row_probes import MysqlRowProbes
from reconciler.edges.server.process import RunningServer
from reconciler.ports.row_probes import ShardAsked, TableAsked
from reconciler.preflight.model import (
    Answer,
    Effect,
    EqualRows,
    Holds,
    KeyPart,
    NotSettled,
    OnWarning,
    Place,
    Probe,
    Question,
    QuestionKind,
    Raised,
    RowCondition,
    Violated,
    Walk,
)
from reconciler.preflight.walks import walk_by_key, walk_by_parts
from tests.conftest import FreshDatabase
from tests.integration.asked_rows import READER
from tests.integration.mysql_edges import (
    ROOT,
    SERVERS,
    admin_cursor,
    connection_to,
    observed,
    shard,
)
from tests.integration.test_preflight_cases import by_stretches

ROWS = 12
# By table: its columns, its key, and row n of it as SQL; the key orders the rows by n.
KEYS = {
    "numbers": ("a BIGINT UNSIGNED", "a", "18446744073709551600 + {n}"),
    "negative": ("a INT", "a", "{n} - 6"),
    "exact": ("a DECIMAL(30,4)", "a", "({n} - 6) * 12345678901234567890.1234"),
    "days": ("a DATE, b INT", "a, b", "'2026-03-01' + INTERVAL {n} DIV 3 DAY, {n}"),
    "times": (
        "a INT, b DATETIME(6)",
        "a, b",
        "1, '2026-03-01 23:59:59.999990' + INTERVAL {n} SECOND",
    ),
    "bytes": ("a BINARY(4)", "a", "UNHEX(LPAD(HEX({n} * 20000), 8, '0'))"),
    "empty": ("a VARBINARY(16)", "a", "REPEAT(X'00', {n})"),
    "words": ("a VARCHAR(8)", "a", "CHAR(65 + {n})"),
}
NOT_KEPT = {"words"}


@dataclass
class Shard:
    """`stretches` is for how many of them there is time in a run."""

    server: RunningServer
    database: str
    monkeypatch: pytest.MonkeyPatch

    def run(
        self, probe: Probe, places: Mapping[Probe, Place] | None, *, stretches: int = 2
    ) -> Answer:
        [answer] = self.run_all([probe], places, stretches=stretches)
        return answer

    def run_all(
        self, probes: Sequence[Probe], places: Mapping[Probe, Place] | None, *, stretches: int
    ) -> Sequence[Answer]:
        left = [len(probes) + stretches]  # the questions themselves come first

        def wait_for_room(*_: object) -> None:
            if not left[0]:
                raise NotAnswered(OUT_OF_TIME, ends_all=True)
            left[0] -= 1

        self.monkeypatch.setattr(row_probes, "wait_for_room", wait_for_room)
        tables = tuple(
            TableAsked(table=probe.table, probes=(probe,), is_as_seen=lambda _: True)
            for probe in probes
        )
        connection = connection_to(self.server, self.database)
        asked = ShardAsked(shard=shard(connection), tables=tables, places=places)
        [answers] = MysqlRowProbes(environ={}, root=ROOT).ask([asked], parallel=1, budget_s=300)
        return answers

    def sql(self, statement: str) -> None:
        with admin_cursor(self.server, self.database) as cursor:
            cursor.execute(statement)


def probe_of(table: str, question: Question, walk: Walk | None) -> Probe:
    raised = Raised(
        kind=QuestionKind.CHECK, object="c", effect=Effect.FAILS, what="rows", question=question
    )
    return Probe(table=table, statement=0, raised=raised, walk=walk)


@pytest.fixture(params=SERVERS)
def asked(
    request: pytest.FixtureRequest,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> Shard:
    server: RunningServer = request.getfixturevalue(request.param)
    by_stretches(monkeypatch)
    monkeypatch.setattr(probe_places, "PROBE_LOOK_EVERY_S", 0.0)
    return Shard(server, fresh_database(server), monkeypatch)


def probes_of(asked: Shard) -> dict[str, list[Probe]]:
    """Of each table a condition and a new key."""
    for name, (columns, key, row) in KEYS.items():
        asked.sql(f"CREATE TABLE `{name}` ({columns}, c INT NOT NULL, PRIMARY KEY ({key}))")
        for n in range(ROWS):
            asked.sql(f"INSERT INTO `{name}` SELECT {row.format(n=n)}, 0")
    seen = observed(connection_to(asked.server, asked.database))
    found = {}
    for name, text in seen.definitions:
        table = READER.read(text, seen.settings.version).table
        parts = tuple(KeyPart(f"`{part}`", part) for part in (*KEYS[name][1].split(", "), "c"))
        found[name] = [
            probe_of(name, RowCondition("`c` <> 0", OnWarning.OPEN), walk_by_key(table)),
            probe_of(name, EqualRows(parts), walk_by_parts(table, parts)),
        ]
    return found


@pytest.mark.invariant("PF-30")
def test_a_walk_goes_on_from_where_it_was_given_up(asked: Shard) -> None:
    for name, probes in probes_of(asked).items():
        for probe in probes:
            if name in NOT_KEPT:
                open_yet = asked.run(probe, {})
                assert isinstance(open_yet, NotSettled)
                assert open_yet.place is None
            elif isinstance(probe.question, RowCondition):
                is_settled_in_four_runs(asked, probe)
            else:
                is_settled_at_last(asked, probe)


def is_settled_in_four_runs(asked: Shard, probe: Probe) -> None:
    places: dict[Probe, Place] = {}
    reached: list[Place] = []
    for run in (1, 2, 3):
        answer = asked.run(probe, places)
        assert isinstance(answer, NotSettled), (probe.table, answer)
        assert answer.place is not None, (probe.table, answer)
        assert (answer.place.rows_seen, answer.because) == (4 * run, OUT_OF_TIME)
        reached.append(answer.place)
        places = {probe: answer.place}
    assert len({place.begun_s for place in reached}) == 1
    settled = asked.run(probe, places)
    assert settled == Holds(at_s=reached[0].begun_s, rows_seen=ROWS), probe.table
    _, key, row = KEYS[probe.table]
    asked.sql(f"UPDATE `{probe.table}` SET c = 1 WHERE ({key}) = (SELECT {row.format(n=9)})")
    for before in reached[:2]:
        found = asked.run(probe, {probe: before}, stretches=9)
        assert isinstance(found, Violated), (probe.table, found)
    # What was written to what was seen is as what is written behind a kept answer.
    assert isinstance(asked.run(probe, {probe: reached[2]}), Holds)
    asked.sql(f"UPDATE `{probe.table}` SET c = 0")
    unkept = asked.run(probe, None)
    assert isinstance(unkept, NotSettled)
    assert unkept.place is None


def is_settled_at_last(asked: Shard, probe: Probe) -> None:
    places: dict[Probe, Place] = {}
    begun_s = set[float]()
    for _ in range(ROWS):
        answer = asked.run(probe, places)
        if isinstance(answer, Holds):
            assert begun_s == {answer.at_s}
            return
        assert isinstance(answer, NotSettled), (probe.table, answer)
        assert answer.place is not None, (probe.table, answer)
        begun_s.add(answer.place.begun_s)
        places = {probe: answer.place}
    raise AssertionError(f"{probe.table}: {answer}")


@pytest.mark.invariant("PF-30")
def test_a_place_that_is_none_on_its_walk_begins_at_the_first_row(asked: Shard) -> None:
    asked.sql("CREATE TABLE t (id INT PRIMARY KEY, c INT NOT NULL)")
    asked.sql("INSERT INTO t VALUES (1, 1), (2, 0), (3, 0), (4, 0)")
    walk = walk_by_key(
        READER.read(
            dict(observed(connection_to(asked.server, asked.database)).definitions)["t"],
            observed(connection_to(asked.server, asked.database)).settings.version,
        ).table
    )
    probe = probe_of("t", RowCondition("`c` <> 0"), walk)
    right = Place(begun_s=1.0, seen_s=2.0, rows_seen=1, rows_of=4, index="PRIMARY", values=("1",))
    assert isinstance(asked.run(probe, {probe: right}, stretches=9), Holds)
    for values in ((), ("1", "1"), ("1 OR 1",), ("NULL",), ("1\n",), ("01",), ("",)):
        wrong = Place(
            begun_s=1.0, seen_s=2.0, rows_seen=1, rows_of=4, index="PRIMARY", values=values
        )
        assert isinstance(asked.run(probe, {probe: wrong}), Violated), values


@pytest.mark.invariant("PF-13")
def test_a_long_walk_leaves_time_to_the_others(asked: Shard) -> None:
    for name, rows in (("long", ROWS), ("short", 3)):
        asked.sql(f"CREATE TABLE `{name}` (a VARCHAR(8) PRIMARY KEY, c INT NOT NULL)")
        for n in range(rows):
            asked.sql(f"INSERT INTO `{name}` SELECT CHAR(65 + {n}), 0")
    walk = Walk(index="PRIMARY", columns=("a",))
    long, short = (probe_of(name, RowCondition("`c` <> 0"), walk) for name in ("long", "short"))
    told = asked.run_all([long, short], None, stretches=4)
    assert [type(answer) for answer in told] == [NotSettled, Holds], told
    keys = [
        probe_of(name, EqualRows((KeyPart("`a`", "a"), KeyPart("`c`", "c"))), walk)
        for name in ("long", "short")
    ]
    settled = asked.run_all([long, *keys, short], None, stretches=50)
    assert [type(answer) for answer in settled] == [Holds] * 4, settled
    asked.sql("UPDATE `long` SET c = 1 WHERE a = 'L'")
    found = asked.run_all([long, *keys, short], None, stretches=50)
    assert [type(answer) for answer in found] == [Violated, Holds, Holds, Holds], found
