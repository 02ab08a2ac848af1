"""What is said of one object that cannot be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pytest

from reconciler.ddl.programs.facts import text_of
from reconciler.ddl.programs.view import read_view as read_view_text
from reconciler.edges.client.row_packets import row_of
from reconciler.edges.mysql.connect import Link, Row
from reconciler.edges.mysql.problems import ServerRefusal
from reconciler.edges.mysql.programs import read_view
from reconciler.edges.mysql.reading import read_definition
from reconciler.errors import Refused
from reconciler.model.server import ServerError

SHOWN = (
    b"CREATE ALGORITHM=UNDEFINED DEFINER=`a`@`%` SQL SECURITY INVOKER VIEW `v` AS select _binary'"
)


class Answering:
    """As much of a `Link` as is asked for: its one answer, or its refusal."""

    database = "d"
    folds_names = False

    def __init__(self, answer: Row | int) -> None:
        self._answer = answer

    def row(self, sql: str, parameters: Sequence[object] = (), *, width: int) -> Row:
        if isinstance(self._answer, int):
            raise ServerRefusal(ServerError(number=self._answer, message="no"))
        return self._answer

    def query(self, sql: str) -> tuple[Row, ...]:
        return (self.row(sql, width=2),)


def answering(answer: Row | int) -> Link:
    return cast(Link, Answering(answer))


@pytest.mark.invariant("PG-7")
@pytest.mark.parametrize("number", [1142, 1143, 1146, 1347, 1356])
def test_a_view_that_is_hidden_or_not_there_is_none(number: int) -> None:
    assert read_view(answering(number), "d", "v") is None


@pytest.mark.invariant("PG-7")
@pytest.mark.parametrize("number", [1205, 1213, 1317, 1969, 3024])
def test_a_view_that_is_locked_just_now_is_not_taken_for_hidden(number: int) -> None:
    with pytest.raises(ServerRefusal):
        read_view(answering(number), "d", "v")


@pytest.mark.invariant("PG-7")
def test_bytes_that_are_no_text_are_the_problem_of_their_object() -> None:
    view = read_view(answering(("v", SHOWN + b"\xff'", "utf8mb4", "utf8mb4_bin")), "d", "v")
    assert view is not None
    with pytest.raises(Refused, match="bytes of it that are no text"):
        read_view_text(text_of(view), "v")
    with pytest.raises(ServerRefusal, match="bytes that are no text"):
        read_definition(answering(("t", b"CREATE TABLE `t` (`b` blob DEFAULT '\xff')")), "t")


@pytest.mark.invariant("PG-7")
def test_a_row_is_read_whose_text_is_none() -> None:
    data = b"\x01v\x02\xff\xfe"
    assert row_of(data, [("utf8", None), ("utf8", None)]) == ("v", b"\xff\xfe")
    with pytest.raises(UnicodeDecodeError):
        row_of(data, [("utf8", None), ("utf8", int)])
