"""The order in which tests are handed out: none is lost, and no process has all long ones."""

from __future__ import annotations

import pytest

from tests.order import longest_first


@pytest.mark.parametrize("processes", [1, 2, 3, 4, 16])
@pytest.mark.parametrize("count", [0, 1, 7, 40, 41])
def test_each_process_begins_with_its_share_of_the_long_ones(processes: int, count: int) -> None:
    tests = [f"{'long' if n % 7 == 3 else 'short'} {n}" for n in range(count)]
    ordered = longest_first(tests, lambda test: test.startswith("long"), processes=processes)
    assert sorted(ordered) == sorted(tests)
    is_long = [test.startswith("long") for test in ordered]
    sent = 0
    for number in range(processes):  # as pytest-xdist deals them out
        size = (count - sent) // (processes - number)
        part = is_long[sent : sent + size]
        sent += size
        assert part == sorted(part, reverse=True), "the long ones first"
        if count >= 7 * processes:
            assert abs(sum(part) - sum(is_long) / processes) < 1
