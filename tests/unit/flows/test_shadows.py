"""Tables of engines as the verbs see them: told with whose they are, and never by guess."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from reconciler.edges.ledger.sql import SqlLedger
from reconciler.errors import Problem, Unavailable
from reconciler.flows.drift import find_drift
from reconciler.flows.verify import verify_keyspace
from reconciler.ledger.model import Lease, NewApply, NewOperation, StatementEntry
from reconciler.ledger.states import ApplyState, StatementState
from reconciler.model.engine import EngineName
from reconciler.model.object_id import table_id
from reconciler.model.shadow_tables import ShadowGroup, ShadowMark, shadow_groups
from reconciler.outcomes.drift import DriftOutcome, ShardMark
from reconciler.outcomes.plan import VerifyOutcome, VerifyState
from reconciler.ports.ledger import Ledger, NoLastingLedger
from tests.contract.ledgers import by_engine
from tests.offline_fleet import (
    ENVIRONMENT,
    KEYSPACE,
    SHARDS,
    SPEC,
    STATES,
    Files,
    Shards,
    environment,
    fleet,
    no_ledger,
    planned,
    repository,
    world,
)
from tests.sim.run import close_ledgers, file_ledger

IGNORING = SPEC + 'policy: {ignore_tables: ["_*"]}\n'
KEPT = SPEC.replace("environments:", "engine: {keep_old: 24h}\nenvironments:")


def with_shadows(*names: str, shard: str = SHARDS[0], live: str = STATES[1]) -> Shards:
    shards = fleet(live)
    shown = {name: live.replace("`users`", f"`{name}`") for name in names}
    shards.shown[f"db-{shard}"] = {"users": live, **shown}
    return shards


def drifted(
    shards: Shards, open_it: Callable[[], Ledger] = no_ledger, *, spec: str = SPEC
) -> DriftOutcome:
    files = repository(spec=spec)
    keyspace = files.keyspace()
    return find_drift(
        world(shards), keyspace, environment(keyspace), tree=files, open_ledger=open_it
    )


@pytest.fixture
def ledger() -> Iterator[SqlLedger]:
    yield file_ledger()
    close_ledgers()


def begun(ledger: Ledger, plan_id: str = "sha256:1") -> Lease:
    operation = NewOperation(
        shard=SHARDS[0], object_id=table_id("users"), wave=1, position=0, statements=1
    )
    new = NewApply(
        environment=ENVIRONMENT,
        keyspace=KEYSPACE,
        plan_id=plan_id,
        commit="c" * 40,
        waves=(SHARDS,),
        operations=(operation,),
    )
    return ledger.begin(new, holder="me", now_s=1.0)


def left_by(ledger: Ledger, *names: str, settled_s: float = 4.5, plan_id: str = "sha256:1") -> int:
    """An apply that has ended, whose statement on the first shard left these."""
    lease = begun(ledger, plan_id)
    row = by_engine(StatementState.APPLIED, shard=SHARDS[0], left=names).row
    ledger.record(lease, [StatementEntry(row=replace(row, settled_s=settled_s))])
    stored = ledger.apply(lease.apply_id)
    assert stored is not None
    ledger.settle(lease, replace(stored, state=ApplyState.COMPLETED, completed_s=9.0))
    return lease.apply_id


@pytest.mark.invariant("EN-31")
def test_without_such_a_table_no_ledger_is_opened() -> None:
    assert drifted(fleet(STATES[1])).shadows == ()


@pytest.mark.invariant("EN-31")
def test_a_ledger_that_cannot_be_read_makes_nothing_foreign() -> None:
    with pytest.raises(Unavailable):
        drifted(with_shadows("_users_gho"))


@pytest.mark.invariant("EN-31")
def test_what_the_ledger_does_not_know_is_foreign(ledger: SqlLedger) -> None:
    left_by(ledger, "_users_del")
    outcome = drifted(with_shadows("_users_del", shard=SHARDS[1]), lambda: ledger)
    assert outcome.shadows == (
        ShadowGroup(mark=ShadowMark.FOREIGN, name="_users_del", shards=SHARDS[1:]),
    ), "it was left on another shard"
    assert [group.mark for group in outcome.groups] == [ShardMark.MATCHING]


@pytest.mark.invariant("EN-31")
def test_what_an_apply_left_is_told_with_the_apply(ledger: SqlLedger) -> None:
    apply_id = left_by(ledger, "_users_del")
    outcome = drifted(with_shadows("_users_del"), lambda: ledger)
    assert outcome.shadows == (
        ShadowGroup(
            mark=ShadowMark.LEFTOVER,
            name="_users_del",
            shards=SHARDS[:1],
            engine=EngineName.GH_OST,
            table="users",
            apply_id=apply_id,
        ),
    )


@pytest.mark.invariant("EN-31")
def test_what_an_apply_has_in_hand_is_in_progress(ledger: SqlLedger) -> None:
    lease = begun(ledger)
    ledger.record(lease, [by_engine(StatementState.INTENDED, shard=SHARDS[0])])
    outcome = drifted(with_shadows("_users_gho"), lambda: ledger)
    assert [(found.mark, found.apply_id) for found in outcome.shadows] == [
        (ShadowMark.IN_PROGRESS, lease.apply_id)
    ]


@pytest.mark.invariant("EN-31")
def test_an_old_table_is_kept_for_as_long_as_the_spec_says(ledger: SqlLedger) -> None:
    now_s, day_s = world(fleet()).clock.now_s(), 24 * 3_600
    left_by(ledger, "_users_del", "_users_gho", settled_s=now_s - day_s + 1)
    shards = with_shadows("_users_del", "_users_gho")
    found = {one.name: one for one in drifted(shards, lambda: ledger, spec=KEPT).shadows}
    kept, gone_wrong = found["_users_del"], found["_users_gho"]
    assert (kept.mark, kept.kept_until_s) == (ShadowMark.KEPT, now_s + 1)
    assert (gone_wrong.mark, gone_wrong.kept_until_s) == (ShadowMark.LEFTOVER, None)
    assert {one.mark for one in drifted(shards, lambda: ledger).shadows} == {ShadowMark.LEFTOVER}


@pytest.mark.invariant("EN-31")
def test_shards_that_ended_at_other_moments_stand_together() -> None:
    ones = [
        ShadowGroup(mark=ShadowMark.KEPT, name="_t_del", shards=(shard,), kept_until_s=until_s)
        for shard, until_s in (("-40", 9.0), ("40-80", 7.0), ("80-", 8.0))
    ]
    over = replace(ones[0], mark=ShadowMark.LEFTOVER, shards=("c0-",))
    every = replace(ones[0], shards=("-40", "40-80", "80-"), kept_until_s=7.0)
    assert shadow_groups([*ones[:2], over, ones[2]]) == (every, over)


@pytest.mark.invariant("EN-31")
def test_after_its_time_the_old_table_is_a_leftover(ledger: SqlLedger) -> None:
    now_s, day_s = world(fleet()).clock.now_s(), 24 * 3_600
    left_by(ledger, "_users_del", settled_s=now_s - day_s)
    (found,) = drifted(with_shadows("_users_del"), lambda: ledger, spec=KEPT).shadows
    assert (found.mark, found.kept_until_s) == (ShadowMark.LEFTOVER, now_s)


@pytest.mark.invariant("EN-80")
def test_what_nobody_knows_and_policy_leaves_alone_is_unmanaged(ledger: SqlLedger) -> None:
    left_by(ledger, "_users_del")
    outcome = drifted(with_shadows("_users_gho"), lambda: ledger, spec=IGNORING)
    assert (outcome.shadows, outcome.unmanaged) == ((), (("_users_gho", SHARDS[:1]),))


@pytest.mark.invariant("EN-80")
def test_what_the_ledger_knows_is_told_though_policy_ignores_its_name(ledger: SqlLedger) -> None:
    left_by(ledger, "_users_del")
    lease = begun(ledger)
    ledger.record(lease, [by_engine(StatementState.INTENDED, shard=SHARDS[0])])
    shards = with_shadows("_users_del", "_users_gho", "_users_old")
    other = {"users": STATES[1], "_users_del": STATES[1].replace("`users`", "`_users_del`")}
    shards.shown[f"db-{SHARDS[1]}"] = other
    outcome = drifted(shards, lambda: ledger, spec=IGNORING)
    assert [(one.name, one.mark, one.shards) for one in outcome.shadows] == [
        ("_users_del", ShadowMark.LEFTOVER, SHARDS[:1]),
        ("_users_gho", ShadowMark.IN_PROGRESS, SHARDS[:1]),
    ]
    assert outcome.unmanaged == (("_users_del", SHARDS[1:]), ("_users_old", SHARDS[:1]))


@pytest.mark.invariant("EN-80")
def test_whose_it_is_is_never_guessed_of_an_ignored_name_either() -> None:
    with pytest.raises(Unavailable):
        drifted(with_shadows("_users_gho"), spec=IGNORING)


@pytest.mark.invariant("EN-80")
def test_where_no_ledger_outlives_a_job_what_is_ignored_is_nobodys() -> None:
    def none() -> Ledger:
        raise NoLastingLedger(Problem(code="none", message="none", recovery="name one"))

    outcome = drifted(with_shadows("_users_gho"), none, spec=IGNORING)
    assert (outcome.shadows, outcome.unmanaged) == ((), (("_users_gho", SHARDS[:1]),))
    with pytest.raises(NoLastingLedger):
        drifted(with_shadows("_users_gho"), none)
    ignoring_one = SPEC + 'policy: {ignore_tables: ["_users_g*"]}\n'
    with pytest.raises(NoLastingLedger):
        drifted(with_shadows("_users_gho", "_users_old"), none, spec=ignoring_one)


@pytest.mark.invariant("EN-80")
def test_plan_and_verify_say_nothing_of_what_policy_ignores() -> None:
    shards = with_shadows("_users_gho", live=STATES[0])
    plan = planned(repository(spec=IGNORING), shards).plan
    assert plan is not None
    assert plan.meta.notes == ()


@pytest.mark.invariant("EN-15")
def test_plan_and_verify_say_what_they_left_alone() -> None:
    shards = with_shadows("_users_gho", live=STATES[0])
    plan = planned(repository(), shards).plan
    assert plan is not None
    (note,) = plan.meta.notes
    assert "table _users_gho on shard -80 goes by a name that engines give" in note
    assert all(s.object_id.name == "users" for c in plan.core.change_sets for s in c.statements)
    files = repository()
    outcome = _verified(files, with_shadows("_users_gho"))
    assert outcome.state is VerifyState.NO_CHANGE
    assert outcome.notes == (note,)


def _verified(files: Files, shards: Shards) -> VerifyOutcome:
    keyspace = files.keyspace()
    return verify_keyspace(world(shards), keyspace, environment(keyspace), tree=files)
