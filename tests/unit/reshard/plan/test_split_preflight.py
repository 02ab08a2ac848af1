"""What servers and tables are to each other, told before anybody reviews anything."""

from __future__ import annotations

import pytest

from reconciler.ddl.read import read_table
from reconciler.model.schema import Table
from reconciler.model.server import Flavor, ServerVersion
from reconciler.reshard.plan.preflight import (
    ServerSettings,
    disk_notes,
    disk_problems,
    leftover_problems,
    reference_notes,
    reference_problems,
    settings_problems,
)
from reconciler.spec.model import TableClass, TableUse

VERSION = ServerVersion(Flavor.MYSQL, 9, 7, 0)


def table(name: str, *columns: str, refers: str = "", by: str = "", to: str = "id") -> Table:
    lines = [f"  `{column}` bigint NOT NULL,\n" for column in ("id", *columns)]
    key = "  PRIMARY KEY (`id`)"
    if refers:
        key += f",\n  KEY `k` (`{by}`),\n  CONSTRAINT `f` FOREIGN KEY (`{by}`) REFERENCES"
        key += f" `{refers}` (`{to}`)"
    options = ") ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_0900_ai_ci"
    return read_table(f"CREATE TABLE `{name}` (\n{''.join(lines)}{key}\n{options}", VERSION)


def classed(**uses: str) -> dict[str, TableClass]:
    words = {"reference": TableUse.REFERENCE, "excluded": TableUse.EXCLUDED}
    return {
        name: TableClass(
            table=name,
            use=words.get(use, TableUse.SHARDED),
            shard_by=None if use in words else use,
        )
        for name, use in uses.items()
    }


@pytest.mark.invariant("SP-73")
@pytest.mark.parametrize(
    ("item", "orders", "refused"),
    [
        ("customer", "excluded", True),
        ("reference", "customer", True),
        ("reference", "excluded", True),
        ("customer", "customer", False),
        ("customer", "reference", False),
        ("reference", "reference", False),
        ("excluded", "customer", False),
    ],
)
def test_a_row_must_have_its_parent_on_its_target(item: str, orders: str, refused: bool) -> None:
    tables = [table("orders"), table("item", "order_id", refers="orders", by="order_id")]
    found = list(reference_problems(tables, classed(item=item, orders=orders)))
    assert [problem.code for problem in found] == ["split-parent-elsewhere"] * refused
    assert all("foreign key f" in problem.message for problem in found)


@pytest.mark.invariant("SP-73")
@pytest.mark.parametrize(
    ("by", "noted"), [("customer", False), ("order_id", True)], ids=["same", "other"]
)
def test_a_key_that_may_lead_to_another_target_is_noted(by: str, noted: bool) -> None:
    tables = [
        table("orders", "customer"),
        table("item", "customer", "order_id", refers="orders", by=by, to="customer"),
    ]
    notes = list(reference_notes(tables, classed(item="customer", orders="customer")))
    assert len(notes) == noted


@pytest.mark.invariant("SP-73")
def test_servers_of_one_move_are_alike() -> None:
    first = ServerSettings(label="source -80", release="mysql 9.7", settings=(("a", "1"),))
    same = ServerSettings(label="target -40", release="mysql 9.7", settings=(("a", "1"),))
    other = ServerSettings(label="target 40-80", release="mariadb 11.8", settings=())
    assert not list(settings_problems([first, same]))
    found = list(settings_problems([first, same, other]))
    assert [problem.code for problem in found] == ["split-servers-differ"] * 2
    assert "a is 1 on source -80 and (not told) on target 40-80" in found[1].message


@pytest.mark.invariant("SP-73")
def test_what_an_earlier_move_left_is_named() -> None:
    names = ["users", *(f"_reconciler_split_3_queue_{n}" for n in range(30))]
    [problem] = leftover_problems("-80", names)
    assert problem.code == "split-helpers-left"
    assert "`users`" not in problem.message
    assert "more" in problem.message
    assert not list(leftover_problems("-80", ["users", "reconciler_split"]))


@pytest.mark.invariant("SP-101")
def test_a_target_without_room_for_its_part_is_told_before_anything_is_made() -> None:
    free = {"target -40": 4_900_000_000, "target 40-80": 5_000_000_000}
    [problem] = disk_problems(10_000_000_000, free)
    assert problem.code == "split-disk-short"
    assert problem.message.startswith("target -40 has 4.9 GB of free disk")
    assert list(disk_notes(10_000_000_000, free)) == []
    untold = {"target -40": None, "target 40-80": 5_000_000_000}
    assert list(disk_problems(10_000_000_000, untold)) == []
    assert list(disk_notes(10_000_000_000, untold)) == [
        "target -40 does not tell how much free disk it has; its part of the rows is about 5.0 GB"
    ]
    assert list(disk_notes(0, untold)) == []
