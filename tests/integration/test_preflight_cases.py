"""Each question to rows on real servers, by every form it is asked in, and the statement itself as
the judge: where it is said to fail it fails, and where everything holds it goes through.

The cases are in tests/cases/preflight/, a file for each kind of question: `table` (and `also`,
statements before it), `rows` as VALUES has them or as statements, `change` as ALTER TABLE has it,
and `answers`, by kind and object. `server` names a flavor alone, `mode` is the sql_mode in which
the rows were written, `under` a mode in which the table is changed besides, `copies` says that the
statement copies the table, and `refused` what becomes of it where the answers leave that open.

A file's cases share their databases: each has a number, which is `{n}` in what it says. Its table
is `t{n}`, and so are the names that a database has once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pymysql
import pytest
from pymysql.cursors import Cursor

from reconciler.diff.model import Operation, Step
from reconciler.diff.statement import alter_sql, step_sql
from reconciler.edges.mysql import probe_turns, probe_walk, row_probes
from reconciler.edges.mysql.row_probes import MysqlRowProbes
from reconciler.edges.mysql.session_settings import (
    session_variables,
    set_session,
    statement_variables,
)
from reconciler.edges.server.process import RunningServer
from reconciler.model.observation import ObservedShard
from reconciler.model.server import Flavor, ServerSettings
from reconciler.ports.row_probes import ShardAsked, TableAsked
from reconciler.preflight.model import (
    Answer,
    Effect,
    Holds,
    NotSettled,
    Probe,
    Violated,
)
from tests.conftest import FreshDatabase
from tests.integration.asked_rows import READER, steps_and_probes
from tests.integration.mysql_edges import (
    ROOT,
    SERVERS,
    admin_cursor,
    connection_to,
    observed,
    shard,
)
from tests.yaml_cases import read_yaml

FILES = sorted((Path(__file__).parent.parent / "cases/preflight").glob("*.yaml"))
WORDS: Mapping[type, str] = {Holds: "holds", Violated: "violated", NotSettled: "not settled"}
Case = Mapping[str, Any]


@dataclass(frozen=True)
class Asked:
    """A case as the product meets it: the table with its rows, and the steps that change it."""

    case: Case
    settings: ServerSettings
    steps: tuple[Step, ...]
    probes: tuple[Probe, ...]
    before: str

    @property
    def table(self) -> TableAsked:
        version = self.settings.version
        seen = READER.read(self.before, version).fingerprint
        return TableAsked(
            table=self.steps[0].table,
            probes=self.probes,
            is_as_seen=lambda text: READER.read(text, version).fingerprint == seen,
        )

    def told(self, answers: Sequence[Answer]) -> dict[str, list[str]]:
        told: dict[str, list[str]] = {}
        for probe, answer in zip(self.probes, answers, strict=True):
            key = f"{probe.raised.kind} {probe.raised.object}"
            told.setdefault(key, []).append(WORDS[type(answer)])
        # Any copy of a table with dates asks for them, where the server's sql_mode does.
        return {
            key: words
            for key, words in told.items()
            if not key.startswith("zero-dates ") or key in self.case["answers"]
        }

    def expected(self) -> dict[str, list[str]]:
        answers = self.case["answers"].items()
        return {key: [told] if isinstance(told, str) else told for key, told in answers}

    def is_refused_by(self, cursor: Cursor) -> bool:
        """Whether the server refuses the statements themselves."""
        cursor.execute(set_session(session_variables(self.settings)))
        for step in self.steps:
            cursor.execute(set_session(statement_variables(step.session, self.settings)))
            try:
                cursor.execute(self._statement(step))
            except pymysql.err.MySQLError:
                return True
        return False

    def _statement(self, step: Step) -> str:
        copies = "copies" in self.case and step.operation is Operation.ALTER_TABLE
        if copies and not any("PARTITION" in clause.sql for clause in step.clauses):
            return alter_sql(step.table, step.clauses, algorithm="COPY")
        return step_sql(step)

    def must_be_refused(self, answers: Sequence[Answer]) -> bool | None:
        """None: the answers leave it open."""
        failing = [
            answer
            for probe, answer in zip(self.probes, answers, strict=True)
            if probe.raised.effect is Effect.FAILS
        ]
        if any(isinstance(answer, Violated) for answer in failing):
            return True
        is_open = any(isinstance(answer, NotSettled) for answer in failing)
        open_end: bool | None = self.case.get("refused")
        return open_end if is_open or open_end is not None else False


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> RunningServer:
    found: RunningServer = request.getfixturevalue(request.param)
    return found


def cases_of(path: Path, server: RunningServer) -> list[Case]:
    flavor = server.version.flavor.value
    listed = read_yaml(path)
    numbered = [_numbered(case, number) for number, case in enumerate(listed)]
    return [case for case in numbered if str(case.get("server", flavor)) == flavor]


def _numbered(found: Any, number: int) -> Any:
    match found:
        case str():
            return found.replace("{n}", str(number))
        case list():
            return [_numbered(one, number) for one in found]
        case dict():
            named = {"number": number} if "name" in found else {}
            return {_numbered(k, number): _numbered(v, number) for k, v in found.items()} | named
        case _:
            return found


def all_asked(server: RunningServer, here: str, changed: str, cases: Sequence[Case]) -> list[Asked]:
    for database in (here, changed):
        with admin_cursor(server, database) as cursor:
            cursor.execute("SET SESSION foreign_key_checks = 0")
            if server.version.flavor is Flavor.MARIADB:
                cursor.execute("SET SESSION system_versioning_alter_history = KEEP")
            for case in cases:
                table = f"t{case['number']}"
                created = f"CREATE TABLE {table} ({case['table']}) {case.get('options', '')}"
                for sql in (*case.get("also", ()), created):
                    cursor.execute(sql)
                if database == changed:
                    cursor.execute(f"ALTER TABLE {table} {case['change']}")
                else:
                    _insert(cursor, table, case)
    before, after = (observed(connection_to(server, d)) for d in (here, changed))
    return [_asked(case, before, after) for case in cases]


def _insert(cursor: Cursor, table: str, case: Case) -> None:
    cursor.execute("SET SESSION time_zone = '+00:00'")
    if "mode" in case:
        cursor.execute("SET SESSION sql_mode = %s", [case["mode"]])
    for row in case["rows"]:
        cursor.execute(f"INSERT INTO {table} VALUES {row}" if row.startswith("(") else row)
    cursor.execute("SET SESSION sql_mode = DEFAULT")


def _asked(case: Case, before: ObservedShard, after: ObservedShard) -> Asked:
    name = f"t{case['number']}"
    if "under" in case:
        before = replace(before, settings=_in_mode(before.settings, case["under"]))
    steps, probes = steps_and_probes(name, before, after, copies=bool(case.get("copies")))
    text = dict(before.definitions)[name]
    return Asked(case=case, settings=before.settings, steps=steps, probes=probes, before=text)


def _in_mode(settings: ServerSettings, mode: str) -> ServerSettings:
    modes = f"{settings.variable('sql_mode')},{mode}"
    others = (pair for pair in settings.variables if pair[0] != "sql_mode")
    return replace(settings, variables=tuple(sorted([*others, ("sql_mode", modes)])))


def answers_of(
    server: RunningServer, database: str, asked: Sequence[Asked]
) -> list[tuple[Answer, ...]]:
    tables = tuple(one.table for one in asked)
    one_shard = ShardAsked(shard=shard(connection_to(server, database)), tables=tables)
    probes = MysqlRowProbes(environ={}, root=ROOT)
    [found] = probes.ask([one_shard], parallel=1, budget_s=300)
    given = iter(found)
    return [tuple(next(given) for _ in one.probes) for one in asked]


@pytest.mark.invariant("PF-1")
@pytest.mark.invariant("PF-6")
@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_questions_are_answered_as_statements_behave(
    path: Path,
    server: RunningServer,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cases, here = cases_of(path, server), fresh_database(server)
    if not cases:
        return
    asked = all_asked(server, here, fresh_database(server), cases)
    at_once = answers_of(server, here, asked)
    by_stretches(monkeypatch)
    walked = answers_of(server, here, asked)
    with admin_cursor(server, here) as cursor:
        wrong = [
            f"{one.case['name']}: {complaint}"
            for one, told, told_walking in zip(asked, at_once, walked, strict=True)
            for complaint in complaints(one, told, told_walking, cursor)
        ]
    assert not wrong, "\n".join(wrong)


def complaints(
    asked: Asked, at_once: Sequence[Answer], walked: Sequence[Answer], cursor: Cursor
) -> Iterator[str]:
    told, expected = asked.told(at_once), asked.expected()
    if told != expected:
        yield f"answered {told}, not {expected}"
    for probe, one, other in zip(asked.probes, at_once, walked, strict=True):
        if probe.walk is not None and type(one) is not type(other):
            yield f"{probe.raised}: {one} at once, and {other} by stretches"
    must_be_refused = asked.must_be_refused(at_once)
    is_refused = asked.is_refused_by(cursor)
    if must_be_refused not in (None, is_refused):
        yield f"answered {told}, and the statement {'fails' if is_refused else 'goes through'}"


def by_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is read at once, a stretch has two rows, and a turn one stretch."""
    monkeypatch.setattr(probe_turns, "share_s", lambda *_: 0.0)
    monkeypatch.setattr(row_probes, "PROBE_ROWS_AT_ONCE", -1)
    monkeypatch.setattr(row_probes, "_BY_INDEX", frozenset())
    monkeypatch.setattr(probe_walk, "PROBE_ROWS_MAX", 2)
    monkeypatch.setattr(probe_walk, "PROBE_ROWS_FIRST", 2)
    monkeypatch.setattr(probe_walk, "PROBE_ROWS_MIN", 1)
