"""What every ledger promises, asked of a file, of MySQL and of MariaDB."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import Connection, inspect, text

from reconciler.edges.ledger import versions
from reconciler.edges.ledger.engine import writing
from reconciler.edges.ledger.sql import SqlLedger, open_ledger
from reconciler.edges.ledger.versions import LEDGER_VERSION
from reconciler.edges.ledger.writes import record
from reconciler.errors import InvalidInput, Problem, Refused, Unavailable
from reconciler.ledger.deploys import DeployIntent, DeployStep
from reconciler.ledger.model import (
    DeployEntry,
    EventEntry,
    FinalizerEntry,
    Lease,
    NewApply,
    ProgressEntry,
    StatementEntry,
    StoredFinalizer,
    TakenOn,
    Wanted,
)
from reconciler.ledger.reasons import EndedMeanwhile, InWords, NothingNewStarts
from reconciler.ledger.states import (
    FINISHED,
    ApplyState,
    Hold,
    OperationState,
    RequestKind,
    RequestState,
    StatementState,
)
from reconciler.model.engine import NOTHING_TOLD, Progress
from reconciler.model.object_id import table_id
from tests.contract.ledgers import (
    HANDLE,
    SHARDS,
    STEPS,
    begun,
    begun_with_steps,
    by_engine,
    ended,
    intent,
    moved_to,
    new_apply,
    row_of,
)

S = OperationState
PROGRESS = asdict(Progress(percent=40))
_APPLIES = "reconciler_applies"


def test_what_was_begun_can_be_read_by_another(
    ledger: SqlLedger, open_another: Callable[[], SqlLedger]
) -> None:
    lease = begun(ledger)
    other = open_another()
    stored = other.unfinished("production", "commerce")
    other_rows = other.operations(lease.apply_id)
    other.close()
    assert stored is not None
    assert stored.waves == (SHARDS[:1], SHARDS[1:])
    assert (stored.state, stored.started_s) == (ApplyState.PENDING, 1.5)
    assert [row.shard for row in other_rows] == list(SHARDS)
    assert {row.state for row in other_rows} == {S.PENDING}


def test_texts_and_times_come_back_as_they_were(ledger: SqlLedger) -> None:
    lease = begun(ledger)
    sql = "ALTER TABLE `users` COMMENT 'größe 日本 🐬 \\\\ \"'" + "x" * 100_000
    ledger.record(
        lease, [intent(sql=sql), EventEntry(at_s=1.000001, what=InWords("a\nb"), shard="-40")]
    )
    (row,) = ledger.statements(lease.apply_id)
    assert (row.sql, row.intended_s) == (sql, 2.25)
    (event,) = ledger.events(lease.apply_id, limit=5)
    assert (event.at_s, event.what) == (1.000001, InWords("a\\nb")), "a message stays on its line"


@pytest.mark.invariant("EN-2")
def test_an_intent_keeps_what_finds_it_again_and_how_far_it_is(ledger: SqlLedger) -> None:
    lease = begun(ledger)
    ledger.record(lease, [intent()])
    (row,) = ledger.statements(lease.apply_id)
    assert (row.handle, row.progress) == (HANDLE, NOTHING_TOLD)
    progress = Progress(stage="copy\nto", percent=40, rows_done=2**40, waits_for="größe")
    ledger.record(lease, [ProgressEntry(shard="-40", index=0, progress=progress)])
    (row,) = ledger.statements(lease.apply_id)
    assert row.progress == replace(progress, stage="copy\\nto")
    assert (row.handle, row.sql) == (HANDLE, intent().row.sql)


@pytest.mark.invariant("ST-14")
@pytest.mark.parametrize(
    "kept",
    [
        "not JSON",
        "{}",
        '{"percent": 40}',
        "[" * 1_000,
        json.dumps({**PROGRESS, "percent": "40"}),
        json.dumps({**PROGRESS, "percent": True}),
        json.dumps({**PROGRESS, "rows_done": -1}),
        json.dumps({**PROGRESS, "stage": None}),
        json.dumps({**PROGRESS, "mood": "good"}),
    ],
)
def test_progress_that_no_run_has_written_refuses_its_row(ledger: SqlLedger, kept: str) -> None:
    lease = begun(ledger)
    ledger.record(lease, [intent()])
    with writing(ledger._engine) as connection:
        connection.execute(
            text("UPDATE reconciler_statements SET progress = :kept"), {"kept": kept}
        )
    with pytest.raises(Unavailable, match="statements holds in progress"):
        ledger.statements(lease.apply_id)


def test_what_an_engine_left_is_found_again_in_every_apply(ledger: SqlLedger) -> None:
    left = by_engine(StatementState.APPLIED, left=("_users_del", "größe`"))
    first = begun(ledger)
    ledger.record(first, [left, by_engine(StatementState.APPLIED, shard="80-")])
    ended(ledger, first)
    second = begun(ledger)
    doubted = by_engine(StatementState.UNKNOWN, shard="40-80")
    plain = intent(shard="80-")
    drop = replace(plain.row, index=1, object_id=table_id("_users_ghc"))
    ledger.record(second, [doubted, plain, StatementEntry(row=drop)])
    ledger.record(begun(ledger, "billing"), [left])
    assert ledger.sent(first.apply_id) == {
        shard: {StatementState.APPLIED: 1} for shard in ("-40", "80-")
    }
    assert ledger.sent(second.apply_id) == {
        "40-80": {StatementState.UNKNOWN: 1},
        "80-": {StatementState.INTENDED: 2},
    }
    found = ledger.engine_statements("production", "commerce", names={"_users_ghc"})
    assert [(one.apply_id, one.is_finished, one.row) for one in found] == [
        (first.apply_id, True, left.row),
        (second.apply_id, False, doubted.row),
        (second.apply_id, False, drop),
    ]
    assert ledger.engine_statements("staging", "commerce", names={"_users_ghc"}) == ()


@pytest.mark.invariant("RP-31")
def test_how_long_statements_about_a_table_took_is_told_the_newest_first(
    ledger: SqlLedger,
) -> None:
    def took(seconds: float, shard: str, table: str = "users") -> StatementEntry:
        row = intent(shard=shard).row
        settled_s, told = row.intended_s + seconds, Progress(bytes_total=7)
        return StatementEntry(
            row=replace(
                row,
                object_id=table_id(table),
                state=StatementState.APPLIED,
                settled_s=settled_s,
                progress=told,
            )
        )

    first = begun(ledger)
    early = [took(9.0, "-40"), took(1.0, "40-80", "orders")]
    ledger.record(first, early)
    ended(ledger, first)
    second = begun(ledger)
    late = [took(2.0, "-40"), took(8.0, "40-80"), took(4.0, "80-")]
    ledger.record(second, [*late, intent(shard="c0-")])
    ledger.record(begun(ledger, "billing"), [took(99.0, "-40")])

    def found(*tables: str, limit: int = 9) -> list[tuple[int, object]]:
        rows = ledger.past_statements("production", "commerce", tables=tables, limit=limit)
        return [(one.apply_id, one.row) for one in rows]

    slowest, slower, fast = (late[n].row for n in (1, 2, 0))
    users = [(second.apply_id, one) for one in (slowest, slower, fast)]
    assert found("users") == [*users, (first.apply_id, early[0].row)]
    assert found("users", limit=2) == users[:2]
    assert found("orders", "users", limit=1) == [(first.apply_id, early[1].row), users[0]]
    assert found() == []
    assert ledger.past_statements("staging", "commerce", tables=("users",), limit=9) == ()


def test_a_statement_may_be_written_as_it_stands(ledger: SqlLedger) -> None:
    """A run that takes it up finds nothing new to say. A server that counts the rows it changed,
    and not those it found, would have it inserted a second time."""
    lease = begun(ledger)
    for _ in range(2):
        ledger.record(lease, [intent()])
    assert ledger.statements(lease.apply_id) == (intent().row,)


@pytest.mark.parametrize("kept", ["", "null", '{"a": 1}', "[1]", "[[]]"])
def test_names_that_no_run_has_written_refuse_their_row(ledger: SqlLedger, kept: str) -> None:
    lease = begun(ledger)
    ledger.record(lease, [intent()])
    with writing(ledger._engine) as connection:
        changed = text("UPDATE reconciler_statements SET left_tables = :kept")
        connection.execute(changed, {"kept": kept})
    with pytest.raises(Unavailable, match="no run has written"):
        ledger.statements(lease.apply_id)


@pytest.mark.invariant("ST-4")
def test_a_write_on_an_old_version_changes_nothing(ledger: SqlLedger) -> None:
    lease = begun(ledger)
    seen = row_of(ledger, lease)
    ledger.record(lease, [moved_to(seen, S.RUNNING)])
    with pytest.raises(Refused, match="another writer"):
        ledger.record(lease, [intent(), moved_to(seen, S.STOPPED)])
    assert row_of(ledger, lease).state is S.RUNNING
    assert ledger.statements(lease.apply_id) == (), "all entries of a write, or none"


@pytest.mark.invariant("ST-4")
@pytest.mark.parametrize("settled", [S.COMPLETED, S.FAILED, S.CANCELLED])
def test_nothing_leaves_a_settled_state(ledger: SqlLedger, settled: OperationState) -> None:
    lease = begun(ledger)
    ledger.record(lease, [moved_to(row_of(ledger, lease), settled)])
    with pytest.raises(Refused, match="another writer"):
        ledger.record(lease, [moved_to(row_of(ledger, lease), S.PENDING)])
    assert row_of(ledger, lease).state is settled


def in_doubt(row: StoredFinalizer) -> FinalizerEntry:
    problem = Problem(code="outcome-unknown", message="größe\nlost", recovery="resume")
    return FinalizerEntry(
        row=replace(
            row, state=S.UNKNOWN, attempts=2, started_s=3.5, intended_s=4.25, problem=problem
        )
    )


@pytest.mark.invariant("FZ-2")
@pytest.mark.parametrize("has_shards", [True, False])
def test_the_steps_of_a_keyspace_are_kept_with_their_apply(
    ledger: SqlLedger, open_another: Callable[[], SqlLedger], has_shards: bool
) -> None:
    lease = begun_with_steps(ledger, has_shards=has_shards)
    first, last = ledger.finalizers(lease.apply_id)
    assert [(row.moment, row.before, row.after) for row in (first, last)] == [
        (step.moment, step.before, step.after) for step in STEPS
    ]
    assert {(row.state, row.version, row.attempts) for row in (first, last)} == {(S.PENDING, 1, 0)}
    ledger.record(lease, [in_doubt(last)])
    other = open_another()
    found = other.finalizers(lease.apply_id)
    assert len(other.operations(lease.apply_id)) == (len(SHARDS) if has_shards else 0)
    other.close()
    kept = in_doubt(last).row
    assert kept.problem is not None
    shown = replace(kept.problem, message="größe\\nlost")
    assert found == (first, replace(kept, version=2, problem=shown))
    assert ledger.finalizers(begun(ledger, "billing").apply_id) == ()


@pytest.mark.invariant("FZ-4")
def test_an_apply_of_nothing_is_never_recorded() -> None:
    with pytest.raises(AssertionError, match="something to do"):
        replace(new_apply(), operations=())


@pytest.mark.invariant("ST-4")
def test_a_step_is_written_on_the_version_that_was_read(ledger: SqlLedger) -> None:
    lease = begun_with_steps(ledger)
    _, last = ledger.finalizers(lease.apply_id)
    ledger.record(lease, [in_doubt(last)])
    with pytest.raises(Refused, match="another writer has changed the VSchema's last step"):
        ledger.record(lease, [intent(), in_doubt(last)])
    assert ledger.statements(lease.apply_id) == (), "all entries of a write, or none"
    done = replace(last, version=2, state=S.COMPLETED, settled_s=9.0)
    ledger.record(lease, [FinalizerEntry(row=done)])
    with pytest.raises(Refused, match="another writer"):
        ledger.record(lease, [FinalizerEntry(row=replace(done, version=3, state=S.PENDING))])
    ledger.take_over(lease.apply_id, holder="you", now_s=5.0)
    with pytest.raises(Refused, match="another process drives"):
        ledger.record(lease, [in_doubt(ledger.finalizers(lease.apply_id)[0])])


@pytest.mark.invariant("ST-14")
@pytest.mark.parametrize(
    ("column", "kept"),
    [
        ("state", "'done'"),
        ("attempts", "-1"),
        ("settled_s", "-1"),
        ("problem", "'{}'"),
        ("version", "-7"),
    ],
)
def test_a_step_that_no_run_has_written_refuses_its_row(
    ledger: SqlLedger, column: str, kept: str
) -> None:
    lease = begun_with_steps(ledger)
    with writing(ledger._engine) as connection:
        connection.execute(text(f"UPDATE reconciler_finalizers SET {column} = {kept}"))
    with pytest.raises(Unavailable, match=f"finalizers holds in {column}"):
        ledger.finalizers(lease.apply_id)


@pytest.mark.invariant("ST-14")
def test_a_step_of_an_unknown_moment_refuses_its_row(ledger: SqlLedger) -> None:
    lease = begun_with_steps(ledger)
    with writing(ledger._engine) as connection:
        changed = "UPDATE reconciler_finalizers SET moment = 'soon' WHERE moment = 'last'"
        connection.execute(text(changed))
    with pytest.raises(Unavailable, match="finalizers holds in moment"):
        ledger.finalizers(lease.apply_id)


@pytest.mark.invariant("PS-7")
def test_what_planetscale_was_meant_to_be_sent_is_kept_by_step(ledger: SqlLedger) -> None:
    lease = begun(ledger)
    why = Problem(code="x", message="it differs", recovery="plan again")
    first = DeployIntent(at_s=1.0)
    again = DeployIntent(at_s=2.0, times=2, because=why)
    ledger.record(lease, [DeployEntry(step=DeployStep.OPEN, intent=first)])
    ledger.record(lease, [DeployEntry(step=DeployStep.CLOSE, intent=first)])
    ledger.record(lease, [DeployEntry(step=DeployStep.CLOSE, intent=again)])
    assert ledger.deploys(lease.apply_id) == {DeployStep.OPEN: first, DeployStep.CLOSE: again}
    assert ledger.deploys(lease.apply_id + 1) == {}


@pytest.mark.invariant("PS-16")
def test_who_lost_the_lease_can_intend_nothing_at_planetscale(ledger: SqlLedger) -> None:
    lease = begun(ledger)
    ledger.take_over(lease.apply_id, holder="you", now_s=5.0)
    with pytest.raises(Refused, match="another process drives"):
        ledger.record(lease, [DeployEntry(step=DeployStep.DEPLOY, intent=DeployIntent(at_s=6.0))])
    assert ledger.deploys(lease.apply_id) == {}


@pytest.mark.invariant("ST-14")
@pytest.mark.parametrize(
    ("column", "kept"),
    [("step", "'soon'"), ("intended_s", "-1"), ("times", "-1"), ("problem", "'{}'")],
)
def test_an_intent_that_no_run_has_written_refuses_its_row(
    ledger: SqlLedger, column: str, kept: str
) -> None:
    lease = begun(ledger)
    intent = DeployIntent(at_s=1.0)
    ledger.record(lease, [DeployEntry(step=DeployStep.OPEN, intent=intent)])
    with writing(ledger._engine) as connection:
        connection.execute(text(f"UPDATE reconciler_deploys SET {column} = {kept}"))
    with pytest.raises(Unavailable, match=f"deploys holds in {column}"):
        ledger.deploys(lease.apply_id)


@pytest.mark.invariant("ST-18")
def test_a_finished_apply_is_never_written_again(ledger: SqlLedger) -> None:
    lease = begun(ledger)
    stored = ledger.apply(lease.apply_id)
    assert stored is not None
    problem = Problem(code="x", message="it broke", recovery="fix it")
    failed = replace(stored, state=ApplyState.FAILED, problem=problem, completed_s=9.0)
    ledger.settle(lease, failed)
    read = ledger.apply(lease.apply_id)
    assert read == replace(failed, version=2)
    with pytest.raises(Refused):
        ledger.settle(lease, replace(failed, version=2, state=ApplyState.RUNNING))
    assert ledger.unfinished("production", "commerce") is None
    assert ledger.begin(new_apply(), holder="me", now_s=3.0).apply_id > lease.apply_id


def test_an_unfinished_apply_keeps_the_keyspace_and_no_other(ledger: SqlLedger) -> None:
    lease = begun(ledger)
    with pytest.raises(Refused, match=f"apply {lease.apply_id} of commerce is pending"):
        ledger.begin(new_apply(plan_id="sha256:2"), holder="you", now_s=2.0)
    begun(ledger, "billing")


def of_region(region: str, plan_id: str = "sha256:1") -> NewApply:
    return replace(new_apply(plan_id=plan_id), region=region)


@pytest.mark.invariant("RG-20")
def test_two_regions_have_an_apply_each_and_a_lease_each(ledger: SqlLedger) -> None:
    eu = ledger.begin(of_region("eu"), holder="me", now_s=1.0)
    us = ledger.begin(of_region("us"), holder="you", now_s=2.0)
    for lease, region in ((eu, "eu"), (us, "us")):
        ledger.record(lease, [intent()])
        ledger.heartbeat(lease, now_s=3.0)
        stored = ledger.unfinished("production", "commerce", region)
        assert stored is not None
        assert (stored.apply_id, stored.region) == (lease.apply_id, region)
        found = ledger.applies("production", keyspace="commerce", limit=9, region=region)
        assert [one.apply_id for one in found] == [lease.apply_id]
    assert ledger.unfinished("production", "commerce") is None
    assert ledger.lease("production", "commerce") is None
    again = ledger.take_over(us.apply_id, holder="she", now_s=5.0)
    assert (again.region, again.fence) == ("us", us.fence + 1)
    ledger.heartbeat(eu, now_s=6.0)  # the other region's lease is as it was
    with pytest.raises(Refused, match="another process drives"):
        ledger.heartbeat(us, now_s=6.0)


@pytest.mark.invariant("RG-20")
@pytest.mark.parametrize(("first", "second"), [("", "eu"), ("eu", ""), ("eu", "eu")])
def test_what_is_of_all_shards_and_what_is_of_a_region_exclude_each_other(
    ledger: SqlLedger, first: str, second: str
) -> None:
    lease = ledger.begin(of_region(first), holder="me", now_s=1.0)
    where = f" in region {first}" if first else ""
    with pytest.raises(Refused, match=f"apply {lease.apply_id} of commerce{where} is pending"):
        ledger.begin(of_region(second, "sha256:2"), holder="you", now_s=2.0)


def test_a_driver_that_was_replaced_can_write_no_more(ledger: SqlLedger) -> None:
    first = begun(ledger)
    second = ledger.take_over(first.apply_id, holder="you", now_s=5.0)
    stored = ledger.apply(first.apply_id)
    assert stored is not None
    writes: tuple[Callable[[], None], ...] = (
        lambda: ledger.heartbeat(first, now_s=6.0),
        lambda: ledger.record(first, [intent()]),
        lambda: ledger.settle(first, replace(stored, hold=Hold.GATE)),
    )
    for write in writes:
        with pytest.raises(Refused, match="another process drives"):
            write()
    ledger.give_up(first, now_s=6.0)
    lease = ledger.lease("production", "commerce")
    assert lease is not None
    assert (lease.holder, lease.fence) == ("you", second.fence)
    ledger.record(second, [intent()])
    ledger.give_up(second, now_s=7.0)
    assert (gone := ledger.lease("production", "commerce")) is not None
    assert gone.holder is None


def test_a_second_try_is_the_same_statement(ledger: SqlLedger) -> None:
    lease = begun(ledger)
    ledger.record(lease, [intent()])
    failed = replace(intent().row, state=StatementState.FAILED, settled_s=3.0, left=("_users_gho",))
    ledger.record(lease, [replace(intent(), row=failed)])
    again = replace(intent().row, attempts=2, intended_s=3.5)
    ledger.record(lease, [replace(intent(), row=again)])
    assert ledger.statements(lease.apply_id) == (again,)
    done = replace(again, state=StatementState.APPLIED, settled_s=4.0)
    ledger.record(lease, [replace(intent(), row=done)])
    assert ledger.statements(lease.apply_id) == (done,)


def test_the_same_written_again_is_no_conflict(ledger: SqlLedger) -> None:
    """An apply that takes a statement up writes what the one before it wrote."""
    lease = begun(ledger)
    ledger.record(lease, [intent()])
    ledger.record(lease, [intent()])
    ledger.heartbeat(lease, now_s=5.0)
    ledger.heartbeat(lease, now_s=5.0)
    assert ledger.statements(lease.apply_id) == (intent().row,)


def test_a_request_is_answered_once(ledger: SqlLedger) -> None:
    lease = begun(ledger)
    asked = ledger.ask(lease.apply_id, RequestKind.STOP, asked_by="you\x1b[2J", now_s=3.0)
    assert ledger.requests(lease.apply_id, RequestState.PENDING) == [asked]
    ledger.answer(asked.request_id, RequestState.APPLIED, NothingNewStarts())
    ledger.answer(asked.request_id, RequestState.REFUSED, EndedMeanwhile())
    (found,) = ledger.requests(lease.apply_id)
    assert (found.state, found.answer) == (RequestState.APPLIED, NothingNewStarts())
    assert "\x1b" not in found.asked_by


@pytest.mark.invariant("RG-50")
def test_who_goes_on_though_nobody_asked_is_held_to_what_people_said(ledger: SqlLedger) -> None:
    by_itself = partial(ledger.go_on, holder="a controller", now_s=5.0, asked_by=None)
    apply_id = begun(ledger).apply_id
    assert by_itself(apply_id) == TakenOn(replace(begun_lease(ledger), fence=2))
    stop = ledger.ask(apply_id, RequestKind.STOP, asked_by="you", now_s=9_000.0)
    with pytest.raises(Refused, match="asked apply 1 of commerce to stop"):
        by_itself(apply_id)
    assert begun_lease(ledger).fence == 2
    resumed = ledger.go_on(apply_id, holder="me", now_s=6.0, asked_by="me")
    assert resumed.resumed_at > stop.request_id
    assert [one.kind for one in ledger.requests(apply_id, RequestState.APPLIED)] == ["resume"]
    ended(ledger, by_itself(apply_id).lease)
    with pytest.raises(Refused, match="has ended as cancelled"):
        ledger.begin(new_apply(), holder="a controller", now_s=7.0, stays_ended=FINISHED)
    other = ledger.begin(
        new_apply(plan_id="sha256:2"), holder="a controller", now_s=7.0, stays_ended=FINISHED
    )
    ended(ledger, other)
    ledger.begin(new_apply(), holder="a controller", now_s=7.0, stays_ended=FINISHED)


@pytest.mark.invariant("RG-50")
def test_who_goes_on_is_held_to_a_stop_since_they_set_out(ledger: SqlLedger) -> None:
    go_on = partial(ledger.go_on, holder="me", now_s=5.0, asked_by="me")
    apply_id = begun(ledger).apply_id
    stop = ledger.ask(apply_id, RequestKind.STOP, asked_by="you", now_s=0.0).request_id
    with pytest.raises(Refused, match="asked apply 1 of commerce to stop"):
        go_on(apply_id, heard=stop - 1)
    assert [one.kind for one in ledger.requests(apply_id)] == ["stop"]
    assert begun_lease(ledger).fence == 1
    resumed_at = go_on(apply_id, heard=stop).resumed_at
    assert go_on(apply_id, heard=stop - 1).resumed_at > resumed_at > stop


def begun_lease(ledger: SqlLedger) -> Lease:
    found = ledger.lease("production", "commerce")
    assert found is not None
    return Lease(
        environment="production",
        keyspace="commerce",
        apply_id=found.apply_id,
        holder=found.holder or "",
        fence=found.fence,
    )


def test_history_is_newest_first(ledger: SqlLedger) -> None:
    ids = []
    for number in range(3):
        lease = ledger.begin(new_apply(plan_id=f"sha256:{number}"), holder="me", now_s=number)
        stored = ledger.apply(lease.apply_id)
        assert stored is not None
        ledger.settle(lease, replace(stored, state=ApplyState.COMPLETED))
        ids.append(lease.apply_id)
    found = ledger.applies("production", keyspace="commerce", limit=2)
    assert [row.apply_id for row in found] == [ids[2], ids[1]]
    assert ledger.applies("staging", keyspace=None, limit=2) == []


def test_many_writers_at_once_all_get_their_own_answer(ledger: SqlLedger) -> None:
    lease = begun(ledger)
    rows = {shard: row_of(ledger, lease, shard) for shard in SHARDS}
    rows["80-"] = replace(rows["80-"], version=7)
    failed: list[str] = []

    def write(shard: str) -> None:
        try:
            ledger.record(lease, [moved_to(rows[shard], S.RUNNING), intent(shard)])
        except Refused:
            failed.append(shard)

    threads = [Thread(target=write, args=(shard,)) for shard in SHARDS]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == ["80-"]
    assert {row.shard for row in ledger.statements(lease.apply_id)} == {"-40", "40-80"}


def test_a_ledger_of_an_earlier_version_is_upgraded_where_it_is(
    ledger: SqlLedger, open_another: Callable[[], SqlLedger], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a first try was killed half-way: on MySQL each statement of a step stays."""

    def add_two_columns(connection: Connection) -> None:
        for column in ("mood", "weather"):
            known = {found["name"] for found in inspect(connection).get_columns(_APPLIES)}
            if column not in known:
                connection.execute(text(f"ALTER TABLE {_APPLIES} ADD COLUMN {column} TEXT"))

    lease = begun(ledger)
    with writing(ledger._engine) as connection:
        connection.execute(text(f"ALTER TABLE {_APPLIES} ADD COLUMN mood TEXT"))
    monkeypatch.setattr(versions, "LEDGER_VERSION", LEDGER_VERSION + 1)
    monkeypatch.setattr(versions, "UPGRADES", {LEDGER_VERSION: add_two_columns})
    for _ in range(2):
        upgraded = open_another()
        stored = upgraded.apply(lease.apply_id)
        with writing(upgraded._engine) as connection:
            connection.execute(text(f"UPDATE {_APPLIES} SET mood = 'good', weather = 'fine'"))
        upgraded.close()
        assert stored is not None
        assert row_of(ledger, lease).state is S.PENDING


@pytest.mark.parametrize("left_to_do", [("applies", "leases"), ("leases",), ()])
def test_a_ledger_without_regions_gets_them_wherever_an_upgrade_was_cut_off(
    ledger: SqlLedger, open_another: Callable[[], SqlLedger], left_to_do: tuple[str, ...]
) -> None:
    lease = begun(ledger)
    is_file = not ledger.is_on_a_server
    with writing(ledger._engine) as connection:
        connection.execute(text("UPDATE reconciler_ledger_version SET version = 3"))
        if "applies" in left_to_do:
            connection.execute(text("ALTER TABLE reconciler_applies DROP COLUMN region"))
        if "leases" in left_to_do and is_file:
            columns = "environment, keyspace, apply_id, fence, holder, heartbeat_s"
            former = f"CREATE TABLE former AS SELECT {columns} FROM reconciler_leases"
            connection.execute(text(former))
            connection.execute(text("DROP TABLE reconciler_leases"))
            connection.execute(text("ALTER TABLE former RENAME TO reconciler_leases"))
        elif "leases" in left_to_do:
            key = "DROP PRIMARY KEY, DROP COLUMN region, ADD PRIMARY KEY (environment, keyspace)"
            connection.execute(text(f"ALTER TABLE reconciler_leases {key}"))
    upgraded = open_another()
    stored = upgraded.unfinished("production", "commerce")
    assert stored is not None
    assert (stored.apply_id, stored.region) == (lease.apply_id, "")
    upgraded.heartbeat(lease, now_s=9.0)
    upgraded.settle(lease, replace(stored, state=ApplyState.COMPLETED))
    for region in ("eu", "us"):
        upgraded.begin(of_region(region), holder="me", now_s=10.0)
    assert upgraded.lease("production", "commerce", "us") is not None
    upgraded.close()


@pytest.mark.invariant("PL-12")
def test_the_library_below_does_not_print_what_a_driver_said() -> None:
    said = (
        "import logging, reconciler.edges.ledger.engine as engine;"
        "logging.getLogger('sqlalchemy.pool.impl.QueuePool').error('host, account, trace')"
    )
    ended = subprocess.run([sys.executable, "-c", said], capture_output=True, text=True, check=True)
    assert ended.stderr == ""


@pytest.mark.invariant("ST-9")
def test_a_write_that_its_database_ends_is_told_in_our_words_and_is_none(
    ledger: SqlLedger, open_another: Callable[[], SqlLedger]
) -> None:
    """In the midst of a transaction, by a statement that goes to the driver as it is."""
    lease, other = begun(ledger), open_another()

    def write_over_what_ends() -> None:
        with writing(ledger._engine) as connection:
            if ledger.is_on_a_server:
                own = connection.execute(text("SELECT CONNECTION_ID()")).scalar_one()
                with writing(other._engine) as by_another:
                    by_another.execute(text(f"KILL {own}"))
            else:
                connection.execute(text("DROP TABLE reconciler_events"))  # until it is rolled back
            record(connection, lease, [intent(), EventEntry(at_s=1.0, what=InWords("a"))])

    with pytest.raises(Unavailable) as told:
        write_over_what_ends()
    lost = "the connection to its server was lost"
    assert (lost if ledger.is_on_a_server else "a table of it") in str(told.value)
    assert ledger.statements(lease.apply_id) == ()
    ledger.record(lease, [intent()])
    assert len(other.statements(lease.apply_id)) == 1
    other.close()


@pytest.mark.invariant("PL-12")
def test_an_address_that_does_not_work_is_not_shown() -> None:
    secret = "mysql://me:hunter2@db.internal.example:1/ledger"
    with pytest.raises(Unavailable) as unreachable:
        open_ledger(secret, default_file=Path("unused"))
    assert "its server cannot be reached" in str(unreachable.value)
    with pytest.raises(InvalidInput) as unknown:
        open_ledger("oracle://me:hunter2@db.internal.example/x", default_file=Path("unused"))
    for shown in (str(unreachable.value), str(unknown.value)):
        assert "hunter2" not in shown
        assert "internal" not in shown


def test_applies_are_found_by_time_state_and_plan(
    ledger: SqlLedger,
) -> None:
    def began(at_s: float, plan_id: str, state: ApplyState) -> int:
        lease = ledger.begin(new_apply(plan_id=plan_id), holder="me", now_s=at_s)
        stored = ledger.apply(lease.apply_id)
        assert stored is not None
        ledger.settle(lease, replace(stored, state=state, completed_s=at_s))
        return lease.apply_id

    first = began(10.0, "sha256:1a", ApplyState.COMPLETED)
    second = began(20.0, "sha256:1%b", ApplyState.FAILED)
    third = began(30.0, "sha256:2c", ApplyState.COMPLETED)

    def found(wanted: Wanted) -> list[int]:
        rows = ledger.applies("production", keyspace="commerce", limit=9, wanted=wanted)
        return [row.apply_id for row in rows]

    assert found(Wanted()) == [third, second, first]
    assert found(Wanted(since_s=20.0)) == [third, second]
    assert found(Wanted(until_s=20.0)) == [first]
    assert found(Wanted(states=(ApplyState.FAILED, ApplyState.CANCELLED))) == [second]
    assert found(Wanted(plan="sha256:1")) == [second, first]
    assert found(Wanted(plan="sha256:1%")) == [second]
    assert found(Wanted(plan="sha256:2", states=(ApplyState.FAILED,))) == []
