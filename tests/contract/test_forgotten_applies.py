"""What a ledger forgets of the past, and what never: asked of a file, of MySQL and of MariaDB."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

import pytest
from sqlalchemy import func, insert, select

from reconciler.drive.audit import audit_rows
from reconciler.edges.ledger.engine import reading, writing
from reconciler.edges.ledger.split_tables import LIVE, split_jobs
from reconciler.edges.ledger.sql import SqlLedger
from reconciler.edges.ledger.sweep import sweeping
from reconciler.edges.ledger.tables import events, operations, requests, statements
from reconciler.ledger.model import Entry, EventEntry, Forgotten
from reconciler.ledger.reasons import InWords
from reconciler.ledger.states import ApplyState, RequestKind, StatementState
from reconciler.model.object_id import table_id
from reconciler.ports.ledger import Ledger
from tests.contract.ledgers import SHARDS, by_engine, intent, new_apply

OF = ("production", "commerce")
ALL = 1 << 30


def an_apply(
    ledger: SqlLedger,
    ended_s: float | None,
    *more: Entry,
    keyspace: str = "commerce",
    region: str = "",
    state: ApplyState = ApplyState.COMPLETED,
) -> int:
    """Of 3 operations, a statement, an event and a request; None: it has not ended."""
    new = replace(new_apply(keyspace), region=region)
    lease = ledger.begin(new, holder="me", now_s=1.0)
    began = EventEntry(at_s=1.0, what=InWords("began"))
    ledger.record(lease, [began, *(more or (intent(),))])
    ledger.ask(lease.apply_id, RequestKind.RELEASE, asked_by="ada", now_s=1.0)
    if ended_s is not None:
        stored = ledger.apply(lease.apply_id)
        assert stored is not None
        ledger.settle(lease, replace(stored, state=state, completed_s=ended_s))
    return lease.apply_id


def known(ledger: SqlLedger, keyspace: str = "commerce") -> list[int]:
    found = ledger.applies("production", keyspace=keyspace, limit=100)
    return [one.apply_id for one in found]


def rows_of(ledger: SqlLedger, *gone: int) -> int:
    """That are left of applies."""
    with reading(ledger._engine) as connection:
        return sum(
            connection.execute(
                select(func.count()).select_from(table).where(table.c.apply_id.in_(gone))
            ).scalar_one()
            for table in (operations, statements, events, requests)
        )


@pytest.mark.invariant("RP-27")
def test_what_ended_long_ago_is_forgotten_whole_and_the_rest_stays(ledger: SqlLedger) -> None:
    old = [an_apply(ledger, 10.0), an_apply(ledger, 20.0, state=ApplyState.CANCELLED)]
    young = [an_apply(ledger, 500.0), an_apply(ledger, 600.0)]
    elsewhere = an_apply(ledger, 10.0, keyspace="orders")
    an_apply(ledger, 600.0, keyspace="orders")
    assert ledger.forgotten(*OF) is None
    assert ledger.forget(*OF, now_s=100.0, keep_s=0, rows_max=ALL) == 2 * 7
    assert known(ledger) == young[::-1]
    assert rows_of(ledger, *old) == 0
    assert rows_of(ledger, *young) == 12
    assert elsewhere in known(ledger, "orders")
    assert ledger.forgotten(*OF) == Forgotten(keyspace="commerce", applies=2, until_s=20.0)
    assert ledger.forgotten("production", "orders") is None
    assert ledger.forget(*OF, now_s=100.0, keep_s=0, rows_max=ALL) == 0
    assert ledger.forget(*OF, now_s=550.0, keep_s=0, rows_max=ALL) == 7
    assert ledger.forgotten(*OF) == Forgotten(keyspace="commerce", applies=3, until_s=500.0)


@pytest.mark.invariant("RP-27")
def test_what_anything_rests_on_stays(ledger: SqlLedger) -> None:
    dropped = replace(intent().row, object_id=table_id("_users_del"), state=StatementState.APPLIED)
    kept = [
        an_apply(ledger, 10.0, by_engine(StatementState.APPLIED, left=("_users_del",))),
        an_apply(ledger, 10.0, by_engine(StatementState.NEVER_RAN)),
        an_apply(ledger, 10.0, replace(intent(), row=dropped)),
        an_apply(ledger, 10.0, region="eu"),
        an_apply(ledger, 10.0),
        an_apply(ledger, None, keyspace="orders"),
    ]
    for keyspace in ("commerce", "orders"):
        assert ledger.forget("production", keyspace, now_s=100.0, keep_s=0, rows_max=ALL) == 0
        assert ledger.forgotten("production", keyspace) is None
    assert all(ledger.apply(number) is not None for number in kept)


@pytest.mark.invariant("RP-27")
def test_nothing_is_forgotten_while_a_split_lives(ledger: SqlLedger) -> None:
    old = an_apply(ledger, 10.0)
    an_apply(ledger, 20.0)
    text = dict.fromkeys(("plan_id", "commit_id", "engine", "sources", "targets", "ground"), "x")
    of = {"environment": OF[0], "keyspace": OF[1], "live_slot": LIVE, "phase": "planned", **text}
    numbers = ("protocol", "expected_version", "revision", "fence_epoch")
    times = ("phase_since_s", "heartbeat_s", "started_s")
    with writing(ledger._engine) as connection:
        job = {**of, **dict.fromkeys((*numbers, *times), 1)}
        connection.execute(insert(split_jobs).values(**job))
    assert ledger.forget(*OF, now_s=100.0, keep_s=0, rows_max=ALL) == 0
    assert old in known(ledger)


@pytest.mark.invariant("RP-27")
def test_a_call_that_was_cut_off_is_gone_on_with(ledger: SqlLedger) -> None:
    """Whatever it came to: an apply is there with all that is its own, or nobody finds it."""
    old = [an_apply(ledger, 10.0) for _ in range(3)]
    young = an_apply(ledger, 600.0)
    gone = [ledger.forget(*OF, now_s=100.0, keep_s=0, rows_max=4) for _ in range(7)]
    assert known(ledger) == [young]
    assert sum(gone) == 3 * 7
    assert max(gone[1:]) <= 4, "beside the applies themselves, of which the first call took three"
    assert rows_of(ledger, *old) == 0
    with reading(ledger._engine) as connection:
        assert connection.execute(select(sweeping)).all() == []


@pytest.mark.invariant("RP-27")
def test_a_machine_whose_clock_is_years_ahead_makes_nothing_old(ledger: SqlLedger) -> None:
    year_s, now_s = 365 * 86_400.0, time.time()
    old, _ = an_apply(ledger, now_s - 2 * year_s), an_apply(ledger, now_s - 86_400.0)
    an_apply(ledger, now_s)
    ahead_s = now_s + 9 * year_s
    assert ledger.forget(*OF, now_s=ahead_s, keep_s=3 * year_s, rows_max=ALL) == 0
    assert len(known(ledger)) == 3
    assert ledger.forget(*OF, now_s=ahead_s, keep_s=year_s, rows_max=ALL) > 0
    assert old not in known(ledger)
    assert len(known(ledger)) == 2


@dataclass
class ForgetsMeanwhile:
    """Another process ends an apply while this one reads."""

    ledger: SqlLedger

    def __getattr__(self, name: str) -> Any:
        return getattr(self.ledger, name)

    def sent(self, apply_id: int) -> Mapping[str, Mapping[StatementState, int]]:
        self.ledger.forget(*OF, now_s=100.0, keep_s=0, rows_max=ALL)
        return self.ledger.sent(apply_id)


@pytest.mark.invariant("RP-27")
def test_an_audit_has_no_row_of_what_was_forgotten_while_it_read(ledger: SqlLedger) -> None:
    an_apply(ledger, 1.0)
    newest = an_apply(ledger, 2.0)
    meanwhile = cast(Ledger, ForgetsMeanwhile(ledger))
    (row,) = audit_rows(meanwhile, "production", "commerce", limit=9)
    assert (row.apply_id, row.shards_planned) == (newest, len(SHARDS))
