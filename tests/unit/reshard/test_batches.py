"""Which target gets which row, and which key goes from which target."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import Refused
from reconciler.model.fleet import KeyRange, parse_key_range
from reconciler.reshard.batches import Owners, TargetBatch, chunk_batches, queue_batches
from reconciler.reshard.rows import Key, Row
from tests.unit.reshard.split_tables import order, orders


def key_range(name: str) -> KeyRange:
    found = parse_key_range(name)
    assert found is not None
    return found


def owners(*names: str) -> Owners:
    """An id is the number itself, in one byte."""
    return Owners(
        ranges=tuple((name, key_range(name)) for name in names),
        keyspace_id=lambda value: bytes([int(value)]),
    )


HALVES = owners("-80", "80-")
KEYS = st.integers(min_value=0, max_value=30)


def by_target(batches: tuple[TargetBatch, ...]) -> dict[str, TargetBatch]:
    return {batch.target: batch for batch in batches}


@pytest.mark.invariant("SP-33")
@pytest.mark.parametrize(
    ("customer", "target"), [(0, "-80"), (0x7F, "-80"), (0x80, "80-"), (0xFF, "80-")]
)
def test_a_row_goes_to_the_target_whose_range_holds_its_id(customer: int, target: str) -> None:
    row = order(1, customer)
    batches = by_target(chunk_batches(orders(), [row], HALVES))
    assert batches[target].replaced == (row,)
    assert [batch.replaced for name, batch in batches.items() if name != target] == [()]


@pytest.mark.invariant("SP-33")
def test_every_other_target_loses_the_key_of_a_row_that_was_written_to() -> None:
    batches = by_target(queue_batches(orders(), [(b"1",)], [order(1, 0x90)], HALVES))
    assert batches["80-"] == TargetBatch(target="80-", replaced=(order(1, 0x90),), deleted=())
    assert batches["-80"] == TargetBatch(target="-80", replaced=(), deleted=((b"1",),))


@pytest.mark.invariant("SP-33")
def test_a_key_without_a_row_goes_from_all_targets() -> None:
    batches = queue_batches(orders(), [(b"1",), (b"1",)], [], HALVES)
    assert [batch.deleted for batch in batches] == [((b"1",),), ((b"1",),)]


@pytest.mark.invariant("SP-33")
def test_a_key_that_is_spelled_otherwise_than_its_row_goes_before_the_row_comes() -> None:
    """A collation takes `a` for `A`: the row is found by the one and has the other."""
    row = Row(key=(b"A",), owner=b"1", values=(b"A", b"1", b""))
    batches = by_target(queue_batches(orders(), [(b"a",)], [row], HALVES))
    assert batches["-80"].deleted == ((b"a",),)
    assert batches["-80"].replaced == (row,)


def test_a_reference_table_goes_whole_to_every_target() -> None:
    rows = [order(1, None), order(2, None)]
    table = orders(shard_by=None)
    batches = queue_batches(table, [(b"1",), (b"3",)], rows, HALVES)
    assert [batch.replaced for batch in batches] == [tuple(rows)] * 2
    assert [batch.deleted for batch in batches] == [((b"3",),)] * 2


def test_a_chunk_without_rows_for_a_target_is_a_batch_of_its_own() -> None:
    assert [batch.replaced for batch in chunk_batches(orders(), [], HALVES)] == [(), ()]


@pytest.mark.invariant("SP-33")
@pytest.mark.parametrize("customer", [None, 0x90])
def test_a_row_that_no_target_owns_stops_the_copy(customer: int | None) -> None:
    with pytest.raises(Refused) as refused:
        chunk_batches(orders(), [order(1, customer)], owners("-40", "40-80"))
    assert refused.value.problems[0].code == "split-row-without-owner"


@pytest.mark.invariant("SP-33")
@given(
    st.lists(st.tuples(KEYS, st.integers(min_value=0, max_value=255))),
    st.lists(KEYS),
    st.sampled_from([("-80", "80-"), ("-40", "4000-80", "80-"), ("-01", "01-ff", "ff-")]),
)
def test_each_row_has_one_owner_and_no_twin(
    written: list[tuple[int, int]], touched: list[int], names: tuple[str, ...]
) -> None:
    rows = [order(key, customer) for key, customer in dict(written).items()]
    keys: list[Key] = [(str(key).encode(),) for key in [*touched, *dict(written)]]
    batches = queue_batches(orders(), keys, rows, owners(*names))
    assert sorted(row for batch in batches for row in map(str, batch.replaced)) == sorted(
        map(str, rows)
    )
    for batch in batches:
        kept = {row.key for row in batch.replaced}
        assert kept | {*batch.deleted} == {*keys}
        assert kept.isdisjoint(batch.deleted)
