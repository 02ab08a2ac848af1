"""Numbers as servers write them, and nothing that only looks like one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import cast

import pytest

from reconciler.edges.client.ahead import Answered
from reconciler.edges.client.row_packets import RawRow
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.problems import LinkLost
from reconciler.edges.mysql.reading import count, names_of_each, number, unix_s


class Scripted:
    """Answers each question with the rows that it has at that place."""

    def __init__(self, *answers: Sequence[RawRow]) -> None:
        self._answers = answers
        self.asked: list[str] = []

    def ask_ahead(self, statements: Sequence[str]) -> Iterator[Answered]:
        self.asked += statements
        return iter([Answered(rows=tuple(rows), warnings=0) for rows in self._answers])

    def leaves_out(self, table: str) -> bool:
        return False


OF_A: RawRow = (b"a", b"t", b"BASE TABLE")
OF_B: RawRow = (b"b", b"u", b"BASE TABLE")


@pytest.mark.invariant("FZ-11")
def test_what_is_asked_of_each_database_is_told_by_the_name_of_its_own() -> None:
    link = Scripted([OF_A], [OF_B], [])
    found = names_of_each(cast(Link, link), {"A": "a", "b": "b", "c": "c"})
    assert {one: listing.tables for one, listing in found.items()} == {
        "A": ["t"],
        "b": ["u"],
        "c": [],
    }
    assert [sql.count("TABLE_SCHEMA = 'A'") for sql in link.asked] == [1, 0, 0]


@pytest.mark.invariant("FZ-11")
@pytest.mark.parametrize("answers", [([OF_B], [OF_A]), ([], [OF_A]), ([OF_A], [OF_B, OF_A])])
def test_an_answer_about_another_database_makes_all_of_them_worthless(
    answers: tuple[list[RawRow], list[RawRow]],
) -> None:
    with pytest.raises(LinkLost):
        names_of_each(cast(Link, Scripted(*answers)), {"a": "a", "b": "b"})


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
