"""One that hangs holds nobody else up."""

from __future__ import annotations

import threading

import pytest

from reconciler.edges.mysql.deadline import Overdue, map_with_deadline


def test_results_come_in_the_order_of_the_items() -> None:
    found = map_with_deadline(lambda n: n * n, [3, 1, 2], parallel=2, limit_s=lambda _: 10.0)
    assert found == [9, 1, 4]


def test_nothing_to_do_is_no_results() -> None:
    assert map_with_deadline(str, [], parallel=4, limit_s=lambda _: 1.0) == []


def test_one_that_hangs_is_given_up_and_the_rest_is_done() -> None:
    never = threading.Event()

    def work(name: str) -> str:
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

    def work(n: int) -> int:
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

    def work(n: int) -> None:
        if n == 1:
            raise ValueError("one")
        done.append(n)

    with pytest.raises(ValueError, match="one"):
        map_with_deadline(work, [0, 1, 2, 3], parallel=2, limit_s=lambda _: 10.0)
    assert sorted(done) == [0, 2, 3]
