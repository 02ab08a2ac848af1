"""In which class each change runs, asked of real servers, and run on a shard with rows.

--- from, --- to     statements of both ends, each ended by a semicolon
--- mysql            the class of each statement of the plan, in order: `INPLACE NONE rebuild`, or
--- mariadb          `-` where the server has no such clause; no section: not for that server
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.model.server import Flavor
from reconciler.plan.model import ExecutionClass
from reconciler.prove.change_set import Proven
from tests.integration.proving import Bench, bench_on
from tests.sections import CaseText, case_texts

CASES = case_texts("execution")


@pytest.fixture(scope="module")
def mysql(mysql_server: RunningServer) -> Iterator[Bench]:
    with bench_on(mysql_server) as bench:
        yield bench


@pytest.fixture(scope="module")
def mariadb(mariadb_server: RunningServer) -> Iterator[Bench]:
    with bench_on(mariadb_server) as bench:
        yield bench


def cases_for(flavor: Flavor) -> list[CaseText]:
    return [case for case in CASES if flavor.value in case.sections]


@pytest.mark.parametrize("case", cases_for(Flavor.MYSQL), ids=lambda case: case.name)
def test_the_class_on_mysql(mysql: Bench, case: CaseText) -> None:
    assert classes(mysql, case) == case.lines("mysql")


@pytest.mark.parametrize("case", cases_for(Flavor.MARIADB), ids=lambda case: case.name)
def test_the_class_on_mariadb(mariadb: Bench, case: CaseText) -> None:
    assert classes(mariadb, case) == case.lines("mariadb")


def classes(bench: Bench, case: CaseText) -> list[str]:
    proof = bench.prove(case.statements("from"), case.statements("to"))
    assert isinstance(proof, Proven), proof
    for statement in proof.statements:
        for word in (statement.execution.algorithm, statement.execution.lock):
            assert word is None or f"={word}" in statement.sql
    return [shown(statement.execution) for statement in proof.statements]


def shown(execution: ExecutionClass) -> str:
    words = [execution.algorithm or "-", execution.lock, "rebuild" if execution.rebuilds else None]
    return " ".join(word for word in words if word)
