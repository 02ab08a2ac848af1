"""Keys are taken where rows are, along an index that speaks for every row alike."""

from __future__ import annotations

import pytest

from reconciler.model.schema import Column, Index, IndexKind, IndexPart, Table
from reconciler.reshard.key_samples import (
    END,
    Ruler,
    Stretch,
    ValueOrder,
    halved,
    places,
    tables_to_sample,
)
from reconciler.reshard.limits import ADVICE_SAMPLES, SAMPLED_STRETCHES
from reconciler.spec.model import TableClass, TableUse


def key(*columns: str, name: str = "PRIMARY", visible: bool = True) -> Index:
    kind = IndexKind.PRIMARY if name == "PRIMARY" else IndexKind.PLAIN
    parts = tuple(IndexPart(column=column) for column in columns)
    return Index(name=name, kind=kind, parts=parts, visible=visible)


def table(name: str, *indexes: Index, sql_type: str = "bigint") -> Table:
    columns = tuple(Column(name=column, sql_type=sql_type) for column in ("id", "customer", "day"))
    return Table(name=name, columns=columns, indexes=indexes)


def sharded(*names: str) -> list[TableClass]:
    return [TableClass(table=name, use=TableUse.SHARDED, shard_by="customer") for name in names]


def along(one: Table) -> str:
    found = tables_to_sample([one], sharded(one.name), {one.name: 1})
    return found if isinstance(found, str) else f"{found[0].index}: {found[0].column}"


@pytest.mark.invariant("SP-100")
@pytest.mark.parametrize(
    ("indexes", "wanted"),
    [
        ([key("customer", "id")], "PRIMARY: customer"),
        ([key("id"), key("customer", name="c")], "c: customer"),
        ([key("id"), key("customer", name="c", visible=False)], "PRIMARY: id"),
        ([key("id"), key("day", "customer", name="d")], "PRIMARY: id"),
    ],
)
def test_a_table_is_walked_along_its_key_or_a_key_without_equal_values(
    indexes: list[Index], wanted: str
) -> None:
    assert along(table("orders", *indexes)) == wanted


@pytest.mark.invariant("SP-100")
def test_a_first_row_that_would_speak_for_many_is_not_asked() -> None:
    told = "needs an index whose first column is customer"
    assert told in along(table("orders", key("day", "customer")))
    assert told in along(table("orders", key("id"), sql_type="datetime"))
    assert tables_to_sample([], [], {}) == "none of its tables is sharded"


@pytest.mark.invariant("SP-100")
def test_each_table_gives_keys_by_its_bytes_and_too_few_bytes_give_none() -> None:
    tables = [table("a", key("customer")), table("b", key("id")), table("c", key("day", "id"))]
    classes = sharded("a", "b", "c")
    found = tables_to_sample(tables, classes, {"a": 300, "b": 100, "c": 200})
    assert not isinstance(found, str)
    assert [(one.name, one.rows) for one in found] == [
        ("a", ADVICE_SAMPLES * 3 // 4),
        ("b", ADVICE_SAMPLES // 4),
    ]
    assert "tables with 20% of its bytes" in str(
        tables_to_sample(tables, classes, {"a": 30, "b": 10, "c": 160})
    )


NUMBERS = Ruler(order=ValueOrder.NUMBERS, low=0, high=9)


def test_a_ruler_keeps_the_order_of_the_values() -> None:
    rulers = (
        (NUMBERS, int),
        (Ruler(order=ValueOrder.BYTES, low=b"ab\x00", high=b"ab\xff"), str),
        (Ruler(order=ValueOrder.TEXT, low="k-'1", high="k-'9"), str),
    )
    for ruler, kind in rulers:
        values = [kind(ruler.at(place)) for place in range(0, END, END // 8)]
        assert values == sorted(set(values))
    assert rulers[2][0].at(0).startswith("'k-''0")
    assert NUMBERS.at(END - 1) == "9"


@pytest.mark.invariant("SP-100")
def test_what_is_full_is_halved_until_one_value_is_alone() -> None:
    """Value 7 has half of 1,000 rows."""
    stretches = [Stretch(begin=0, end=END, rows=1_000)]
    for _ in range(40):
        parted = halved(NUMBERS, stretches)
        if parted is None:
            break
        stretch, middle = parted
        stretches.remove(stretch)
        for begin, end in ((stretch.begin, middle), (middle, stretch.end)):
            held = {int(NUMBERS.at(place)) for place in range(begin, end, (end - begin) // 64 + 1)}
            rows = sum(500 if value == 7 else 56 for value in held)
            stretches.append(Stretch(begin=begin, end=end, rows=rows))
    else:
        pytest.fail("halving does not end")
    alone = [one for one in stretches if one.rows >= 500]
    assert [NUMBERS.at(one.begin) for one in alone] == ["7"]
    assert NUMBERS.at(alone[0].end - 1) == "7"
    assert sum(one.rows for one in stretches) / SAMPLED_STRETCHES < 500


def test_places_are_drawn_by_rows() -> None:
    stretches = [Stretch(begin=0, end=10, rows=0), Stretch(begin=10, end=20, rows=3)]
    chances = iter([0.0, 0.0, 0.99, 0.99])
    assert places(stretches, 2, lambda: next(chances)) == (10, 19)
    assert places([Stretch(begin=0, end=END, rows=0)], 5, lambda: 0.5) == ()
