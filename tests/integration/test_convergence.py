"""Every case and a bounded number of random pairs converge, both ways, on real servers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from reconciler.model.server import Flavor
from tests.conftest import ServerOf
from tests.integration.cases import Case, all_cases
from tests.integration.convergence import EndNotMade, Way, Workbench, both_ways, connect
from tests.property.hunt import hunt
from tests.series import share
from tests.subjects import Subject, subjects

pytestmark = pytest.mark.any_server

BenchOf = Callable[[Subject], Workbench]

CASES = tuple(all_cases())
RANDOM_PAIRS = share(40)

on_each_subject = pytest.mark.parametrize("subject", subjects(), ids=lambda subject: subject.name)


@pytest.fixture(scope="session")
def bench_of(server_of: ServerOf) -> Iterator[BenchOf]:
    """The workbench on a subject's server, made when first asked for."""
    benches: dict[str, Workbench] = {}
    with ExitStack() as opened:

        def find(subject: Subject) -> Workbench:
            if subject.name not in benches:
                benches[subject.name] = opened.enter_context(connect(server_of(subject)))
            return benches[subject.name]

        yield find


@pytest.mark.invariant("EQ-2")
@pytest.mark.parametrize(
    ("case", "subject"),
    [
        pytest.param(case, subject, id=f"{case.name}-{subject.name}")
        for subject in subjects()
        for case in CASES
        if case.is_for(subject)
    ],
)
def test_a_case_converges_both_ways(case: Case, subject: Subject, bench_of: BenchOf) -> None:
    _check(case, bench_of(subject))


@pytest.mark.random
@on_each_subject
def test_random_pairs_converge_both_ways(subject: Subject, bench_of: BenchOf) -> None:
    assert hunt(bench_of(subject), seed=0, pairs=RANDOM_PAIRS) == 0


def _check(case: Case, bench: Workbench) -> None:
    bench = replace(bench, policy=case.policy)
    there, back = both_ways(bench, case.before, case.after, case.renames)
    spelled_here = bench.version.flavor is Flavor.MYSQL or Flavor.MYSQL not in case.flavors
    _check_way(there, case.refusal, case.sent if spelled_here else None)
    _check_way(back, case.refusal_back, case.sent_back if spelled_here else None)
    assert "there" in case.other_words or not there.respelled, there.respelled
    assert "back" in case.other_words or not back.respelled, back.respelled
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


@on_each_subject
def test_the_oracle_sees_a_difference(subject: Subject, bench_of: BenchOf) -> None:
    """What the tests above rely on: a database that was not brought along is found different."""
    bench = bench_of(subject)
    case = next(case for case in CASES if case.is_for(subject) and case.sent)
    with bench.made(case.before) as here, bench.made(case.after) as there:
        assert bench.difference(here, bench.read(there), case.renames) is not None


@on_each_subject
def test_the_oracle_rejects_what_no_server_accepts(subject: Subject, bench_of: BenchOf) -> None:
    impossible = replace(CASES[0].before, statements=("CREATE TABLE t (a int, a int)",))
    with pytest.raises(EndNotMade), bench_of(subject).made(impossible):
        pass
