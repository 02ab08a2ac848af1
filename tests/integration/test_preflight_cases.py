"""Each question to rows on real servers, by every form it is asked in, and the statement itself as
the judge: where it is said to fail it fails, and where everything holds it goes through.

The cases are in tests/cases/preflight/, a file for each kind of question: `table` (and `also`,
statements before it), `rows` as VALUES has them, `change` as ALTER TABLE has it, and `answers`, by
kind and object. `server` names a flavor alone, `mode` is the sql_mode in which the rows were
written, `copies` says that the statement copies the table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pymysql
import pytest
import yaml

from reconciler.ddl.normalize import normalize_table
from reconciler.diff.model import Operation, Step
from reconciler.diff.schema_diff import diff_schemas
from reconciler.diff.statement import alter_sql, step_sql
from reconciler.edges.mysql import probe_walk, row_probes
from reconciler.edges.mysql.row_probes import MysqlRowProbes
from reconciler.edges.server.process import RunningServer
from reconciler.model.policy import Policy
from reconciler.model.schema import Schema, Table
from reconciler.observe.shards import DefinitionReader
from reconciler.plan.hazards.statement_context import StatementContext, old_column_names
from reconciler.plan.model import Algorithm, ExecutionClass
from reconciler.ports.row_probes import ShardAsked, TableAsked
from reconciler.preflight.change import Change
from reconciler.preflight.model import (
    Answer,
    Effect,
    Holds,
    NotSettled,
    Probe,
    Violated,
)
from reconciler.preflight.questions import probes_of
from tests.conftest import FreshDatabase
from tests.integration.mysql_edges import (
    ROOT,
    SERVERS,
    admin_cursor,
    connection_to,
    observed,
    shard,
)

FOLDER = Path(__file__).parent.parent / "cases/preflight"
CASES = [
    pytest.param(case, id=f"{path.stem}: {case['name']}")
    for path in sorted(FOLDER.glob("*.yaml"))
    for case in yaml.safe_load(path.read_text("utf-8"))
]
READER = DefinitionReader(Policy())
WORDS: Mapping[type, str] = {Holds: "holds", Violated: "violated", NotSettled: "not settled"}


@dataclass(frozen=True)
class Asked:
    """A case as the product meets it: the table with its rows, and the steps that change it."""

    server: RunningServer
    database: str
    steps: tuple[Step, ...]
    probes: tuple[Probe, ...]
    before: str
    copies: bool

    def answers(self) -> tuple[Answer, ...]:
        table = TableAsked(
            table="t",
            probes=self.probes,
            is_as_seen=lambda text: (
                READER.read(text, self.server.version).fingerprint
                == READER.read(self.before, self.server.version).fingerprint
            ),
        )
        asked = ShardAsked(shard=shard(connection_to(self.server, self.database)), tables=(table,))
        probes = MysqlRowProbes(environ={}, root=ROOT)
        [found] = probes.ask([asked], parallel=1, budget_s=30)
        return found

    def told(self, answers: Sequence[Answer]) -> dict[str, list[str]]:
        told: dict[str, list[str]] = {}
        for probe, answer in zip(self.probes, answers, strict=True):
            key = f"{probe.raised.kind} {probe.raised.object}"
            told.setdefault(key, []).append(WORDS[type(answer)])
        return told

    def _statement(self, step: Step) -> str:
        is_alter = self.copies and step.operation is Operation.ALTER_TABLE
        if is_alter and not any("PARTITION" in clause.sql for clause in step.clauses):
            return alter_sql(step.table, step.clauses, algorithm="COPY")
        return step_sql(step)

    def is_refused(self) -> bool:
        """Whether the server refuses the statements themselves."""
        with admin_cursor(self.server, self.database) as cursor:
            for step in self.steps:
                cursor.execute(f"SET SESSION foreign_key_checks = {int(step.foreign_key_checks)}")
                try:
                    cursor.execute(self._statement(step))
                except pymysql.err.MySQLError:
                    return True
        return False


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> RunningServer:
    found: RunningServer = request.getfixturevalue(request.param)
    return found


def asked_of(server: RunningServer, fresh: FreshDatabase, case: Mapping[str, Any]) -> Asked:
    here, changed = fresh(server), fresh(server)
    for database, last in ((here, ()), (changed, (f"ALTER TABLE t {case['change']}",))):
        with admin_cursor(server, database) as cursor:
            for sql in (*case.get("also", ()), f"CREATE TABLE t ({case['table']})", *last):
                cursor.execute(sql)
    with admin_cursor(server, here) as cursor:
        if "mode" in case:
            cursor.execute(f"SET SESSION sql_mode = '{case['mode']}'")
        cursor.execute("SET SESSION time_zone = '+00:00'")
        cursor.execute("SET SESSION foreign_key_checks = 0")
        for row in case["rows"]:
            cursor.execute(row if row.startswith("INSERT") else f"INSERT INTO t VALUES {row}")
        cursor.execute("ANALYZE TABLE t")
    before, after = (observed(connection_to(server, d)) for d in (here, changed))
    texts = [dict(seen.definitions)["t"] for seen in (before, after)]
    old, new = (READER.read(text, server.version).table for text in texts)
    steps = diff_schemas(
        Schema(tables=(old,)),
        Schema(tables=(new,)),
        policy=Policy(),
        renames=(),
        version=server.version,
    ).steps
    algorithm = Algorithm.COPY if case.get("copies") else Algorithm.INPLACE
    probes = tuple(
        probe
        for place, step in enumerate(steps)
        for probe in probes_of(
            Change(
                context=StatementContext(
                    step=_canonical(step, server),
                    clauses=step.clauses,
                    execution=ExecutionClass(algorithm=algorithm),
                    old_columns=old_column_names(steps, "t"),
                ),
                settings=before.settings,
            ),
            place,
        )
    )
    return Asked(
        server=server,
        database=here,
        steps=steps,
        probes=probes,
        before=texts[0],
        copies="copies" in case,
    )


def _canonical(step: Step, server: RunningServer) -> Step:
    def of(table: Table | None) -> Table | None:
        return None if table is None else normalize_table(table, server.version)

    return replace(step, before=of(step.before), after=of(step.after))


def runs_on(case: Mapping[str, Any], server: RunningServer) -> bool:
    flavor = server.version.flavor.value
    return str(case.get("server", flavor)) == flavor


def expected(case: Mapping[str, Any]) -> dict[str, list[str]]:
    return {key: [told] if isinstance(told, str) else told for key, told in case["answers"].items()}


@pytest.mark.invariant("PF-1")
@pytest.mark.parametrize("case", CASES)
def test_a_question_is_answered_as_the_statement_behaves(
    case: Mapping[str, Any],
    server: RunningServer,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if not runs_on(case, server):
        return
    asked = asked_of(server, fresh_database, case)
    answers = asked.answers()
    found = asked.told(answers)
    # Any copy of a table with dates asks for them, where the server's sql_mode does.
    unasked = {key for key in found if key.startswith("zero-dates ")} - {*case["answers"]}
    assert {key: told for key, told in found.items() if key not in unasked} == expected(case)
    by_stretches(monkeypatch)
    at_once = dict(zip(asked.probes, answers, strict=True))
    for probe, answer in zip(asked.probes, asked.answers(), strict=True):
        if probe.walk is not None:
            assert type(answer) is type(at_once[probe]), (probe, answer)
    judged = _judged(asked, found)
    if judged is not None:
        assert asked.is_refused() == judged, "the statement itself"


def by_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read at once, and a stretch has two rows."""
    monkeypatch.setattr(row_probes, "PROBE_ROWS_AT_ONCE", -1)
    monkeypatch.setattr(row_probes, "_BY_INDEX", frozenset())
    monkeypatch.setattr(probe_walk, "PROBE_ROWS_MAX", 2)
    monkeypatch.setattr(probe_walk, "PROBE_ROWS_FIRST", 2)
    monkeypatch.setattr(probe_walk, "PROBE_ROWS_MIN", 1)


def _flat(told: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
    yield from ((key, one) for key, words in told.items() for one in words)


def _in_order(probes: tuple[Probe, ...]) -> list[Probe]:
    """As `told` groups them."""
    groups: dict[str, list[Probe]] = {}
    for probe in probes:
        groups.setdefault(f"{probe.raised.kind} {probe.raised.object}", []).append(probe)
    return [probe for group in groups.values() for probe in group]


def _judged(asked: Asked, found: Mapping[str, list[str]]) -> bool | None:
    """Whether the statement must fail by the answers; None: they leave it open."""
    pairs = list(zip(_in_order(asked.probes), _flat(found), strict=True))
    of_failing = [told for probe, (_, told) in pairs if probe.raised.effect is Effect.FAILS]
    if "violated" in of_failing:
        return True
    return None if "not settled" in of_failing else False
