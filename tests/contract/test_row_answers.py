"""What rows answered is kept as it was, asked of a file, of MySQL and of MariaDB."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import text

from reconciler.edges.ledger.engine import writing
from reconciler.edges.ledger.sql import SqlLedger
from reconciler.errors import Unavailable
from reconciler.ledger.model import StatementEntry
from reconciler.ledger.states import StatementState
from reconciler.model.object_id import table_id
from reconciler.preflight.kept import AskedOf
from reconciler.preflight.model import Holds, Place
from tests.contract.ledgers import begun, ended, intent

FIRST, SECOND = AskedOf("-80", "sha256:1"), AskedOf("80-", "sha256:1")
OF = ("production", "commerce")
PLACE = Place(
    begun_s=1795423904.215,
    seen_s=1795423999.999,
    rows_seen=1 << 40,
    rows_of=1 << 41,
    index="k ü",
    values=("-12.50", "2026-03-01 23:59:59.999999", "00FF"),
)


def test_answers_are_kept_replaced_and_forgotten_in_time(ledger: SqlLedger) -> None:
    answers = ledger.row_answers
    seen = Holds(at_s=1.5, rows_seen=1 << 40, behind_s=3)
    answers.keep(*OF, {FIRST: seen, SECOND: Holds(at_s=2.5)}, forget_before_s=0.0)
    answers.keep("production", "orders", {FIRST: seen}, forget_before_s=0.0)
    assert answers.held(*OF, since_s=0.0) == {FIRST: seen, SECOND: Holds(at_s=2.5)}
    assert answers.held(*OF, since_s=2.0) == {SECOND: Holds(at_s=2.5)}
    assert answers.held("staging", "commerce", since_s=0.0) == {}
    answers.keep(*OF, {SECOND: Holds(at_s=9.0)}, forget_before_s=2.0)
    assert answers.held(*OF, since_s=0.0) == {SECOND: Holds(at_s=9.0)}
    answers.keep(*OF, {}, forget_before_s=10.0)
    assert answers.held(*OF, since_s=0.0) == {}
    assert answers.held("production", "orders", since_s=0.0) == {FIRST: seen}


@pytest.mark.invariant("PF-12")
def test_what_was_refuted_is_kept_no_more(ledger: SqlLedger) -> None:
    answers = ledger.row_answers
    answers.keep(*OF, {FIRST: Holds(at_s=1.5), SECOND: Holds(at_s=2.5)}, forget_before_s=0.0)
    answers.keep(*OF, {}, refuted=[FIRST], forget_before_s=0.0)
    assert answers.held(*OF, since_s=0.0) == {SECOND: Holds(at_s=2.5)}


@pytest.mark.invariant("PF-12")
def test_which_statements_failed_last_is_told_by_shard_and_table(ledger: SqlLedger) -> None:
    def settled(shard: str, at_s: float, state: StatementState, table: str) -> StatementEntry:
        row = intent(shard=shard).row
        return StatementEntry(
            row=replace(row, object_id=table_id(table), state=state, settled_s=at_s)
        )

    failed, applied = StatementState.FAILED, StatementState.APPLIED
    first = begun(ledger)
    ledger.record(first, [settled("-40", 3.0, failed, "t"), settled("80-", 3.0, failed, "t")])
    ended(ledger, first)
    second = begun(ledger)
    ledger.record(second, [settled("-40", 12.0, failed, "t"), settled("80-", 12.0, applied, "t")])
    ledger.record(begun(ledger, "billing"), [settled("c0-", 12.0, failed, "t")])
    answers = ledger.row_answers
    assert answers.failed(*OF, since_s=0.0) == {("-40", "t"): 12.0, ("80-", "t"): 3.0}
    assert answers.failed(*OF, since_s=3.5) == {("-40", "t"): 12.0}
    ledger.record(second, [intent(shard="-40")])  # it is sent again
    assert answers.failed(*OF, since_s=0.0) == {("-40", "t"): 3.0, ("80-", "t"): 3.0}
    assert answers.failed("staging", "commerce", since_s=0.0) == {}


def test_an_answer_that_nobody_can_have_kept_is_refused_by_name(ledger: SqlLedger) -> None:
    ledger.row_answers.keep(*OF, {FIRST: Holds(at_s=1.5)}, forget_before_s=0.0)
    with writing(ledger._engine) as connection:
        connection.execute(text("UPDATE reconciler_row_answers SET rows_seen = -1"))
    with pytest.raises(Unavailable, match="table row_answers holds in rows_seen"):
        ledger.row_answers.held(*OF, since_s=0.0)


@pytest.mark.invariant("PF-30")
def test_places_are_kept_moved_and_forgotten_in_time(ledger: SqlLedger) -> None:
    places = ledger.row_answers.places
    later = replace(PLACE, begun_s=PLACE.begun_s + 9, behind_s=3)
    before_s = PLACE.begun_s - 1
    places.keep(*OF, {FIRST: PLACE, SECOND: later}, ended=(), forget_before_s=before_s)
    places.keep("production", "orders", {FIRST: PLACE}, ended=(), forget_before_s=before_s)
    assert places.reached(*OF, since_s=before_s) == {FIRST: PLACE, SECOND: later}
    assert places.reached(*OF, since_s=PLACE.begun_s + 1) == {SECOND: later}
    further = replace(later, rows_seen=later.rows_seen + 1, values=("9",))
    places.keep(*OF, {SECOND: further}, ended=[FIRST], forget_before_s=before_s)
    assert places.reached(*OF, since_s=before_s) == {SECOND: further}
    places.keep(*OF, {}, ended=(), forget_before_s=PLACE.begun_s + 10)
    assert places.reached(*OF, since_s=before_s) == {}
    assert places.reached("production", "orders", since_s=before_s) == {FIRST: PLACE}


@pytest.mark.invariant("PF-30")
@pytest.mark.parametrize(
    "damage",
    [
        "stands = REPLACE(stands, '00FF', '00FE')",
        "begun_s = begun_s + 60",
        "rows_seen = rows_seen + 1",
        "question = 'sha256:2'",
        "shard = '-40'",
    ],
)
def test_a_damaged_place_begins_nothing(ledger: SqlLedger, damage: str) -> None:
    places = ledger.row_answers.places
    places.keep(*OF, {FIRST: PLACE}, ended=(), forget_before_s=0.0)
    with writing(ledger._engine) as connection:
        connection.execute(text(f"UPDATE reconciler_row_places SET {damage}"))
    with pytest.raises(Unavailable, match="table row_places holds in digest"):
        places.reached(*OF, since_s=0.0)
