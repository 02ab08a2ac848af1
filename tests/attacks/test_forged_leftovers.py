"""A table is called what an engine left, so that a plan drops it without permission."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.cli.wire import Worlds
from reconciler.edges.ledger.sql import SqlLedger, open_ledger
from reconciler.errors import Unavailable
from reconciler.flows.reconcile_pass import begin_pass
from reconciler.flows.shadows import leftover_refusals
from reconciler.ledger.model import StatementEntry, StatementOfApply
from reconciler.ledger.shadows import known_shadows
from reconciler.ledger.states import StatementState
from reconciler.model.engine import EngineName, Handle
from reconciler.model.object_id import table_id
from reconciler.model.shadow_tables import ShadowMark
from reconciler.plan.model import Leftover
from tests.contract.ledgers import CREATED_S, by_engine, ended
from tests.offline_fleet import SHARDS, STATES, environment, fleet, planned, repository, world
from tests.unit.flows.test_clean import Proposed, cleaned, notes_of
from tests.unit.flows.test_shadows import IGNORING, begun, drifted, left_by, with_shadows

FORGED = Leftover(name="legacy", of="users", engine=EngineName.GH_OST, apply_id=1)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqlLedger]:
    opened = open_ledger(None, default_file=tmp_path / "ledger.sqlite")
    yield opened
    opened.close()


@pytest.mark.threat("TM-WRITER-34")
def test_a_plan_that_lists_a_table_of_somebodys_permits_nothing_by_it() -> None:
    shards = fleet(STATES[1])
    for shard in SHARDS:
        legacy = STATES[1].replace("`users`", "`legacy`")
        shards.shown[f"db-{shard}"] = {"users": STATES[1], "legacy": legacy}
    outcome = planned(repository(), shards, cleans=(FORGED,))
    assert "permission-missing" in [refusal.code for refusal in outcome.refusals]


@pytest.mark.threat("TM-WRITER-34")
@pytest.mark.parametrize("name", ["_users_gho", "_users_old"])
def test_a_plan_that_lists_a_copy_is_refused_by_the_ledger(ledger: SqlLedger, name: str) -> None:
    files, shards = repository(), with_shadows(name)
    keyspace, looked = files.keyspace(), world(shards)
    cleans = (Leftover(name=name, of="users", engine=EngineName.GH_OST, apply_id=1),)
    found = begin_pass(looked, keyspace, environment(keyspace), cleans=cleans)
    (refusal,) = leftover_refusals(found, ledger, now_s=looked.clock.now_s())
    assert refusal.code == "leftover-changed"


@pytest.mark.threat("TM-LEDGER-14")
def test_a_ledger_that_names_a_table_of_somebodys_makes_it_nobodys_leftover(
    ledger: SqlLedger,
) -> None:
    left_by(ledger, "legacy", "users")
    shards = fleet(STATES[1])
    legacy = STATES[1].replace("`users`", "`legacy`")
    shards.shown[f"db-{SHARDS[0]}"] = {"users": STATES[1], "legacy": legacy}
    assert drifted(shards, lambda: ledger).shadows == ()
    outcome = cleaned(shards, lambda: ledger)
    assert "permission-missing" in [refusal.code for refusal in outcome.refusals]


# What a statement of gh-ost's on table users cannot have made, whatever its record says.
NOT_ITS_OWN = (
    "users",
    "orders",
    "_orders_gho",
    "_users_new",
    "_users_old_20260102_030405",
    "_users_gho`; DROP TABLE `users",
    "other._users_gho",
    "_spirit_sentinel",
    "pt_osc_shop_users_ins",
    "_users_gho\n",
    "",
)


@pytest.mark.threat("TM-LEDGER-20")
@pytest.mark.invariant("EN-30")
@pytest.mark.parametrize("state", [StatementState.APPLIED, StatementState.INTENDED])
def test_a_record_makes_nothing_its_own_that_its_engine_does_not_call_so(
    state: StatementState,
) -> None:
    row = by_engine(state, left=NOT_ITS_OWN, helpers=(*NOT_ITS_OWN, "_users_ghc")).row
    found = StatementOfApply(apply_id=1, is_finished=False, row=row)
    own = ["_users_ghc"] if state is StatementState.INTENDED else []
    assert [one.name for one in known_shadows([found])] == own


@pytest.mark.threat("TM-LEDGER-20")
@pytest.mark.parametrize(
    "content",
    [
        "[" * 200_000,
        '{"helpers": ' + "[" * 200_000,
        '{"helpers": ["_users_gho"' + ', "x"' * 200_000 + "]}",
        '{"helpers": {"_users_gho": 1}}',
        '{"helpers": [' + "9" * 100_000 + ', "_users_gho"]}',
        '{"helpers": ["_users_gho"], "since_s": ' + "9" * 100_000 + "}",
        '{"helpers": [["_users_gho"], null, 1e999, "_orders_gho"]}',
    ],
    ids=["deep", "deep list", "long", "no list", "long number", "long since", "other values"],
)
def test_a_handle_of_any_size_and_depth_makes_no_table_of_anybodys_its_own(
    content: str, ledger: SqlLedger
) -> None:
    lease = begun(ledger)
    row = by_engine(StatementState.INTENDED, shard=SHARDS[0]).row
    handle = Handle(engine=EngineName.GH_OST, version=1, content=content)
    ledger.record(lease, [StatementEntry(row=replace(row, handle=handle))])
    ended(ledger, lease)
    outcome = drifted(with_shadows("_users_gho", "_users_old"), lambda: ledger)
    marks = {one.name: one.mark for one in outcome.shadows}
    assert marks["_users_old"] is ShadowMark.FOREIGN
    planned_removal = cleaned(with_shadows("_users_old", "_users_del"), lambda: ledger)
    assert planned_removal.plan is not None
    assert planned_removal.plan.core.is_empty


@pytest.mark.threat("TM-LEDGER-21")
@pytest.mark.invariant("EN-87")
@pytest.mark.parametrize(
    ("name", "created_s", "why"),
    [
        ("_users_del", CREATED_S + 1, "at another time than the table that was changed"),
        ("_users_gho", CREATED_S - 1, "before that statement was begun"),
        ("_users_gho", 1_000_000, "after that statement had ended"),
        ("_users_del", None, "the server does not say when it was created"),
    ],
)
def test_a_sound_record_makes_a_table_of_another_time_nobodys_leftover(
    ledger: SqlLedger, name: str, created_s: int | None, why: str
) -> None:
    left_by(ledger, name)
    shards = with_shadows(name)
    shards.created_s[name] = created_s
    outcome = cleaned(shards, lambda: ledger)
    assert outcome.plan is not None
    assert outcome.plan.core.cleans == ()
    assert why in notes_of(outcome)
    (told,) = drifted(shards, lambda: ledger).shadows
    assert (told.mark, told.apply_id) == (ShadowMark.FOREIGN, 1)


@pytest.mark.threat("TM-LEDGER-21")
@pytest.mark.invariant("EN-87")
def test_a_table_that_took_the_place_of_a_reviewed_one_is_not_dropped(ledger: SqlLedger) -> None:
    proposed = Proposed(ledger)
    assert proposed.refused() == ()
    proposed.shards.created_s["_users_del"] = CREATED_S + 1
    (refusal,) = proposed.refused()
    assert (refusal.code, refusal.shard) == ("leftover-changed", SHARDS[0])
    assert refusal.object_id == table_id("_users_del")
    assert "at another time" in (refusal.observed or "")


@pytest.mark.threat("TM-LEDGER-21")
@pytest.mark.invariant("EN-87")
def test_a_table_of_another_time_is_told_though_policy_ignores_its_name(ledger: SqlLedger) -> None:
    left_by(ledger, "_users_del")
    shards = with_shadows("_users_del")
    shards.created_s["_users_del"] = CREATED_S + 1
    outcome = drifted(shards, lambda: ledger, spec=IGNORING)
    assert [(one.name, one.mark) for one in outcome.shadows] == [("_users_del", ShadowMark.FOREIGN)]
    assert outcome.unmanaged == ()


@pytest.mark.threat("TM-LEDGER-21")
@pytest.mark.parametrize("since", ["0x2", "2", True, None, 2.0, [2]])
@pytest.mark.parametrize("own", [{"created_s": "None"}, {"created_s": 2}, {"created_s": "2.0"}, 7])
def test_times_that_no_engine_writes_are_none(since: object, own: object) -> None:
    content = json.dumps({"helpers": ["_users_del"], "since_s": since, "own": own})
    handle = Handle(engine=EngineName.GH_OST, version=1, content=content)
    assert (handle.since_s, handle.table_created_s) == (None, None)


@pytest.mark.invariant("EN-31")
def test_the_new_ledger_of_a_job_makes_no_table_foreign(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    chosen = environment(repository().keyspace())
    with Worlds(tmp_path, {}, in_job=True) as worlds, pytest.raises(Unavailable) as raised:
        worlds.lasting_ledger_of(chosen)
    assert raised.value.problems[0].code == "ledger-ends-with-job"
    with Worlds(tmp_path, {}) as worlds:
        assert worlds.lasting_ledger_of(chosen) is worlds.ledger_of(chosen)
