"""What the normal form calls equal, a server treats alike; what it does not, a server tells apart.

Two databases are made in the two spellings of a case of tests/cases/equal, and are asked the same
statements. Each gives its rows, or the number of its error.

rule: index_order                the file in ddl/normalize that the case holds
flavor: mysql mariadb            the servers (default: both)
differs: yes                     the spellings are not equal: some answer must differ
printed: alike on mysql          where the server prints one text for both
--- one, --- other               statements that make table `t`
--- alike                        what both are asked
"""

from __future__ import annotations

from collections.abc import Iterator

import pymysql
import pytest

from reconciler.ddl.fingerprint import table_fingerprint
from reconciler.ddl.read import read_table
from reconciler.edges.server.process import RunningServer
from tests.integration.convergence import End, Workbench, connect
from tests.sections import CaseText, case_texts

CASES = case_texts("equal")


@pytest.fixture
def bench(server: RunningServer) -> Iterator[Workbench]:
    with connect(server) as found:
        yield found


@pytest.mark.invariant("EQ-1")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_server_treats_equal_spellings_alike(case: CaseText, bench: Workbench) -> None:
    flavor = bench.version.flavor
    if flavor not in case.headers.get("flavor", "mysql mariadb").split():
        return  # a text that this server does not know
    (one, answers), (other, other_answers) = (_asked(bench, case, end) for end in ("one", "other"))
    differs = "differs" in case.headers
    assert (_fingerprint(one, bench) == _fingerprint(other, bench)) is not differs, (one, other)
    assert (answers == other_answers) is not differs, (answers, other_answers)
    assert (one == other) is (flavor in case.headers.get("printed", "").split()), (one, other)


def _asked(bench: Workbench, case: CaseText, end: str) -> tuple[str, list[object]]:
    """The text of table `t` in one spelling, and what it answers."""
    with bench.made(End(statements=tuple(case.statements(end)))):
        text = bench.execute("SHOW CREATE TABLE t")[0][1]
        return text, [_answer(bench, statement) for statement in case.statements("alike")]


def _fingerprint(text: str, bench: Workbench) -> str:
    return table_fingerprint(read_table(text, bench.version), bench.version)


def _answer(bench: Workbench, statement: str) -> object:
    try:
        return tuple(bench.execute(statement))
    except pymysql.MySQLError as error:
        return error.args[0]
