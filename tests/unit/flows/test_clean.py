"""What engines left, removed: planned from the ledger, reviewed, and asked of the ledger again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import pytest

from reconciler.edges.ledger.sql import SqlLedger
from reconciler.errors import InvalidInput, Unavailable
from reconciler.flows.clean import clean_keyspace
from reconciler.flows.plan import keep_plan, kept_cleans, plan_keyspace
from reconciler.flows.reconcile_pass import begin_pass
from reconciler.flows.revert import revert_files
from reconciler.flows.shadows import leftover_refusals
from reconciler.flows.verify import verify_keyspace
from reconciler.guard.leftovers import beside_a_copy
from reconciler.guard.model import Refusal
from reconciler.ledger.model import StatementEntry
from reconciler.ledger.states import StatementState
from reconciler.model.engine import EngineName
from reconciler.outcomes.plan import PlanOutcome, VerifyOutcome, VerifyState
from reconciler.plan.files import plan_paths, read_plan
from reconciler.plan.model import Leftover, Plan
from reconciler.ports.ledger import Ledger
from tests.contract.ledgers import by_engine
from tests.offline_fleet import (
    ENVIRONMENT,
    KEYSPACE,
    SHARDS,
    STATES,
    Files,
    Shards,
    environment,
    fleet,
    no_ledger,
    planned,
    repository,
    with_plan,
    world,
)
from tests.sim.run import close_ledgers, file_ledger
from tests.unit.flows.test_shadows import IGNORING, KEPT, begun, left_by, with_shadows

GONE = Leftover(name="_users_del", of="users", engine=EngineName.GH_OST, apply_id=1)


@pytest.fixture
def ledger() -> Iterator[SqlLedger]:
    yield file_ledger()
    close_ledgers()


def cleaned(
    shards: Shards, open_it: Callable[[], Ledger], files: Files | None = None
) -> PlanOutcome:
    found = files or repository()
    keyspace = found.keyspace()
    return clean_keyspace(
        world(shards),
        keyspace,
        environment(keyspace),
        open_ledger=open_it,
        protected=None,
        created_at="2026-01-02T03:04:05Z",
        tool_version="0",
    )


@dataclass
class Proposed:
    """A plan to remove `_users_del`, which apply 1 has left on the first shard."""

    ledger: SqlLedger
    shards: Shards = field(default_factory=lambda: with_shadows("_users_del"))
    files: Files = field(default_factory=repository)

    def __post_init__(self) -> None:
        left_by(self.ledger, "_users_del")
        outcome = cleaned(self.shards, lambda: self.ledger, self.files)
        assert outcome.refusals == ()
        keep_plan(outcome, self.files, self.files)

    @property
    def plan(self) -> Plan:
        found = read_plan(self.files, ENVIRONMENT, KEYSPACE)
        assert found is not None
        return found

    def verified(self) -> VerifyOutcome:
        keyspace = self.files.keyspace()
        chosen = environment(keyspace)
        return verify_keyspace(world(self.shards), keyspace, chosen, tree=self.files)

    def refused(self) -> tuple[Refusal, ...]:
        """By the ledger, before anything is sent."""
        keyspace = self.files.keyspace()
        looked = world(self.shards)
        cleans = self.plan.core.cleans
        found = begin_pass(looked, keyspace, environment(keyspace), cleans=cleans)
        return leftover_refusals(found, self.ledger, now_s=looked.clock.now_s())


@pytest.fixture
def proposed(ledger: SqlLedger) -> Proposed:
    return Proposed(ledger)


def notes_of(outcome: PlanOutcome) -> str:
    assert outcome.plan is not None
    return "\n".join(outcome.plan.meta.notes)


# --- planned ---


@pytest.mark.invariant("EN-33")
def test_a_leftover_is_dropped_by_a_plan_that_says_whose_it_was(proposed: Proposed) -> None:
    core = proposed.plan.core
    assert core.cleans == (GONE,)
    (change_set,) = core.change_sets
    assert (change_set.shards, core.matching) == (SHARDS[:1], SHARDS[1:])
    (statement,) = change_set.statements
    assert statement.sql == "DROP TABLE `_users_del`"
    (hazard,) = statement.hazards
    assert not hazard.needs_permission
    assert hazard.reason == "what gh-ost left of table users in apply 1, with all its rows"
    sql = proposed.files.content[plan_paths(ENVIRONMENT, KEYSPACE).sql].decode()
    assert "-- Removes _users_del, which gh-ost left of table users in apply 1." in sql


@pytest.mark.invariant("EN-33")
def test_a_plan_without_leftovers_says_nothing_of_them() -> None:
    files = with_plan(repository(), fleet())
    assert b"cleans" not in files.content[plan_paths(ENVIRONMENT, KEYSPACE).json]


@pytest.mark.invariant("EN-33")
def test_what_is_foreign_or_in_progress_anywhere_is_never_planned(ledger: SqlLedger) -> None:
    left_by(ledger, "_users_del", "_users_ghc")
    lease = begun(ledger)
    ledger.record(lease, [by_engine(StatementState.INTENDED, shard=SHARDS[0])])
    shards = with_shadows("_users_del", "_users_gho", "_users_ghc")
    other = STATES[1].replace("`users`", "`_users_del`")
    shards.shown[f"db-{SHARDS[1]}"] = {"users": STATES[1], "_users_del": other}
    outcome = cleaned(shards, lambda: ledger)
    assert outcome.plan is not None
    assert [one.name for one in outcome.plan.core.cleans] == ["_users_ghc"]
    told = notes_of(outcome)
    assert "table _users_del on shard 80- stays: nobody's that the ledger knows" in told
    assert f"table _users_gho on shard -80 stays: in the hands of apply {lease.apply_id}" in told


@pytest.mark.invariant("EN-33")
def test_where_the_table_itself_is_gone_its_rows_may_be_nowhere_else(ledger: SqlLedger) -> None:
    left_by(ledger, "_users_del")
    shards = with_shadows("_users_del")
    shards.shown[f"db-{SHARDS[0]}"] = {"_users_del": STATES[1].replace("`users`", "`_users_del`")}
    outcome = cleaned(shards, lambda: ledger)
    assert outcome.plan is not None
    assert outcome.plan.core.cleans == ()
    assert "and table users is gone" in notes_of(outcome)


@pytest.mark.invariant("EN-33")
def test_a_table_that_is_kept_as_a_way_back_stays_until_its_time_is_over(
    ledger: SqlLedger,
) -> None:
    now_s, day_s = world(fleet()).clock.now_s(), 24 * 3_600
    left_by(ledger, "_users_del", settled_s=now_s - day_s + 5)
    shards, files = with_shadows("_users_del"), repository(spec=KEPT)
    outcome = cleaned(shards, lambda: ledger, files)
    assert outcome.plan is not None
    assert outcome.plan.core.cleans == ()
    left_by(ledger, "_users_del", settled_s=now_s - day_s)
    outcome = cleaned(shards, lambda: ledger, files)
    assert outcome.plan is not None
    assert [one.apply_id for one in outcome.plan.core.cleans] == [2]
    assert "was kept as a way back until" in notes_of(outcome)


def test_without_a_ledger_nothing_is_planned() -> None:
    with pytest.raises(Unavailable):
        cleaned(with_shadows("_users_del"), no_ledger)
    outcome = cleaned(fleet(STATES[1]), no_ledger)
    assert notes_of(outcome) == "no engine has left any table"


def test_a_shard_that_was_not_seen_may_have_a_leftover(ledger: SqlLedger) -> None:
    shards = with_shadows("_users_del")
    shards.shown[f"db-{SHARDS[1]}"] = None
    assert cleaned(shards, lambda: ledger).plan is None


@pytest.mark.invariant("EN-33")
def test_a_change_by_a_copy_is_planned_apart(proposed: Proposed) -> None:
    """The engine would find its own names taken."""
    core = proposed.plan.core
    assert not [*beside_a_copy(core)]
    plain = planned(repository(), fleet()).plan
    assert plain is not None
    (change_set,) = plain.core.change_sets
    (statement,) = change_set.statements
    copied = replace(change_set, statements=(replace(statement, engine=EngineName.SPIRIT),))
    (refusal,) = beside_a_copy(replace(core, change_sets=(*core.change_sets, copied)))
    assert (refusal.code, refusal.object_id) == ("clean-apart", statement.object_id)
    assert not [*beside_a_copy(replace(core, change_sets=(copied,), cleans=()))]


# --- in a pull request ---


@pytest.mark.invariant("EN-33")
def test_the_plan_of_a_clean_verifies_without_a_ledger(proposed: Proposed) -> None:
    assert proposed.verified().state is VerifyState.VERIFIED


@pytest.mark.invariant("EN-33")
def test_planning_again_in_the_same_change_keeps_it_and_in_the_next_one_does_not(
    proposed: Proposed,
) -> None:
    before, after = repository(), proposed.files
    assert kept_cleans(after, before, ENVIRONMENT, KEYSPACE) == (GONE,)
    assert kept_cleans(after, None, ENVIRONMENT, KEYSPACE) == (GONE,)
    assert kept_cleans(after, after.copy(), ENVIRONMENT, KEYSPACE) == ()
    assert kept_cleans(before, after, ENVIRONMENT, KEYSPACE) == ()


@pytest.mark.invariant("EN-33")
def test_no_name_but_an_engines_is_permitted_by_being_listed() -> None:
    """Somebody writes a table of their own into a plan: dropping it needs permission as ever."""
    shards = fleet(STATES[1])
    legacy = STATES[1].replace("`users`", "`legacy`")
    for shard in SHARDS:
        shards.shown[f"db-{shard}"] = {"users": STATES[1], "legacy": legacy}
    forged = replace(GONE, name="legacy")
    outcome = planned(repository(), shards, cleans=(forged,))
    assert "permission-missing" in [refusal.code for refusal in outcome.refusals]


@pytest.mark.invariant("PL-13")
@pytest.mark.invariant("EN-33")
def test_a_merged_removal_that_was_not_run_is_waited_for(proposed: Proposed) -> None:
    """Seen as its own plan sees the shards, also by a change that removes nothing."""
    after = repository(STATES[2])
    keyspace = after.keyspace()
    outcome = plan_keyspace(
        world(proposed.shards),
        keyspace,
        environment(keyspace),
        protected=proposed.files,
        created_at="2026-01-02T03:04:05Z",
        tool_version="0",
    )
    assert [refusal.code for refusal in outcome.refusals] == ["pending-apply"]


# --- before anything is sent ---


@pytest.mark.invariant("EN-33")
def test_what_is_still_the_leftover_that_was_reviewed_may_go(proposed: Proposed) -> None:
    assert proposed.refused() == ()


@pytest.mark.invariant("EN-33")
def test_another_applys_leftover_is_not_the_one_that_was_reviewed(proposed: Proposed) -> None:
    left_by(proposed.ledger, "_users_del")
    (refusal,) = proposed.refused()
    assert (refusal.code, refusal.shard) == ("leftover-changed", SHARDS[0])
    assert refusal.expected == "what gh-ost left of table users in apply 1"
    assert refusal.observed == "what gh-ost left of table users in apply 2"


@pytest.mark.invariant("EN-33")
def test_what_an_apply_took_in_hand_meanwhile_is_not_removed(proposed: Proposed) -> None:
    lease = begun(proposed.ledger)
    row = by_engine(StatementState.INTENDED, shard=SHARDS[0], helpers=("_users_del",)).row
    proposed.ledger.record(lease, [StatementEntry(row=row)])
    (refusal,) = proposed.refused()
    assert refusal.observed == f"in the hands of apply {lease.apply_id}"


@pytest.mark.invariant("EN-33")
def test_a_table_of_the_name_that_somebody_made_elsewhere_is_not_removed(
    proposed: Proposed,
) -> None:
    shown = proposed.shards.shown
    shown[f"db-{SHARDS[1]}"] = shown[f"db-{SHARDS[0]}"]
    (refusal,) = proposed.refused()
    assert (refusal.shard, refusal.observed) == (SHARDS[1], "nobody's that the ledger knows")


@pytest.mark.invariant("EN-33")
def test_a_name_of_an_engine_that_nobody_left_is_never_removed(ledger: SqlLedger) -> None:
    """A forged plan: verify has no ledger to ask, apply has."""
    files, shards = repository(), with_shadows("_users_del")
    outcome = planned(files, shards, cleans=(GONE,))
    assert outcome.refusals == ()
    keyspace, looked = files.keyspace(), world(shards)
    found = begin_pass(looked, keyspace, environment(keyspace), cleans=(GONE,))
    (refusal,) = leftover_refusals(found, ledger, now_s=looked.clock.now_s())
    assert (refusal.code, refusal.observed) == (
        "leftover-changed",
        "nobody's that the ledger knows",
    )


@pytest.mark.invariant("EN-33")
def test_going_back_before_a_clean_writes_no_file_of_an_engines_table(proposed: Proposed) -> None:
    keyspace = proposed.files.keyspace()
    with pytest.raises(InvalidInput, match="changes nothing that a file says"):
        revert_files(
            world(proposed.shards),
            proposed.plan,
            keyspace,
            environment(keyspace),
            proposed.files,
            open_ledger=no_ledger,
        )


# --- of names that policy ignores ---


def ignoring(*names: str) -> tuple[Shards, Files]:
    return with_shadows(*names), repository(spec=IGNORING)


@pytest.mark.invariant("EN-80")
def test_a_leftover_of_an_ignored_name_is_planned_verified_and_may_go(ledger: SqlLedger) -> None:
    shards, files = ignoring("_users_del", "_users_old")
    proposed = Proposed(ledger, shards, files)
    (change_set,) = proposed.plan.core.change_sets
    assert [statement.sql for statement in change_set.statements] == ["DROP TABLE `_users_del`"]
    assert proposed.plan.meta.notes == (), "nobody asked about what policy leaves alone"
    assert proposed.verified().state is VerifyState.VERIFIED
    assert proposed.refused() == ()


@pytest.mark.invariant("EN-80")
def test_an_ignored_table_that_the_ledger_does_not_know_is_not_planned(ledger: SqlLedger) -> None:
    left_by(ledger, "_users_del")
    shards, files = ignoring("_users_del")
    other = STATES[1].replace("`users`", "`_users_del`")
    shards.shown[f"db-{SHARDS[1]}"] = {"users": STATES[1], "_users_del": other}
    outcome = cleaned(shards, lambda: ledger, files)
    assert outcome.plan is not None
    assert outcome.plan.core.is_empty
    assert "table _users_del on shard 80- stays: nobody's" in notes_of(outcome)
    alone, files = ignoring("_users_old")
    assert notes_of(cleaned(alone, lambda: ledger, files)) == "no engine has left any table"


@pytest.mark.invariant("EN-80")
def test_an_ignored_table_that_a_plan_lists_is_dropped_only_as_the_ledgers(
    ledger: SqlLedger,
) -> None:
    shards, files = ignoring("_users_del")
    proposed = Proposed(ledger, shards, files)
    other = STATES[1].replace("`users`", "`_users_del`")
    shards.shown[f"db-{SHARDS[1]}"] = {"users": STATES[1], "_users_del": other}
    (refusal,) = proposed.refused()
    assert (refusal.code, refusal.shard) == ("leftover-changed", SHARDS[1])
    assert refusal.observed == "nobody's that the ledger knows"


@pytest.mark.invariant("EN-80")
def test_an_ignored_name_that_no_engine_gives_is_not_looked_at_for_being_listed() -> None:
    shards, files = fleet(STATES[1]), repository(spec=IGNORING)
    for shard in SHARDS:
        own = {"_audit": STATES[1].replace("`users`", "`_audit`"), "users": STATES[1]}
        shards.shown[f"db-{shard}"] = own
    outcome = planned(files, shards, cleans=(replace(GONE, name="_audit"),))
    assert outcome.plan is not None
    assert outcome.plan.core.is_empty


# --- told ---


@pytest.mark.invariant("EN-82")
def test_what_stays_is_told_again_where_the_committed_plan_is_the_same(ledger: SqlLedger) -> None:
    """The plan stays as it was approved, to the byte; what is told is of now."""
    proposed = Proposed(ledger, with_shadows("_users_del", "_users_gho"))
    files = proposed.files
    before = files.copy().content
    lease = begun(ledger, "sha256:2")
    ledger.record(lease, [by_engine(StatementState.INTENDED, shard=SHARDS[0])])
    kept = keep_plan(cleaned(proposed.shards, lambda: ledger, files), files, files)
    assert files.content == before
    assert "_users_gho on shard -80 stays: in the hands of apply 2" in notes_of(kept)
