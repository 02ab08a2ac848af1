"""Columns are read as PyMySQL reads them, and what describes no column is never taken for one."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymysql.connections import TEXT_TYPES
from pymysql.constants import FIELD_TYPE
from pymysql.converters import decoders, through
from pymysql.protocol import FieldDescriptorPacket

from reconciler.edges.client.column_packets import column_of, known_columns, read_columns

KINDS = sorted(value for name, value in vars(FIELD_TYPE).items() if name.isupper())
EOF = b"\xfe\x00\x00\x02\x00"
NAMES = st.text(max_size=300).map(str.encode)


def sized(content: bytes) -> bytes:
    if len(content) < 0xFB:
        return bytes([len(content)]) + content
    return b"\xfc" + struct.pack("<H", len(content)) + content


def packet(
    name: bytes,
    kind: int = FIELD_TYPE.LONGLONG,
    charset: int = 63,
    flags: int = 0,
    table: bytes = b"",
) -> bytes:
    before = b"".join(map(sized, (b"def", b"shop", table, table)))
    fixed = struct.pack("<BHIBHBxx", 12, charset, 20, kind, flags, 3)
    return before + sized(name) + sized(name) + fixed


@given(NAMES, NAMES, st.sampled_from(KINDS), st.sampled_from([63, 255, 33]), st.integers(0, 0xFFFF))
def test_a_column_is_read_as_pymysql_reads_it(
    name: bytes, table: bytes, kind: int, charset: int, flags: int
) -> None:
    data = packet(name, kind, charset, flags, table)
    theirs: Any = FieldDescriptorPacket(data, "utf8")
    ours = column_of(data)
    assert ours.name.decode() == theirs.name
    assert (ours.charset, ours.width, ours.kind) == (theirs.charsetnr, theirs.length, kind)
    assert (ours.flags, ours.decimals) == (theirs.flags, theirs.scale)
    told, wanted = ours.described("utf8"), theirs.description()
    assert (told[:2], told[5:]) == (wanted[:2], wanted[5:])
    text = None if charset == 63 else "utf8"
    is_text, is_json = kind in TEXT_TYPES, kind == FIELD_TYPE.JSON
    assert ours.encoding("utf8") == ("utf8" if is_json else text if is_text else "ascii")


@pytest.mark.parametrize("kind", KINDS)
def test_a_value_is_made_as_pymysql_makes_it(kind: int) -> None:
    packets = iter([packet(b"n", kind), EOF])
    [(_, made_by)], _ = read_columns(lambda: next(packets), 1, "utf8", decoders)
    theirs = decoders.get(kind)
    assert made_by is (None if theirs is through else theirs)


@pytest.mark.invariant("CN-4")
@pytest.mark.parametrize("cut", range(len(packet(b"name"))))
def test_a_column_that_is_cut_off_is_none(cut: int) -> None:
    with pytest.raises((IndexError, KeyError, struct.error)):
        column_of(packet(b"name")[:cut])


@pytest.mark.invariant("CN-4")
@pytest.mark.parametrize(
    "data",
    [
        packet(b"name") + b"\0",
        packet(b"name").replace(b"def", b"abc"),
        packet(b"name").replace(b"\x03def", b"\x02de"),
        packet(b"name").replace(b"\x0c\x3f", b"\x0b\x3f"),
        packet(b"name")[:-2],
    ],
    ids=["goes on", "another catalogue", "a shorter one", "another length", "ends early"],
)
def test_what_only_begins_like_a_column_is_none(data: bytes) -> None:
    assert data != packet(b"name")
    with pytest.raises((ValueError, IndexError, struct.error)):
        column_of(data)


@pytest.mark.invariant("CN-4")
@pytest.mark.parametrize("behind", [packet(b"one more"), b"\xfe" * 9, b"\x00" * 5])
def test_what_follows_the_columns_is_their_end(behind: bytes) -> None:
    packets = iter([packet(b"n"), behind])
    with pytest.raises(ValueError, match="more columns"):
        read_columns(lambda: next(packets), 1, "utf8", decoders)


@pytest.mark.invariant("CN-3")
@pytest.mark.parametrize(("columns", "is_kept"), [(3, True), (300, False)])
def test_of_a_list_of_columns_without_measure_nothing_is_kept(columns: int, is_kept: bool) -> None:
    known_columns.cache_clear()
    packets = iter([*[packet(b"n" * 250)] * columns, EOF])
    kinds, described = read_columns(lambda: next(packets), columns, "utf8", decoders)
    assert len(kinds) == len(described) == columns
    assert known_columns.cache_info().currsize == int(is_kept)
