"""The literal texts of what a split makes on its servers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.limits import IDENTIFIER_CHARS_MAX
from reconciler.reshard.helper_tables import (
    HelperNames,
    acks_table,
    fence_table,
    guard_table,
    is_helper_name,
    made_table,
    queue_table,
)
from reconciler.reshard.rows import MovedTable
from reconciler.reshard.triggers import fence_triggers, guard_triggers, tracker_triggers
from tests.unit.reshard.split_tables import orders

NAMES = HelperNames(17)
HOSTILE = replace(
    orders(),
    name="o`r" * 20 + "ders",
    columns=(replace(orders().columns[0], name="i`; --"), *orders().columns[1:]),
    key=("i`; --",),
)


@pytest.mark.invariant("SP-30")
def test_the_tracker_records_both_keys_of_a_row_whose_key_has_changed() -> None:
    insert, update, delete = tracker_triggers(NAMES, orders())
    queue = "INSERT INTO `_reconciler_split_17_queue_1` (`changed_at`, `key_1`) VALUES"
    assert insert.sql == (
        "CREATE TRIGGER `_reconciler_split_17_1_track_insert` AFTER INSERT ON `orders`"
        f" FOR EACH ROW {queue} (UTC_TIMESTAMP(6), NEW.`id`)"
    )
    assert delete.body == f"{queue} (UTC_TIMESTAMP(6), OLD.`id`)"
    assert update.body == (
        f"IF OLD.`id` <=> NEW.`id` THEN {queue} (UTC_TIMESTAMP(6), OLD.`id`);"
        f" ELSE {queue} (UTC_TIMESTAMP(6), OLD.`id`), (UTC_TIMESTAMP(6), NEW.`id`); END IF"
    )


@pytest.mark.invariant("SP-31")
def test_the_fence_is_read_with_a_lock_before_every_write() -> None:
    triggers = fence_triggers(NAMES, orders())
    assert [(one.timing, one.event.value) for one in triggers] == [
        ("BEFORE", "INSERT"),
        ("BEFORE", "UPDATE"),
        ("BEFORE", "DELETE"),
    ]
    assert all("LOCK IN SHARE MODE" in one.body for one in triggers)
    assert all(one.body.count("IS NOT TRUE THEN SIGNAL") == 1 for one in triggers)


@pytest.mark.parametrize("table", [orders(), HOSTILE])
@pytest.mark.parametrize("job", [1, 2**63])
def test_every_name_fits_and_is_known_as_the_splits(table: MovedTable, job: int) -> None:
    names = HelperNames(job)
    tables = [queue_table(names, table), fence_table(names), guard_table(names)]
    tables += [acks_table(names), made_table(names)]
    triggers = [
        *tracker_triggers(names, table),
        *fence_triggers(names, table),
        *guard_triggers(names, table),
    ]
    found = [one.name for one in tables] + [one.name for one in triggers] + [names.retired(table)]
    assert len({*found}) == len(found)
    assert all(is_helper_name(name) and len(name) <= IDENTIFIER_CHARS_MAX for name in found)


def test_hostile_names_stay_names() -> None:
    for trigger in (*tracker_triggers(NAMES, HOSTILE), *fence_triggers(NAMES, HOSTILE)):
        assert "i`; --" not in trigger.sql.replace("i``; --", "")
        assert "o`r" not in trigger.sql.replace("o``r", "")


def test_a_queue_keeps_keys_as_their_table_does() -> None:
    text = orders().columns[2]
    table = replace(orders(), key=("id", "note"))
    assert "`key_2` varchar CHARACTER SET latin1 COLLATE latin1_swedish_ci NOT NULL" in (
        queue_table(NAMES, table).sql
    )
    assert text.charset == "latin1"
