"""The VSchema in the one pass: planned, shown to Vitess, compared, found again part of the way."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from reconciler.errors import InvalidInput, Refused, Unavailable
from reconciler.flows.check import Checked, check_against_live, is_as_git_says
from reconciler.flows.drift import find_drift
from reconciler.flows.last_look import last_look
from reconciler.flows.plan import keep_plan, plan_keyspace
from reconciler.flows.pull import Specified, pull_keyspace, specified_in
from reconciler.flows.reconcile_pass import begin_pass
from reconciler.flows.verify import verify_keyspace
from reconciler.outcomes.drift import DriftOutcome, ShardMark
from reconciler.outcomes.ends import drift_code
from reconciler.outcomes.exit_code import ExitCode
from reconciler.outcomes.files import PullOutcome
from reconciler.outcomes.plan import PlanOutcome, VerifyState
from reconciler.plan.commitment import is_same_commitment
from reconciler.plan.model import Moment, Plan
from reconciler.plan.vschema_words import change_words
from reconciler.spec.load import load_keyspace
from reconciler.vschema.document import VSchema
from reconciler.vschema.live import live_vschema
from tests.offline_fleet import STATES, Files, Shards, environment, no_ledger, world
from tests.offline_vitess import OfflineVitess

SPEC = """\
version: 1
kind: vitess
keyspace: shop
schema: schemas/shop
environments:
  production:
    vitess: {vtgate: {host: vtgate, user: u}, vtctld: {address: "vtctld:15999"}}
"""
BY_ID = [{"name": "hash", "columns": ["id"]}]
ROUTED: dict[str, Any] = {
    "sharded": True,
    "vindexes": {"hash": {"type": "hash"}},
    "tables": {"users": {"column_vindexes": BY_ID}},
}
SHARDED: dict[str, Any] = {"sharded": True}
PATH = "schemas/shop/vschema.json"


def repository(document: Any = ROUTED, definition: str = STATES[0], more: str = "") -> Files:
    return Files(
        {
            "specs/shop.yaml": (SPEC + more).encode(),
            "schemas/shop/users.sql": f"{definition};\n".encode(),
            PATH: json.dumps(document).encode(),
        }
    )


def permitted(*entries: str) -> str:
    return "policy:\n  allow:\n" + "".join(f"    - {entry}\n" for entry in entries)


FLIP = '{vschema: sharded, hazard: unreachable-rows, reason: "a new keyspace"}'


def shards(definition: str = STATES[0]) -> Shards:
    return Shards({"vtgate": {"users": definition}})


def vitess(document: Any = ROUTED) -> OfflineVitess:
    return OfflineVitess(text=json.dumps(document))


def planned(files: Files, live: OfflineVitess, fleet: Shards | None = None) -> PlanOutcome:
    keyspace = load_keyspace(files, "specs/shop.yaml")
    return plan_keyspace(
        world(fleet or shards(), live),
        keyspace,
        environment(keyspace),
        protected=None,
        created_at="2026-01-02T03:04:05Z",
        tool_version="0",
    )


def plan_of(outcome: PlanOutcome) -> Plan:
    assert outcome.refusals == ()
    assert outcome.plan is not None
    return outcome.plan


def checked(files: Files, live: OfflineVitess, plan: Plan, fleet: Shards | None = None) -> Checked:
    keyspace = load_keyspace(files, "specs/shop.yaml")
    looked = world(fleet or shards(), live)
    return check_against_live(looked, begin_pass(looked, keyspace, environment(keyspace)), plan)


def codes(found: Checked | PlanOutcome) -> list[str]:
    return [refusal.code for refusal in found.refusals]


def test_equal_vschemas_are_nothing_to_do() -> None:
    plan = plan_of(planned(repository(), vitess()))
    assert plan.core.is_empty
    assert plan.core.vschema == ()


def test_a_change_of_the_vschema_alone_is_a_plan() -> None:
    plan = plan_of(planned(repository(), vitess(SHARDED)))
    assert plan.core.change_sets == ()
    (step,) = plan.core.vschema
    assert step.moment is Moment.LAST
    assert live_vschema(step.document) == live_vschema(json.dumps(ROUTED))
    assert not plan.core.is_empty


@pytest.mark.invariant("FZ-1")
def test_what_ddl_needs_comes_first_and_the_rest_behind_the_shards() -> None:
    files = repository(definition=STATES[1], more=permitted(FLIP))
    plan = plan_of(planned(files, vitess({})))
    first, last = plan.core.vschema
    assert (first.moment, last.moment) == (Moment.FIRST, Moment.LAST)
    assert json.loads(first.document) == SHARDED
    assert first.document == last.found
    assert plan.core.change_sets


def test_tables_that_had_no_vindex_have_one_as_soon_as_they_are_sharded() -> None:
    """Vitess takes no sharded keyspace with a table that has none."""
    files = repository(more=permitted(FLIP))
    (first,) = plan_of(planned(files, vitess({"tables": {"users": {}}}))).core.vschema
    assert first.moment is Moment.FIRST
    assert live_vschema(first.document) == live_vschema(json.dumps(ROUTED))


def test_foreign_keys_are_allowed_before_ddl_and_forbidden_behind_it() -> None:
    def with_mode(mode: str) -> dict[str, Any]:
        return ROUTED | {"foreign_key_mode": mode}

    allow = '{vschema: foreign_key_mode, hazard: change-routing, reason: "agreed in May"}'
    more = permitted(allow)
    (step,) = plan_of(
        planned(repository(with_mode("managed"), more=more), vitess(with_mode("disallow")))
    ).core.vschema
    assert step.moment is Moment.FIRST
    (step,) = plan_of(
        planned(repository(with_mode("disallow"), more=more), vitess(with_mode("managed")))
    ).core.vschema
    assert step.moment is Moment.LAST


@pytest.mark.invariant("VS-5")
def test_what_puts_rows_out_of_reach_needs_permission() -> None:
    other = ROUTED | {"vindexes": {"hash": {"type": "xxhash"}}}
    outcome = planned(repository(other), vitess())
    assert codes(outcome) == ["permission-missing"]
    (refusal,) = outcome.refusals
    assert "vindex: hash, hazard: unreachable-rows" in getattr(refusal, "recovery", "")
    allow = '{vindex: hash, hazard: unreachable-rows, reason: "the table is empty"}'
    plan_of(planned(repository(other, more=permitted(allow)), vitess()))


def test_a_permission_that_nothing_needs_is_said_to_be_superfluous() -> None:
    plan = plan_of(planned(repository(more=permitted(FLIP)), vitess(SHARDED)))
    assert any("permits nothing here" in note for note in plan.meta.notes)


@pytest.mark.invariant("VS-6")
def test_what_vitess_refuses_is_no_plan() -> None:
    live = vitess(SHARDED)
    live.refuses = 'vindexType "hash" not found'
    outcome = planned(repository(), live)
    assert codes(outcome) == ["vschema-refused"]
    assert "not found" in getattr(outcome.refusals[0], "message", "")


@pytest.mark.invariant("FZ-6")
def test_what_vitess_would_keep_otherwise_is_no_plan() -> None:
    live = vitess(SHARDED)
    live.kept_otherwise = {"require_explicit_routing": True}
    assert codes(planned(repository(), live)) == ["vschema-kept-otherwise"]


@pytest.mark.invariant("FZ-6")
@pytest.mark.invariant("VS-2")
def test_what_vitess_says_and_nobody_knows_is_refused_by_name() -> None:
    with pytest.raises(Refused, match="unheard_of") as refused:
        planned(repository(), vitess(ROUTED | {"unheard_of": 1}))
    assert refused.value.problems[0].code == "vschema-live-unread"


def test_a_vitess_that_is_silent_is_no_empty_vschema() -> None:
    live = vitess()
    live.silent = True
    with pytest.raises(Unavailable, match="vtctld-silent"):
        planned(repository(), live)


@pytest.mark.invariant("VS-4")
def test_columns_are_held_against_the_tables_at_their_line() -> None:
    document = ROUTED | {
        "tables": {"users": {"column_vindexes": [{"name": "hash", "columns": ["idd"]}]}}
    }
    with pytest.raises(InvalidInput) as wrong:
        planned(repository(document), vitess())
    (problem,) = wrong.value.problems
    assert problem.code == "vschema-column-missing"
    assert str(problem.where).startswith(f"{PATH}:1:")


@pytest.mark.invariant("GD-2")
@pytest.mark.invariant("VS-7")
def test_the_reviewed_step_is_the_step_that_is_needed() -> None:
    files = repository()
    plan = plan_of(planned(files, vitess(SHARDED)))
    same = checked(files, vitess(SHARDED), plan)
    assert same.refusals == ()
    assert same.derived is not None
    assert is_same_commitment(same.derived, plan.core)
    assert (same.vschema_done, same.all_done) == (0, False)


@pytest.mark.invariant("VS-7")
def test_a_forged_step_refuses_with_both_sides() -> None:
    files = repository()
    core = plan_of(planned(files, vitess(SHARDED))).core
    (step,) = core.vschema
    other = VSchema(sharded=True)
    forged = replace(step, document=other.text, after=step.before, found=step.document)
    plan = replace(plan_of(planned(files, vitess(SHARDED))), core=replace(core, vschema=(forged,)))
    found = checked(files, vitess(SHARDED), plan)
    assert codes(found) == ["vschema-differs"]
    assert getattr(found.refusals[0], "expected", None) == forged.document
    assert getattr(found.refusals[0], "observed", None) == step.document


@pytest.mark.invariant("GD-4")
@pytest.mark.invariant("VS-7")
def test_a_vschema_that_somebody_changed_is_drift_with_both_sides() -> None:
    files = repository()
    plan = plan_of(planned(files, vitess(SHARDED)))
    found = checked(files, vitess(SHARDED | {"foreign_key_mode": "managed"}), plan)
    assert codes(found) == ["vschema-drift"]
    assert "managed" in (getattr(found.refusals[0], "observed", None) or "")


@pytest.mark.invariant("VS-7")
def test_a_plan_without_steps_leaves_the_vschema_as_git_has_it() -> None:
    files = repository(definition=STATES[1])
    plan = plan_of(planned(files, vitess()))
    assert codes(checked(files, vitess(), plan)) == []
    assert codes(checked(files, vitess(SHARDED), plan)) == ["vschema-drift"]


@pytest.mark.invariant("ST-11")
def test_a_keyspace_part_of_the_way_is_the_same_plan() -> None:
    """Between the steps, with shards done and not done, and behind all of it."""
    files = repository(definition=STATES[1], more=permitted(FLIP))
    plan = plan_of(planned(files, vitess({})))
    for live, fleet, done in (
        ({}, shards(), 0),
        (SHARDED, shards(), 1),
        (SHARDED, shards(STATES[1]), 1),
    ):
        found = checked(files, vitess(live), plan, fleet)
        assert codes(found) == []
        assert found.vschema_done == done
        assert found.derived is not None
        assert is_same_commitment(found.derived, plan.core)
    ended = checked(files, vitess(), plan, shards(STATES[1]))
    assert (ended.refusals, ended.vschema_done, ended.all_done) == ((), 2, True)


def test_shards_done_and_the_vschema_left_is_not_applied() -> None:
    files = repository()
    plan = plan_of(planned(files, vitess(SHARDED)))
    keyspace = load_keyspace(files, "specs/shop.yaml")
    keep_plan(planned(files, vitess(SHARDED)), files, files)
    for live, state in ((SHARDED, VerifyState.VERIFIED), (ROUTED, VerifyState.APPLIED)):
        found = verify_keyspace(
            world(shards(), vitess(live)), keyspace, environment(keyspace), tree=files
        )
        assert found.plan is not None
        assert found.plan.plan_id == plan.plan_id
        assert found.state is state


def test_a_vschema_that_differs_is_not_as_git_says() -> None:
    keyspace = load_keyspace(repository(), "specs/shop.yaml")
    for live, same in ((ROUTED, True), (SHARDED, False)):
        looked = world(shards(), vitess(live))
        assert is_as_git_says(begin_pass(looked, keyspace, environment(keyspace))) is same


@pytest.mark.invariant("GD-16")
def test_the_last_look_sees_a_vschema_that_somebody_changed_meanwhile() -> None:
    keyspace = load_keyspace(repository(), "specs/shop.yaml")
    live = vitess()
    looked = world(shards(), live)
    begun = begin_pass(looked, keyspace, environment(keyspace))
    assert last_look(looked, begun).drifted == ()
    live.text = json.dumps(SHARDED)
    (found,) = last_look(looked, begun).drifted
    assert found.code == "vschema-drift"
    live.silent = True
    assert [unseen.code for unseen in last_look(looked, begun).unseen] == ["vtctld-silent"]


def drift_of(live: OfflineVitess, files: Files) -> DriftOutcome:
    keyspace = load_keyspace(files, "specs/shop.yaml")
    return find_drift(
        world(shards(), live),
        keyspace,
        environment(keyspace),
        tree=files,
        open_ledger=no_ledger,
    )


@pytest.mark.invariant("VS-7")
def test_a_vschema_changed_by_hand_is_drift_and_told_in_words() -> None:
    by_hand = ROUTED | {"vindexes": {"hash": {"type": "xxhash"}}}
    outcome = drift_of(vitess(by_hand), repository())
    assert outcome.vschema is not None
    assert outcome.vschema.mark is ShardMark.DRIFTED
    (change,) = outcome.vschema.changes
    assert change_words(change) == 'vindex hash: type "xxhash" becomes "hash"'
    assert drift_code(outcome) is ExitCode.DIFFERENCES
    assert {group.mark for group in outcome.groups} == {ShardMark.MATCHING}


def test_what_a_merged_plan_has_still_to_do_is_no_drift() -> None:
    files = repository(definition=STATES[1], more=permitted(FLIP))
    keep_plan(planned(files, vitess({})), files, files)
    for live, mark in (
        ({}, ShardMark.PENDING_APPLY),
        (SHARDED, ShardMark.PENDING_APPLY),
        (ROUTED, ShardMark.MATCHING),
        (ROUTED | {"foreign_key_mode": "managed"}, ShardMark.DRIFTED),
    ):
        outcome = drift_of(vitess(live), files)
        assert outcome.vschema is not None
        assert outcome.vschema.mark is mark
        assert outcome.pending_plan_id is not None  # of the shards, in any case


def test_equal_vschemas_are_in_sync() -> None:
    assert drift_code(drift_of(vitess(), repository())) is ExitCode.FINE


def pulled(files: Files, live: OfflineVitess) -> PullOutcome:
    found = specified_in(files)["shop"]
    assert isinstance(found, Specified)
    return pull_keyspace(world(shards(), live), found, found.spec.environments[0], files)


def test_pull_writes_the_vschema_and_the_plan_is_empty_then() -> None:
    files, live = repository({}), vitess()
    assert PATH in pulled(files, live).written
    assert live_vschema(files.content[PATH].decode()) == live_vschema(live.text)
    assert plan_of(planned(files, live)).core.is_empty
    assert PATH in pulled(files, live).unchanged


def test_pull_leaves_what_means_the_same_as_its_author_wrote_it() -> None:
    files = repository()
    files.content[PATH] = (
        b'{"tables": {"users": {"columnVindexes": [{"column": "id",\n'
        b'"name": "hash"}]}}, "vindexes": {"hash": {"type": "hash"}}, "sharded": true}'
    )
    before = files.content[PATH]
    assert PATH in pulled(files, vitess()).unchanged
    assert files.content[PATH] == before


@pytest.mark.parametrize("content", [None, b"{", b'{"tables": {"gone": {}}}'])
def test_pull_writes_over_a_vschema_that_is_missing_or_broken_and_over_no_sound_table(
    content: bytes | None,
) -> None:
    files = repository()
    files.content["schemas/shop/users.sql"] = f"-- of people\n{STATES[0]};\n".encode()
    del files.content[PATH]
    if content is not None:
        files.content[PATH] = content
    assert pulled(files, vitess()).written == (PATH,)
    assert files.content["schemas/shop/users.sql"].startswith(b"-- of people")
    assert plan_of(planned(files, vitess())).core.is_empty


@pytest.mark.invariant("PL-10")
def test_pull_writes_nothing_of_a_vschema_that_is_not_understood() -> None:
    files = repository()
    before = files.copy()
    with pytest.raises(Refused, match="vschema-live-unread"):
        pulled(files, vitess(ROUTED | {"unheard_of": 1}))
    assert files == before
