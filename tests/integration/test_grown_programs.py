"""Schemas that are grown from the cases of programs: some of them as they begin, some as they end,
in any mixture, led to any other mixture and back, with nothing left to plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from tests.integration import test_trigger_cases, test_view_cases
from tests.integration.program_rounds import FLAVORS, cases_of, rounds, stands_alone
from tests.integration.proving import Bench, bench_on
from tests.integration.test_view_cases import POLICY, converge
from tests.sections import CaseText
from tests.series import share

EXAMPLES = share(3)
CASES_MAX = 16
_ENDS = (("from", "to"), ("to", "from"), ("from", "from"), ("to", "to"))


@pytest.fixture(scope="module")
def benches(request: pytest.FixtureRequest) -> Iterator[Mapping[str, Bench]]:
    with ExitStack() as opened:
        yield {
            name: replace(
                opened.enter_context(bench_on(request.getfixturevalue(name))), policy=POLICY
            )
            for name in FLAVORS
        }


def between(case: CaseText, before: str, after: str) -> CaseText:
    """The case from one of its ends to one of them, which may be the same."""
    sections = {"from": case.sections[before], "to": case.sections[after]}
    return replace(case, headers={}, sections=sections)


@pytest.mark.random
@pytest.mark.invariant("PG-3")
@pytest.mark.invariant("PG-20")
@pytest.mark.invariant("PG-26")
@pytest.mark.parametrize("server", [*FLAVORS])
def test_a_grown_schema_converges_both_ways(server: str, benches: Mapping[str, Bench]) -> None:
    """Triggers among them: so each case has tables of its own."""
    flavor = FLAVORS[server]
    every = cases_of((*test_view_cases.CASES, *test_trigger_cases.CASES), flavor)
    cases = [case for case in every if not stands_alone(case)]

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[*HealthCheck],
    )
    @given(
        some.lists(
            some.tuples(some.sampled_from(cases), some.sampled_from(_ENDS)),
            min_size=4,
            max_size=CASES_MAX,
            unique_by=lambda drawn: drawn[0].name,
        )
    )
    def grow(drawn: list[tuple[CaseText, tuple[str, str]]]) -> None:
        grown = [between(case, *ends) for case, ends in drawn]
        for found in rounds(grown, shares_tables=False):
            converge(benches[server], found)

    grow()
