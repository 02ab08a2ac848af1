"""Live states and the files that `pull` makes of them: each file means what live is, or its table
is told by name; and no round of pull, plan and drift leads to the next one.

flavor: mysql mariadb       the servers (default: both)
--- live                    statements that make the shard
--- gap                     what no file says: kind, table, and columns or the problem's code
--- plan                    what a plan of the pulled files wants: its statements, each followed by
                            its hazards, or the code of its refusal; nothing where no gap is
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.errors import ReconcilerError
from reconciler.flows.drift import find_drift
from reconciler.flows.plan import plan_keyspace
from reconciler.flows.pull import pull_keyspace, specified_in
from reconciler.outcomes.files import FileGap, PullOutcome
from reconciler.report.drift_words import next_steps
from reconciler.spec.load import load_keyspace
from tests.integration.convergence import End, connect
from tests.offline_fleet import no_ledger
from tests.property.full_path import SPEC, Court, MemoryTree, court_on
from tests.sections import CaseText, case_texts

CASES = case_texts("live")


@pytest.fixture(scope="module", params=["mysql", "mariadb", "mariadb_10"])
def court(request: pytest.FixtureRequest) -> Iterator[Court]:
    server: RunningServer = request.getfixturevalue(f"{request.param}_server")
    with court_on(server) as made:
        yield made


class Files(MemoryTree):
    """A repository that `pull` writes into."""

    def write(self, path: str, content: bytes) -> None:
        self.files[path] = content

    def remove(self, path: str) -> None:
        del self.files[path]


@pytest.mark.invariant("EQ-3")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_pulled_file_means_what_live_is_or_is_told_by_name(court: Court, case: CaseText) -> None:
    if court.flavor not in case.headers.get("flavor", "mysql mariadb").split():
        return  # there is no such state
    statements = tuple(case.statements("live"))
    with connect(court.server) as bench, bench.made(End(statements=statements)) as database:
        files = Files({SPEC: spec(court.server, database)})
        first = pull(court, files)
        assert [gap_line(gap) for gap in first.gaps] == case.lines("gap")
        assert planned(court, files) == case.lines("plan")
        assert not pull(court, files).written, "a second pull finds nothing to do"
        steps = " ".join(drift_steps(court, files))
        assert "reconciler pull" not in steps


def spec(server: RunningServer, database: str) -> str:
    login = server.admin
    connection = {
        "host": server.host,
        "port": server.port,
        "user": login.user,
        "password": login.password,
        "database": database,
    }
    environment = {"connection": connection, "shards": ["-"]}
    return json.dumps(
        {
            "version": 1,
            "keyspace": "shop",
            "schema": "schemas/shop",
            "environments": {"test": environment},
        }
    )


def pull(court: Court, files: Files) -> PullOutcome:
    specified = specified_in(files)["shop"]
    assert not isinstance(specified, ReconcilerError), specified
    return pull_keyspace(court.world, specified, specified.spec.environments[0], files)


def planned(court: Court, files: Files) -> list[str]:
    try:
        loaded = load_keyspace(files, SPEC)
        outcome = plan_keyspace(
            court.world,
            loaded,
            loaded.spec.environments[0],
            protected=None,
            created_at="",
            tool_version="",
        )
    except ReconcilerError as error:
        return [f"refused {problem.code}" for problem in error.problems]
    assert not outcome.refusals, outcome.refusals
    assert outcome.plan is not None
    return [
        line
        for change_set in outcome.plan.core.change_sets
        for statement in change_set.statements
        for line in (
            statement.sql,
            *(f"{hazard.kind} {hazard.object}: {hazard.reason}" for hazard in statement.hazards),
        )
    ]


def drift_steps(court: Court, files: Files) -> tuple[str, ...]:
    """What a report of drift advises; of files that cannot be loaded there is none."""
    try:
        loaded = load_keyspace(files, SPEC)
        environment = loaded.spec.environments[0]
        found = find_drift(court.world, loaded, environment, tree=files, open_ledger=no_ledger)
        return next_steps(found)
    except ReconcilerError:
        return ()


def gap_line(gap: FileGap) -> str:
    what = ", ".join(gap.columns) or (gap.problem.code if gap.problem else "another table")
    return f"{gap.kind} {gap.table}: {what}"


def test_the_order_in_which_unique_keys_are_checked_is_shown_by_no_definition(
    server: RunningServer,
) -> None:
    """Two tables that print alike, the second of which was given `ub` before `ua`: a row that is in
    the way of both finds another one."""
    at_once = "CREATE TABLE t (a int NOT NULL, b int, c int, PRIMARY KEY (c), {keys})"
    clash = "INSERT INTO t VALUES (1, 20, 9) ON DUPLICATE KEY UPDATE a = a + 100, b = b + 100"

    def printed_and_found(*statements: str) -> tuple[str, object]:
        with connect(server) as bench, bench.made(End(statements=statements)):
            printed = bench.execute("SHOW CREATE TABLE t")[0][1]
            bench.execute("INSERT INTO t VALUES (1, 10, 1), (2, 20, 2)")
            bench.execute(clash)
            return printed, bench.execute("SELECT c FROM t WHERE a > 100")[0][0]

    one = at_once.format(keys="UNIQUE KEY ua (a), UNIQUE KEY ub (b)")
    other = at_once.format(keys="UNIQUE KEY ub (b)")
    printed, found = printed_and_found(one)
    printed_too, found_too = printed_and_found(other, "ALTER TABLE t ADD UNIQUE KEY ua (a)")
    assert printed == printed_too
    assert (found, found_too) == (1, 2)
