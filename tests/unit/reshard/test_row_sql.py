"""The text of what is read and written, where a byte too many would be another statement."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import Refused, Unavailable
from reconciler.reshard import row_sql
from reconciler.reshard.row_digests import digest_sql
from reconciler.reshard.rows import MovedTable, Row, parse_cursor, render_cursor
from tests.unit.reshard.split_tables import column, order, orders

STRING = re.compile(rb"'(?:[^'\\]|''|\\.)*'", re.DOTALL)
PAIR = MovedTable(
    number=2,
    name="pair",
    columns=(
        column("a", "bigint"),
        column("b", "varchar", charset="utf8mb4", collation="utf8mb4_bin"),
        column("e", "enum", charset="utf8mb4", collation="utf8mb4_bin"),
        column("g", "int", is_generated=True),
    ),
    key=("a", "b"),
    shard_by="a",
)


@given(st.binary())
def test_a_string_ends_where_it_ends_whatever_bytes_are_in_it(value: bytes) -> None:
    text = row_sql.quoted(value)
    assert STRING.fullmatch(text)
    inner = text[1:-1].replace(b"''", b"'")
    assert re.sub(rb"\\(.)", rb"\1", inner, flags=re.DOTALL) == value


def test_rows_are_written_as_they_were_read() -> None:
    rows = [order(1, 2, "it's"), Row(key=(b"2",), owner=None, values=(b"2", None, b"\\"))]
    assert row_sql.replace_sql(orders(), rows) == (
        rb"REPLACE INTO `orders` (`id`, `customer`, `note`) VALUES"
        rb" ('1','2','it''s'),('2',NULL,'\\')"
    )


@pytest.mark.threat("TM-SERVER-42")
@pytest.mark.invariant("SP-34")
@pytest.mark.parametrize("value", [b"1), (2", b"'", b"", b"0x41", b"a", b"1;", b"NULL", b"1 2"])
def test_what_must_stand_bare_is_a_number(value: bytes) -> None:
    with pytest.raises(Unavailable) as raised:
        row_sql.replace_sql(PAIR, [Row(key=(b"1", b"x"), owner=b"1", values=(b"1", b"x", value))])
    assert raised.value.problems[0].code == "split-row-misread"
    with pytest.raises(Unavailable):
        row_sql.behind(orders(), (value,))


@pytest.mark.parametrize("value", [b"0", b"-1", b"18446744073709551615", b"1.5", b"-1.5e-308"])
def test_numbers_stand_bare(value: bytes) -> None:
    assert row_sql.behind(orders(), (value,)) == b"`id` > " + value


def test_a_cursor_of_two_columns_is_written_out_in_the_order_of_the_key() -> None:
    assert row_sql.behind(PAIR, (b"1", b"x'y")) == (
        rb"`a` >= 1 AND (`a` > 1 OR (`a` = 1 AND `b` > _utf8mb4'x''y'))"
    )
    assert row_sql.up_to(PAIR, (b"1", b"x")) == (
        rb"`a` <= 1 AND (`a` < 1 OR (`a` = 1 AND `b` <= _utf8mb4'x'))"
    )


def test_keys_of_two_columns_are_written_out() -> None:
    assert row_sql.among(PAIR, [(b"1", b"x"), (b"2", b"")]) == (
        rb"(`a` = 1 AND `b` = _utf8mb4'x') OR (`a` = 2 AND `b` = _utf8mb4'')"
    )


def test_what_a_server_computes_is_not_written_and_is_hashed() -> None:
    row = Row(key=(b"1", b"x"), owner=b"1", values=(b"1", b"x", b"0"))
    assert row_sql.replace_sql(PAIR, [row]) == (
        rb"REPLACE INTO `pair` (`a`, `b`, `e`) VALUES ('1','x',0)"
    )
    assert b"`g`" in digest_sql(PAIR, None, None)
    assert b"`g`" not in row_sql.chunk_sql(PAIR, None, 5)


def test_names_are_quoted_everywhere() -> None:
    hostile = "o`; DROP TABLE x; -- "
    table = replace(orders(), name=hostile)
    quoted = b"`o``; DROP TABLE x; -- `"
    for text in (
        row_sql.chunk_sql(table, (b"1",), 5),
        row_sql.rows_sql(table, [(b"1",)]),
        row_sql.replace_sql(table, [order(1, 2)]),
        row_sql.delete_sql(table, [(b"1",)]),
        digest_sql(table, None, (b"1",)),
        row_sql.owners_sql(table, None, 5),
    ):
        assert quoted in text
        assert text.count(hostile.encode()) == 0


@pytest.mark.invariant("SP-34")
def test_a_null_in_a_primary_key_is_no_key() -> None:
    with pytest.raises(Unavailable):
        row_sql.row_from(orders(), (None, b"1", b"1", b"1", b"x"))


@given(st.none() | st.lists(st.binary(), min_size=1, max_size=3).map(tuple))
def test_a_cursor_comes_back_as_it_was_kept(key: tuple[bytes, ...] | None) -> None:
    assert parse_cursor(render_cursor(key)) == key


@pytest.mark.parametrize("text", ["", "{", '"a"', "[1]", '["zz"]', "5"])
def test_a_cursor_that_was_written_by_another_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_cursor(text)
    assert refused.value.problems[0].code == "split-cursor-unreadable"
