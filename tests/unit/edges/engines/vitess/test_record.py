"""A migration's id and context, and the handle that holds them."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from reconciler.edges.engines.vitess.record import new_record, record_of
from reconciler.model.engine import EngineName
from reconciler.ports.engine import EngineWork
from tests.integration.mysql_edges import planned

WORK = EngineWork(
    statement=planned("ALTER TABLE `t` ADD COLUMN `a` int", "t"),
    lock_wait_s=5,
    run_limit_s=60,
    apply_id=7,
    shard="-80",
)
RECORD = new_record(WORK, before_sha256="0" * 64, tries=1)


@pytest.mark.invariant("EN-70")
def test_the_same_try_has_the_same_id_and_no_other_has_it() -> None:
    assert new_record(WORK, before_sha256="1" * 64, tries=1).uuid == RECORD.uuid
    others = [
        new_record(WORK, before_sha256="0" * 64, tries=2),
        new_record(replace(WORK, apply_id=8), before_sha256="0" * 64, tries=1),
        new_record(replace(WORK, shard="80-"), before_sha256="0" * 64, tries=1),
        new_record(
            replace(WORK, statement=planned("ALTER TABLE `t` ADD COLUMN `b` int", "t")),
            before_sha256="0" * 64,
            tries=1,
        ),
    ]
    every = [RECORD, *others]
    assert len({one.uuid for one in every}) == len({one.context for one in every}) == len(every)


@pytest.mark.invariant("EN-70")
def test_a_handle_reads_back_and_names_no_table_beforehand() -> None:
    handle = RECORD.handle()
    assert handle.engine is EngineName.VITESS
    assert handle.copy == ""
    assert record_of(handle) == RECORD


@pytest.mark.parametrize(
    "damage",
    [
        {"uuid": "' OR 1 = 1 -- "},
        {"uuid": RECORD.uuid.upper()},
        {"tries": 0},
        {"tries": "1"},
        {"table": None},
        {"apply_id": None},
    ],
)
def test_a_damaged_handle_is_none(damage: dict[str, object]) -> None:
    handle = RECORD.handle()
    content = json.loads(handle.content) | damage
    assert record_of(replace(handle, content=json.dumps(content))) is None
    assert record_of(replace(handle, content="[" * 100_000)) is None
    assert record_of(replace(handle, version=2)) is None
