"""One that hangs holds nobody else up."""

from __future__ import annotations

import threading

import pytest

from reconciler.edges.mysql.deadline import Overdue, Patience, map_with_deadline
from tests.waiting import PATIENCE_S, until


def test_results_come_in_the_order_of_the_items() -> None:
    found = map_with_deadline(lambda n, _: n * n, [3, 1, 2], parallel=2, limit_s=lambda _: 10.0)
    assert found == [9, 1, 4]


def test_nothing_to_do_is_no_results() -> None:
    assert map_with_deadline(lambda n, _: n, [], parallel=4, limit_s=lambda _: 1.0) == []


def test_one_that_hangs_is_given_up_and_the_rest_is_done() -> None:
    never = threading.Event()

    def work(name: str, _patience: Patience) -> str:
        if name == "hangs":
            never.wait()
        return name

    limits = {"hangs": 0.01}
    found = map_with_deadline(
        work, ["a", "hangs", "b", "c"], parallel=1, limit_s=lambda name: limits.get(name, 10.0)
    )
    never.set()
    assert found == ["a", Overdue(), "b", "c"]


def test_no_more_than_so_many_at_once() -> None:
    guard = threading.Lock()
    running: list[int] = []
    most: list[int] = []

    def work(n: int, _patience: Patience) -> int:
        with guard:
            running.append(n)
            most.append(len(running))
        with guard:
            running.remove(n)
        return n

    map_with_deadline(work, range(50), parallel=3, limit_s=lambda _: 10.0)
    assert max(most) <= 3


def test_what_is_raised_is_raised_after_the_others_ended() -> None:
    done: list[int] = []

    def work(n: int, _patience: Patience) -> None:
        if n == 1:
            raise ValueError("one")
        done.append(n)

    with pytest.raises(ValueError, match="one"):
        map_with_deadline(work, [0, 1, 2, 3], parallel=2, limit_s=lambda _: 10.0)
    assert sorted(done) == [0, 2, 3]


def test_one_that_is_given_up_is_told_whenever_it_asks() -> None:
    told: list[str] = []
    never = threading.Event()
    asked_late = threading.Event()

    def work(_item: str, patience: Patience) -> None:
        patience.when_over(lambda: told.append("at once"))
        never.wait()
        patience.when_over(lambda: told.append("too late"))
        asked_late.set()

    assert map_with_deadline(work, ["a"], parallel=1, limit_s=lambda _: 0.01) == [Overdue()]
    until(lambda: told == ["at once"], "who asks behind the limit to be told")
    never.set()
    assert asked_late.wait(PATIENCE_S)
    assert told == ["at once", "too late"]
