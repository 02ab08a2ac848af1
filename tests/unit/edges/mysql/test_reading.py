"""Numbers as servers write them, and nothing that only looks like one."""

from __future__ import annotations

import pytest

from reconciler.edges.mysql.problems import LinkLost
from reconciler.edges.mysql.reading import count, number, unix_s


@pytest.mark.parametrize("value", ["9" * 400, 1 << 64, -(1 << 64), "x", b"\xff", "1.5"])
def test_what_no_server_counts_to_is_no_number(value: object) -> None:
    """What is longer could not be divided, by no estimate."""
    with pytest.raises(LinkLost):
        number(value)
    with pytest.raises(LinkLost):
        count(value)


@pytest.mark.invariant("EN-87")
def test_a_moment_is_told_in_whole_seconds() -> None:
    assert [unix_s(value) for value in (None, 7, "7", "7.250000", b"7.5")] == [None, 7, 7, 7, 7]
    assert number((1 << 64) - 1) == (1 << 64) - 1
