"""Every case and a bounded number of random pairs converge, both ways, on real servers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.model.server import Flavor
from tests.integration.cases import Case, all_cases
from tests.integration.convergence import EndNotMade, Way, Workbench, both_ways, connect
from tests.property.hunt import hunt

CASES = tuple(all_cases())
RANDOM_PAIRS = 40


@pytest.fixture(scope="session")
def mysql_bench(mysql_server: RunningServer) -> Iterator[Workbench]:
    with connect(mysql_server) as bench:
        yield bench


@pytest.fixture(scope="session")
def mariadb_bench(mariadb_server: RunningServer) -> Iterator[Workbench]:
    with connect(mariadb_server) as bench:
        yield bench


@pytest.fixture(scope="session")
def oldest_mariadb_bench(mariadb_10_server: RunningServer) -> Iterator[Workbench]:
    with connect(mariadb_10_server) as bench:
        yield bench


def _for(flavor: Flavor) -> list[Case]:
    return [case for case in CASES if flavor in case.flavors]


@pytest.mark.parametrize("case", _for(Flavor.MYSQL), ids=lambda case: case.name)
def test_a_case_converges_both_ways_on_mysql(case: Case, mysql_bench: Workbench) -> None:
    _check(case, mysql_bench)


@pytest.mark.parametrize("case", _for(Flavor.MARIADB), ids=lambda case: case.name)
def test_a_case_converges_both_ways_on_mariadb(case: Case, mariadb_bench: Workbench) -> None:
    _check(case, mariadb_bench)


@pytest.mark.parametrize(
    "case",
    [case for case in _for(Flavor.MARIADB) if case.since is None],
    ids=lambda case: case.name,
)
def test_a_case_converges_both_ways_on_the_oldest_mariadb(
    case: Case, oldest_mariadb_bench: Workbench
) -> None:
    _check(case, oldest_mariadb_bench)


def test_random_pairs_converge_both_ways_on_mysql(mysql_bench: Workbench) -> None:
    assert hunt(mysql_bench, seed=0, pairs=RANDOM_PAIRS) == 0


def test_random_pairs_converge_both_ways_on_mariadb(mariadb_bench: Workbench) -> None:
    assert hunt(mariadb_bench, seed=0, pairs=RANDOM_PAIRS) == 0


def _check(case: Case, bench: Workbench) -> None:
    bench = replace(bench, policy=case.policy)
    there, back = both_ways(bench, case.before, case.after, case.renames)
    spelled_here = bench.version.flavor is Flavor.MYSQL or Flavor.MYSQL not in case.flavors
    _check_way(there, case.refusal, case.sent if spelled_here else None)
    _check_way(back, case.refusal_back, case.sent_back if spelled_here else None)
    if case.note is not None:
        assert any(case.note in note for note in there.notes), there.notes


def _check_way(way: Way, refusal: str | None, sent: tuple[str, ...] | None) -> None:
    if refusal is not None:
        assert any(refusal in found.reason for found in way.refusals), way
        return
    assert not way.refusals
    assert way.miss is None, way.miss
    if sent is not None:
        assert way.statements == sent


def test_the_oracle_sees_a_difference(mysql_bench: Workbench) -> None:
    """What the tests above rely on: a database that was not brought along is found different."""
    case = next(case for case in CASES if Flavor.MYSQL in case.flavors and case.sent)
    with mysql_bench.made(case.before) as here, mysql_bench.made(case.after) as there:
        assert mysql_bench.difference(here, mysql_bench.read(there), case.renames) is not None


def test_the_oracle_rejects_what_no_server_accepts(mysql_bench: Workbench) -> None:
    impossible = replace(CASES[0].before, statements=("CREATE TABLE t (a int, a int)",))
    with pytest.raises(EndNotMade), mysql_bench.made(impossible):
        pass
