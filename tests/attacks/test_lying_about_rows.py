"""A server that lies when it is asked about its rows: nothing that it does makes "holds" of it, and
nothing of a row is told."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from reconciler.edges.mysql import probe_session
from reconciler.edges.mysql.row_probes import MysqlRowProbes
from reconciler.ports.row_probes import ShardAsked, TableAsked
from reconciler.preflight.model import (
    Answer,
    Holds,
    NotSettled,
    OnWarning,
    Probe,
    RowCondition,
    Violated,
)
from tests.attacks import packets
from tests.attacks.lying_server import Conversation, Lies, lying_server
from tests.attacks.test_lying_server import HONEST, PASSWORD, connection_to
from tests.integration.mysql_edges import ROOT, shard
from tests.sample_probes import WALKED
from tests.waiting import PATIENCE_S

SECRET = "value-of-a-row"
Rows = Sequence[Sequence[str | None]]
# What a server says that means well, by what a statement begins with: a table of ten rows, clean.
CONFIRM, EXPLAIN, AT_END, STRETCH, AT_ONCE = (
    "SELECT @@session",
    "EXPLAIN",
    "SELECT @reconciler_to_0 IS NULL",
    "SELECT CONNECTION_ID()",
    "SELECT 1 FROM `t` AS this_row WHERE",
)
HONESTLY: Mapping[str, Rows] = {
    CONFIRM: [["1000", "1", "1", "7"]],
    EXPLAIN: [["ALL", "1000000"]],
    AT_END: [["1"]],
    STRETCH: [["7", "1", "10", "0"]],
    AT_ONCE: [],
}


def answered(
    said: Mapping[str, Rows | bytes],
    *,
    tables: Sequence[str] = ("t",),
    probe: Probe = WALKED,
    heard: list[str] | None = None,
) -> Answer:
    """What is made of a server that says this beside what an honest one says. `heard` is told every
    statement."""
    says: dict[str, Rows | bytes] = {**HONESTLY, **said}

    def on_statement(conversation: Conversation, sql: str) -> bool:
        if heard is not None:
            heard.append(sql)
        found = next((begin for begin in says if sql.startswith(begin)), None)
        if found is None:
            return False
        answer = says[found]
        if isinstance(answer, bytes):
            conversation.send(*([answer] if answer else []))
            return True
        names = (
            ["type", "rows"] if found == EXPLAIN else [str(n) for n in range(len(_first(answer)))]
        )
        conversation.answer(names, answer)
        return True

    with lying_server(HONEST, Lies(on_statement=on_statement)) as server:
        asked = ShardAsked(
            shard=shard(connection_to(server)),
            tables=(TableAsked(table="t", probes=(probe,), is_as_seen=lambda _: bool(tables)),),
        )
        probes = MysqlRowProbes(environ={}, root=ROOT)
        [[answer]] = probes.ask([asked], parallel=1, budget_s=20)
    return answer


def _first(rows: Rows) -> Sequence[str | None]:
    return rows[0] if rows else ["1"]


def test_an_honest_server_is_believed() -> None:
    holds = answered({})
    assert isinstance(holds, Holds), holds
    assert holds.rows_seen == 10
    violated = answered({STRETCH: [["7", "1", "10", "3"]]})
    assert isinstance(violated, Violated), violated
    assert violated.rows_min == 3


@pytest.mark.invariant("PF-6")
@pytest.mark.parametrize("read", ["at once", "by stretches"])
def test_a_question_stays_open_where_no_warning_comes_through(read: str) -> None:
    question = RowCondition("NOT (`a` > 0)", OnWarning.OPEN)
    probe = replace(WALKED, raised=replace(WALKED.raised, question=question))
    said: dict[str, Rows | bytes] = {"SELECT CAST('x' AS SIGNED)": [["0"]]}
    if read == "at once":
        said[EXPLAIN] = [["const", "1"]]
    answer = answered(said, probe=probe)
    assert isinstance(answer, NotSettled), answer
    assert answer.because == "what the server warns of does not come through"


LIES: Mapping[str, Mapping[str, Rows | bytes]] = {
    "no limit of time": {CONFIRM: [["0", "1", "1", "7"]]},
    "a session that may write": {CONFIRM: [["1000", "0", "1", "7"]]},
    "a transaction that stays open": {CONFIRM: [["1000", "1", "0", "7"]]},
    "another connection": {STRETCH: [["8", "1", "10", "0"]]},
    "variables that are gone": {STRETCH: [["7", "0", "10", "0"]]},
    "a stretch without rows": {AT_END: [["0"]], STRETCH: [["7", "1", "0", "0"]]},
    "fewer rows than none": {STRETCH: [["7", "1", "10", "-1"]]},
    "no number of rows": {STRETCH: [["7", "1", "10", None]]},
    "a number that is none": {STRETCH: [["7", "1", "10", SECRET]]},
    "two answers": {STRETCH: [["7", "1", "10", "0"], ["7", "1", "10", "0"]]},
    "no answer": {STRETCH: []},
    "a column less": {STRETCH: [["7", "1", "10"]]},
    "OK in place of rows": {STRETCH: packets.ok()},
    "an error that quotes a row": {STRETCH: packets.error(1292, f"Truncated: '{SECRET}'")},
    "an error at once that quotes a row": {
        EXPLAIN: [["const", "1"]],
        AT_ONCE: packets.error(3141, f"Invalid JSON text: '{SECRET}'"),
    },
    "rows that are none at once": {EXPLAIN: [["const", "1"]], AT_ONCE: [["0"]]},
    "an access that nobody may have": {EXPLAIN: packets.error(1142, f"SELECT denied {PASSWORD}")},
}


@pytest.mark.threat("TM-SERVER-24")
@pytest.mark.invariant("PF-1")
@pytest.mark.invariant("PF-2")
@pytest.mark.invariant("PF-3")
@pytest.mark.invariant("PF-5")
@pytest.mark.parametrize("lie", LIES.values(), ids=LIES.keys())
def test_a_lie_about_rows_settles_nothing_and_shows_nothing(
    lie: Mapping[str, Rows | bytes],
) -> None:
    answer = answered(lie)
    assert isinstance(answer, NotSettled), answer
    assert SECRET not in answer.because
    assert PASSWORD not in answer.because


@pytest.mark.threat("TM-SERVER-24")
@pytest.mark.invariant("PF-3")
def test_a_server_that_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it did not end at its limit, it is told to end."""
    monkeypatch.setattr(probe_session, "PROBE_OVERTIME_S", 0.2)
    began_s, heard = time.monotonic(), list[str]()
    answer = answered({STRETCH: b"", "KILL": packets.ok()}, heard=heard)
    assert isinstance(answer, NotSettled), answer
    assert time.monotonic() - began_s < PATIENCE_S
    assert heard[-1] == "KILL 7"


@pytest.mark.invariant("PF-2")
def test_a_table_that_is_another_one_settles_nothing() -> None:
    answer = answered({}, tables=())
    assert isinstance(answer, NotSettled), answer
    assert answer.because == "the table was changed since it was looked at"
    assert answer.passes, "who looks again sees what it is now"
