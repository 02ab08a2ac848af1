"""A bounded share of what `tests.property.full_path` judges: the whole path, there and back.

What is behind a product's whole life is tried with the schemas of a few products; all of them, and
any number of random pairs, by the command.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import pytest

from reconciler.edges.server.process import RunningServer
from tests.property.full_path import (
    Court,
    Pair,
    case_pairs,
    court_on,
    judge,
    random_pairs,
    whole_products,
)
from tests.series import share

RANDOM_PAIRS = share(12)
CASES = (
    "columns/zero-date-defaults",
    "foreign_keys/unnamed-key-under-a-primary-key",
    "options/counter-is-raised-by-policy",
    "options/counter-is-raised-with-its-column",
    "options/counter-of-a-renamed-table",
    "time/columns-of-a-versioned-table",
)
PRODUCTS = (
    "wordpress-legacy to wordpress-modern",
    "employees in utf8mb4",
    "sakila-first with wide integers",
)


pytestmark = pytest.mark.random


@pytest.fixture(scope="module", params=["mysql", "mariadb"])
def court(request: pytest.FixtureRequest) -> Iterator[Court]:
    server: RunningServer = request.getfixturevalue(f"{request.param}_server")
    with court_on(server) as made:
        yield made


def test_random_pairs_go_the_whole_path_there_and_back(court: Court) -> None:
    _judge(court, random_pairs(court.flavor, 0, RANDOM_PAIRS))


def test_cases_go_the_whole_path_there_and_back(court: Court) -> None:
    of_this = [pair for pair in case_pairs(court.flavor) if pair.name in CASES]
    _judge(court, of_this[: share(len(of_this))])


def test_whole_products_change_to_the_next_state_and_back(court: Court) -> None:
    some = [pair for pair in whole_products() if pair.name in PRODUCTS]
    _judge(court, some[: share(len(some))])


def _judge(court: Court, pairs: Iterable[Pair]) -> None:
    said: list[str] = []
    tally = judge(court, iter(pairs), apply_every=4, stop=1, say=said.append)
    assert not tally.misses, "\n".join(said)
    assert not tally.refused, "\n".join(said)
    assert sum(tally.ways.values()) > len(tally.not_made)
