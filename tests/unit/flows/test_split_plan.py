"""A move is planned from what serves, is empty and is fit, or every reason is told why not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from reconciler.edges.ledger.sql import SqlLedger
from reconciler.flows.split.plan import keep_split_plan, plan_split, verify_split
from reconciler.guard.model import Refusal
from reconciler.outcomes.plan import VerifyState
from reconciler.outcomes.split import SplitPlanOutcome, SplitVerifyOutcome
from reconciler.reshard.job import Approval
from reconciler.reshard.plan.codec import dump_split_plan, split_plan_from_core, with_readable
from reconciler.reshard.plan.files import read_split_plan, split_plan_paths
from reconciler.reshard.rows import Key
from tests.offline_fleet import SPEC_PATH, STATES, USERS_PATH, Files, Shards, environment
from tests.offline_split import (
    FIT,
    KEYS,
    SPLITTING,
    OneDatabase,
    PlannedServers,
    adopted_routes,
    counted,
    split_fleet,
    split_world,
    splitting,
    unfit,
)
from tests.sample_splits import ended_in, new_job
from tests.sim.run import close_ledgers, memory_ledger

PATHS = split_plan_paths("production", "shop")
MERGING = SPLITTING.replace('["-40", "40-80", "80-"]', '["-"]').replace(
    'retiring: ["-80"]', 'retiring: ["-80", "80-"]'
)
RELOCATING = SPLITTING.replace('["-40", "40-80", "80-"]', '["-80", "80-"]').replace(
    '["-80"]\n', '[{name: "-80", connection: {host: old}}]\n'
)


@pytest.fixture
def ledger() -> Iterator[SqlLedger]:
    yield memory_ledger()
    close_ledgers()


def planned(
    ledger: SqlLedger,
    files: Files | None = None,
    shards: Shards | None = None,
    servers: PlannedServers | None = None,
) -> SplitPlanOutcome:
    keyspace = (files or splitting()).keyspace()
    return plan_split(
        split_world(shards or split_fleet(), servers or PlannedServers(), ledger),
        keyspace,
        environment(keyspace),
        created_at="2026-01-02T03:04:05Z",
        tool_version="0",
    )


def verified(
    ledger: SqlLedger,
    files: Files,
    shards: Shards | None = None,
    servers: PlannedServers | None = None,
) -> SplitVerifyOutcome:
    keyspace = files.keyspace()
    look = split_world(shards or split_fleet(), servers or PlannedServers(), ledger)
    return verify_split(look, keyspace, environment(keyspace), tree=files)


def plan_notes(outcome: SplitPlanOutcome) -> tuple[str, ...]:
    assert outcome.plan is not None
    return outcome.plan.meta.notes


def codes(outcome: SplitPlanOutcome | SplitVerifyOutcome) -> list[str]:
    return [refusal.code for refusal in outcome.refusals]


def kept(ledger: SqlLedger) -> Files:
    files = splitting()
    keep_split_plan(planned(ledger, files), files, files)
    return files


@pytest.mark.invariant("SP-71")
def test_a_split_is_planned_from_routes_files_and_servers(ledger: SqlLedger) -> None:
    adopted_routes(ledger)
    outcome = planned(ledger)
    assert outcome.refusals == ()
    assert outcome.plan is not None
    core = outcome.plan.core
    assert (core.source_names, core.targets) == (("-80",), ("-40", "40-80"))
    assert (core.base.version, core.server) == (1, "mysql 9.7")
    assert [(table.name, table.shard_by, table.number) for table in core.tables] == [
        ("users", "id", 1)
    ]
    assert core.approvals == tuple(Approval)
    assert [size.rows for size in outcome.plan.meta.sizes] == [10]
    assert any("take 16 kB on the sources" in note for note in outcome.plan.meta.notes)
    assert not [found for found in core.statements if "AUTO_INCREMENT=7" in found.sql]
    assert not [found for found in core.statements if "db--80" in found.sql]


@pytest.mark.invariant("PL-6")
def test_sizes_counters_and_times_give_no_other_plan(ledger: SqlLedger) -> None:
    adopted_routes(ledger)
    later = PlannedServers(create={"source -80": counted(99)})
    plans = [planned(ledger).plan, planned(ledger, servers=later).plan]
    assert plans[0] is not None
    assert plans[1] is not None
    assert plans[0].plan_id == plans[1].plan_id


@pytest.mark.invariant("SP-71")
@pytest.mark.parametrize(
    ("spec", "shards", "asked"),
    [
        (MERGING, ("-80", "80-"), ["source -80", "source 80-", "target -"]),
        (RELOCATING, ("-80", "80-"), ["source -80", "target -80"]),
    ],
)
def test_a_merge_and_a_relocation_are_planned_alike(
    ledger: SqlLedger, spec: str, shards: tuple[str, ...], asked: list[str]
) -> None:
    adopted_routes(ledger, *shards)
    fleet = split_fleet()
    fleet.shown |= {"db--": {}, "old": {"users": STATES[1]}}
    if spec is RELOCATING:
        fleet.shown |= {"db--80": {}}
    servers = PlannedServers()
    outcome = planned(ledger, splitting(spec=spec), fleet, servers)
    assert outcome.refusals == ()
    assert servers.asked[: len(asked)] == asked


@pytest.mark.invariant("SP-63")
def test_shards_with_the_same_keys_are_not_merged(ledger: SqlLedger) -> None:
    adopted_routes(ledger)
    fleet = split_fleet()
    fleet.shown["db--"] = {}
    apart: dict[str, tuple[Key, ...]] = {"source -80": ((b"1",), (b"2",)), "source 80-": ((b"3",),)}
    fine = planned(ledger, splitting(spec=MERGING), fleet, PlannedServers(keys=apart))
    assert fine.refusals == ()
    twice = PlannedServers(keys={**apart, "source 80-": ((b"2",),)})
    outcome = planned(ledger, splitting(spec=MERGING), fleet, twice)
    assert codes(outcome) == ["split-keys-collide"]
    assert "table users: -80 and 80- have rows of the same primary key" in str(outcome.refusals)


@pytest.mark.invariant("SP-64")
def test_replicas_of_a_source_are_told(ledger: SqlLedger) -> None:
    adopted_routes(ledger)
    outcome = planned(ledger, servers=PlannedServers({"source -80": replace(FIT, replicas=2)}))
    assert any("-80 has 2 replicas" in note for note in plan_notes(outcome))
    assert not any("replicas" in note for note in plan_notes(planned(ledger)))


@pytest.mark.invariant("SP-58")
def test_what_keeps_a_trigger_from_a_target_is_told_in_the_plan(ledger: SqlLedger) -> None:
    adopted_routes(ledger)
    told = unfit("split-server-unfit").problems
    outcome = planned(ledger, servers=PlannedServers(of_triggers=told))
    assert any("it is split-server-unfit" in note for note in plan_notes(outcome))


@pytest.mark.invariant("SP-71")
def test_a_change_of_the_schema_comes_first(ledger: SqlLedger) -> None:
    """In the same pull request, or drifted: shards that serve are what git says, or no move."""
    adopted_routes(ledger)
    both = planned(ledger, splitting(STATES[2]))
    drifted = split_fleet()
    drifted.shown["db-80-"] = {"users": STATES[0]}  # one that stays
    for outcome, shards in (
        (both, "-80, 80-"),
        (planned(ledger, shards=drifted), "80-"),
    ):
        assert codes(outcome) == ["split-schema-first"]
        assert outcome.plan is None
        [refusal] = outcome.refusals
        assert f"schema of {shards} is not" in str(refusal)


@pytest.mark.invariant("SP-71")
def test_without_routes_nobody_knows_who_serves(ledger: SqlLedger) -> None:
    servers = PlannedServers()
    assert codes(planned(ledger, servers=servers)) == ["routes-missing"]
    assert servers.asked == []


@pytest.mark.invariant("SP-73")
@pytest.mark.parametrize("where", ["source -80", "target -40", "target 40-80"])
def test_what_a_server_says_of_itself_refuses(ledger: SqlLedger, where: str) -> None:
    adopted_routes(ledger)
    servers = PlannedServers(grounds={where: unfit("split-server-unfit")})
    outcome = planned(ledger, servers=servers)
    assert codes(outcome) == ["split-server-unfit"]
    assert outcome.plan is None


@pytest.mark.invariant("SP-73")
def test_what_the_login_lacks_is_for_the_apply_and_is_told(ledger: SqlLedger) -> None:
    adopted_routes(ledger)
    lacking = replace(FIT, of_login=unfit("split-server-unfit").problems)
    plain, told = planned(ledger), planned(ledger, servers=PlannedServers({"source -80": lacking}))
    assert told.refusals == ()
    assert told.plan is not None
    assert plain.plan is not None
    assert told.plan.plan_id == plain.plan.plan_id
    assert any("it is split-server-unfit" in note for note in told.plan.meta.notes)


@pytest.mark.invariant("SP-73")
def test_servers_that_mean_other_things_are_told_apart(ledger: SqlLedger) -> None:
    adopted_routes(ledger)
    other = replace(FIT, settings=(("sql_mode", "ANSI"), ("time_zone", "SYSTEM")))
    outcome = planned(ledger, servers=PlannedServers({"target 40-80": other}))
    assert codes(outcome) == ["split-servers-differ"]
    assert "sql_mode is STRICT_TRANS_TABLES on source -80 and ANSI on target 40-80" in str(
        outcome.refusals
    )


@pytest.mark.invariant("SP-73")
def test_two_targets_are_not_one_database(ledger: SqlLedger) -> None:
    adopted_routes(ledger)
    assert codes(planned(ledger, shards=OneDatabase(split_fleet().shown))) == [
        "shards-share-a-database"
    ]


@pytest.mark.invariant("SP-73")
def test_sources_that_differ_become_no_one_table(ledger: SqlLedger) -> None:
    adopted_routes(ledger)
    fleet = split_fleet()
    fleet.shown["db--"] = {}
    servers = PlannedServers(create={"source 80-": STATES[2]})
    outcome = planned(ledger, splitting(spec=MERGING), fleet, servers)
    assert codes(outcome) == ["split-sources-differ"]


@pytest.mark.invariant("SP-73")
@pytest.mark.parametrize("table", ["stray", "_reconciler_split_3_queue_1"])
def test_a_table_that_nobody_classed_refuses(ledger: SqlLedger, table: str) -> None:
    adopted_routes(ledger)
    fleet = split_fleet()
    more = {"users": STATES[1], table: STATES[0].replace("users", table)}
    fleet.shown["db--80"] = more
    spec = SPLITTING.replace(KEYS, f"{KEYS}policy: {{ignore_tables: [{table}]}}\n")
    found = codes(planned(ledger, splitting(spec=spec), fleet))
    assert "split-table-unclassed" in found
    assert ("split-helpers-left" in found) == (table != "stray")


@pytest.mark.invariant("SP-71")
def test_a_move_that_has_begun_is_not_planned_again(ledger: SqlLedger) -> None:
    adopted_routes(ledger)
    ledger.split_jobs.open(new_job("shop"), holder="me", now_s=1.0)
    servers = PlannedServers()
    assert codes(planned(ledger, servers=servers)) == ["split-has-begun"]
    assert servers.asked == []


@pytest.mark.invariant("SP-72")
def test_what_is_kept_is_verified(ledger: SqlLedger) -> None:
    adopted_routes(ledger)
    outcome = verified(ledger, kept(ledger))
    assert (outcome.state, outcome.refusals) == (VerifyState.VERIFIED, ())


def test_a_plan_that_says_the_same_keeps_its_files(ledger: SqlLedger) -> None:
    adopted_routes(ledger)
    files = kept(ledger)
    before = dict(files.content)
    later = planned(ledger, files)
    assert later.plan is not None
    later = replace(
        later, plan=replace(later.plan, meta=replace(later.plan.meta, created_at="2027"))
    )
    assert keep_split_plan(later, files, files).written == (
        split_plan_paths("production", "shop").json,
        split_plan_paths("production", "shop").sql,
    )
    assert files.content == before


@pytest.mark.invariant("SP-72")
def test_a_plan_that_is_missing_or_stale_is_told(ledger: SqlLedger) -> None:
    adopted_routes(ledger)
    missing = verified(ledger, splitting())
    assert (missing.state, codes(missing)) == (VerifyState.UNPLANNED, ["split-plan-missing"])
    assert missing.plan is not None
    servers = PlannedServers(create={"source -80": STATES[2]})
    stale = verified(ledger, kept(ledger), servers=servers)
    assert stale.state is VerifyState.REFUSED
    assert set(codes(stale)) == {"split-plan-stale"}
    unfit_now = PlannedServers(grounds={"target -40": unfit("split-target-not-empty")})
    refused = verified(ledger, kept(ledger), servers=unfit_now)
    assert (refused.state, codes(refused)) == (VerifyState.REFUSED, ["split-target-not-empty"])


@pytest.mark.invariant("SP-72")
@pytest.mark.parametrize("is_its_plan", [True, False])
def test_a_plan_that_has_begun_is_the_jobs(ledger: SqlLedger, is_its_plan: bool) -> None:
    adopted_routes(ledger)
    files = kept(ledger)
    plan = read_split_plan(files, "production", "shop")
    assert plan is not None
    plan_id = plan.plan_id if is_its_plan else "sha256:2"
    ledger.split_jobs.open(new_job("shop", plan_id=plan_id), holder="me", now_s=1.0)
    outcome = verified(ledger, files)
    if is_its_plan:
        assert (outcome.state, outcome.refusals) == (VerifyState.VERIFIED, ())
        assert "has begun by this plan" in outcome.notes[0]
    else:
        assert (outcome.state, codes(outcome)) == (VerifyState.REFUSED, ["split-has-begun"])


@pytest.mark.invariant("SP-69")
def test_a_schema_that_is_changed_while_rows_move_is_no_part_of_the_split(
    ledger: SqlLedger,
) -> None:
    adopted_routes(ledger)
    files = kept(ledger)
    plan = read_split_plan(files, "production", "shop")
    assert plan is not None
    ledger.split_jobs.open(new_job("shop", plan_id=plan.plan_id), holder="me", now_s=1.0)
    assert verified(ledger, files).state is VerifyState.VERIFIED
    moved = files.copy()
    moved.write(SPEC_PATH, moved.content[SPEC_PATH] + b"# another address\n")
    assert verified(ledger, moved).state is VerifyState.VERIFIED
    files.write(USERS_PATH, f"{STATES[2]};\n".encode())
    found = verified(ledger, files)
    assert (codes(found), found.state) == (["split-schema-waits"], VerifyState.REFUSED)
    [refusal] = found.refusals
    assert isinstance(refusal, Refusal)
    assert USERS_PATH in refusal.message


@pytest.mark.invariant("SP-65")
def test_who_verifies_a_plan_that_was_given_up_is_told_so(ledger: SqlLedger) -> None:
    adopted_routes(ledger)
    files = kept(ledger)
    plan = read_split_plan(files, "production", "shop")
    assert plan is not None
    job = ledger.split_jobs.open(new_job("shop", plan_id=plan.plan_id), holder="me", now_s=1.0)
    ended_in(ledger, job)
    found = verified(ledger, files)
    assert found.state is VerifyState.VERIFIED
    assert any("was given up" in note for note in found.notes)


@pytest.mark.invariant("SP-103")
@pytest.mark.threat("TM-WRITER-37")
def test_words_that_this_program_did_not_write_are_not_reviewed(ledger: SqlLedger) -> None:
    """Bound to the plan, with an id of its own, and every statement in its place."""
    adopted_routes(ledger)
    files = kept(ledger)
    plan = read_split_plan(files, "production", "shop")
    assert plan is not None
    text = files.content[PATHS.sql].decode()
    forged = text.replace("They are kept for 7 days", "They are kept for 90 days")
    assert forged != text
    core = with_readable(plan.core, forged)
    files.write(PATHS.sql, forged.encode())
    files.write(PATHS.json, dump_split_plan(split_plan_from_core(core, plan.meta)))
    found = verified(ledger, files)
    assert (codes(found), found.state) == (["split-plan-reworded"], VerifyState.REFUSED)
    keep_split_plan(planned(ledger, files), files, files)
    assert files.content[PATHS.sql].decode() == text
    assert verified(ledger, files).state is VerifyState.VERIFIED
