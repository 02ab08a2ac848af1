"""What stands in front of an answer's rows is read once, asked ahead or one by one."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.edges.client.ahead import Answered, ask_ahead
from reconciler.edges.client.answer import VALUE_BYTES
from reconciler.edges.client.login import PasswordUse
from reconciler.edges.client.row_packets import raw_row_of, row_of
from reconciler.edges.client.tls import Encryption
from reconciler.edges.client.wire import Lost, Wire
from tests.attacks import packets

pytestmark = pytest.mark.invariant("CN-4")

VIEW = packets.result(["View", "Create View"], [["v", "select 1"]])
TABLE = packets.result(["Table", "Create Table"], [["t", "create table"]])
ROWS = {"View": (b"v", b"select 1"), "Table": (b"t", b"create table")}


@pytest.fixture
def ends() -> Iterator[tuple[Wire, socket.socket]]:
    ours, theirs = socket.socketpair()
    wire = Wire(
        encryption=Encryption(context=None, verified=False),
        password_use=PasswordUse.ENCRYPTED,
        connect_timeout_s=5,
        answer_timeout_s=5,
        answer_bytes_max=1_000_000,
        host="db.example",
        user="app",
        charset="utf8mb4",
    )
    wire._sock, wire._current_timeout = ours, None
    with ours, theirs:
        yield wire, theirs


def sent(payloads: list[bytes], *, off: int = 0) -> bytes:
    """`off`: which of them comes under another number."""
    return b"".join(
        packets.packet(one, number + 7 * (number == off))
        for number, one in enumerate(payloads, start=1)
    )


def test_answers_of_several_forms_are_told_apart(ends: tuple[Wire, socket.socket]) -> None:
    wire, server = ends
    server.sendall(b"".join(map(sent, [VIEW, TABLE, VIEW, [packets.ok()], TABLE, VIEW])))
    rows = [one.rows if isinstance(one, Answered) else one for one in ask_ahead(wire, ["SHOW"] * 6)]
    view, table = ((ROWS[name],) for name in ROWS)
    assert rows == [view, table, view, None, table, view]


@pytest.mark.parametrize("off", range(1, len(VIEW) + 1))
def test_a_packet_out_of_order_is_no_answer_whatever_was_known(
    ends: tuple[Wire, socket.socket], off: int
) -> None:
    wire, server = ends
    server.sendall(sent(VIEW) + sent(VIEW, off=off))
    answers = ask_ahead(wire, ["SHOW"] * 2)
    assert next(answers) == Answered(rows=(ROWS["View"],), warnings=0)
    with pytest.raises(Lost):
        next(answers)


def test_what_was_known_counts_as_what_was_sent(ends: tuple[Wire, socket.socket]) -> None:
    wire, server = ends
    answer = len(sent(VIEW))
    wire.take_at_most(2 * (answer + 2 * VALUE_BYTES) + answer - 1)
    server.sendall(sent(VIEW) * 3)
    answers = ask_ahead(wire, ["SHOW"] * 3)
    assert [next(answers) for _ in range(2)]
    with pytest.raises(Lost):
        next(answers)


ALIKE = packets.result(["View", "Create view"], [["v", "select 2"]])


def test_lists_of_columns_that_are_known_are_told_from_those_that_begin_alike(
    ends: tuple[Wire, socket.socket],
) -> None:
    wire, server = ends
    for answer, name, text in [
        (VIEW, "Create View", "select 1"),
        (VIEW, "Create View", "select 1"),
        (ALIKE, "Create view", "select 2"),
        (VIEW, "Create View", "select 1"),
    ]:
        server.sendall(sent(answer))
        assert wire.receive_next() == (("v", text),)
        assert wire.column_names == ["View", name]


@pytest.mark.parametrize("cut", range(len(sent(VIEW))))
def test_a_known_list_of_columns_may_come_in_two_pieces(
    ends: tuple[Wire, socket.socket], cut: int
) -> None:
    wire, server = ends
    server.sendall(sent(VIEW))
    assert wire.receive_next() == (("v", "select 1"),)
    if cut:
        server.sendall(sent(VIEW)[:cut])
        assert wire.answer_begins_within(5)
    server.sendall(sent(VIEW)[cut:])
    assert wire.receive_next() == (("v", "select 1"),)
    assert wire.column_names == ["View", "Create View"]


@pytest.mark.parametrize("off", range(1, len(VIEW) + 1))
def test_a_known_list_of_columns_out_of_order_is_none(
    ends: tuple[Wire, socket.socket], off: int
) -> None:
    wire, server = ends
    server.sendall(sent(VIEW) + sent(VIEW, off=off))
    assert wire.receive_next() == (("v", "select 1"),)
    with pytest.raises(Lost):
        wire.receive_next()


def test_a_known_list_of_columns_counts_as_what_was_sent(
    ends: tuple[Wire, socket.socket],
) -> None:
    wire, server = ends
    answer = len(sent(VIEW))
    wire.take_at_most(2 * (answer + 2 * VALUE_BYTES) + answer - 1)
    server.sendall(sent(VIEW) * 3)
    assert [wire.receive_next() for _ in range(2)]
    with pytest.raises(Lost):
        wire.receive_next()


@given(st.binary(max_size=40), st.integers(0, 4))
def test_a_row_of_bytes_is_what_any_row_is(data: bytes, columns: int) -> None:
    def told(read: object) -> object:
        try:
            return read() if callable(read) else None
        except (IndexError, KeyError) as error:
            return type(error)

    assert told(lambda: raw_row_of(data, columns)) == told(
        lambda: row_of(data, [(None, None)] * columns)
    )
