"""Work on threads: in order, and one failure ends it without leaving anything behind."""

from __future__ import annotations

import threading

import pytest

from reconciler.edges.workers import ThreadWorkers
from tests.waiting import PATIENCE_S


@pytest.mark.parametrize("parallel", [1, 2, 50])
def test_results_come_in_the_order_of_the_items(parallel: int) -> None:
    assert ThreadWorkers().map(str, [3, 1, 2], parallel=parallel) == ["3", "1", "2"]


def test_nothing_to_do_is_no_results() -> None:
    assert ThreadWorkers().map(str, [], parallel=4) == []


def test_the_first_items_error_is_raised_when_what_started_has_ended() -> None:
    both_started = threading.Barrier(2, timeout=PATIENCE_S)
    ended: list[int] = []

    def work(n: int) -> None:
        both_started.wait()
        if n == 0:
            raise ValueError("zero")
        ended.append(n)

    with pytest.raises(ValueError, match="zero"):
        ThreadWorkers().map(work, [0, 1], parallel=2)
    assert ended == [1]
