"""Every gate over a fleet without servers: what each lets through, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, NoReturn, cast

import pytest

from reconciler.drive.shard.task import RolloutWorld
from reconciler.errors import InvalidInput, Refused
from reconciler.flows.apply import ApplyConnections, ApplyRequest, ApplyWorld, apply_keyspace
from reconciler.flows.check import check_against_live, is_as_git_says
from reconciler.flows.deployments import environment_gates, promotion_refusals
from reconciler.flows.drift import find_drift
from reconciler.flows.gates import Gates, ledger_address_gate, ledger_gate
from reconciler.flows.init import found_keyspace
from reconciler.flows.kept_plan import find_plan
from reconciler.flows.lint import lint_files
from reconciler.flows.pull import pull_keyspace, specified_in
from reconciler.flows.reconcile_pass import begin_pass
from reconciler.flows.revert import Reverted, revert_files
from reconciler.flows.verify import verify_keyspace
from reconciler.guard.model import Obstacle, Refusal, RefusalKind, refusal_from
from reconciler.guard.review.git import Review
from reconciler.model.observation import Unreachable
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.outcomes.drift import DriftOutcome, ShardMark
from reconciler.outcomes.ends import lint_code
from reconciler.outcomes.exit_code import ExitCode
from reconciler.outcomes.plan import VerifyOutcome, VerifyState
from reconciler.plan.files import plan_paths, read_plan
from reconciler.plan.model import Plan
from reconciler.report.compose.drift import drift_document
from reconciler.report.compose.plan import verify_document
from reconciler.report.write.text import write_text
from reconciler.spec.draft import EDITORS_SCHEMA
from tests.offline_fleet import (
    ENVIRONMENT,
    KEYSPACE,
    SHARDS,
    SPEC,
    SPEC_PATH,
    STATES,
    USERS_PATH,
    Files,
    Shards,
    environment,
    fleet,
    no_ledger,
    planned,
    predecessors,
    repository,
    users,
    with_plan,
    world,
)

PATHS = plan_paths(ENVIRONMENT, KEYSPACE)
LEDGER = SPEC.replace(
    "    after: staging\n", "    after: staging\n    ledger: mysql://${LEDGER_HOST}/l\n"
)


def verified(files: Files, shards: Shards) -> VerifyOutcome:
    keyspace = files.keyspace()
    return verify_keyspace(world(shards), keyspace, environment(keyspace), tree=files)


def drifted(files: Files, shards: Shards) -> DriftOutcome:
    keyspace = files.keyspace()
    return find_drift(
        world(shards), keyspace, environment(keyspace), tree=files, open_ledger=no_ledger
    )


def codes(obstacles: tuple[Obstacle, ...]) -> list[str]:
    return [obstacle.code for obstacle in obstacles]


def plan_in(files: Files) -> Plan:
    found = read_plan(files, ENVIRONMENT, KEYSPACE)
    assert found is not None
    return found


# --- plan ---


def test_a_plan_has_one_statement_for_shards_that_are_alike() -> None:
    outcome = planned(repository(), fleet())
    assert outcome.plan is not None
    (change_set,) = outcome.plan.core.change_sets
    assert change_set.shards == SHARDS
    (statement,) = change_set.statements
    assert "ADD COLUMN `age` int" in statement.sql


def test_nothing_is_planned_for_a_fleet_that_is_as_git_says() -> None:
    outcome = planned(repository(), fleet(STATES[1]))
    assert outcome.plan is not None
    assert (outcome.plan.core.change_sets, outcome.refusals) == ((), ())


def test_a_shard_that_was_not_seen_refuses_the_plan_once() -> None:
    shards = fleet()
    shards.shown["db-80-"] = None
    outcome = planned(repository(), shards)
    assert outcome.plan is None
    (lost,) = outcome.refusals
    assert isinstance(lost, Unreachable)
    assert lost.shard == "80-"


# --- verify, check ---


def test_verify_says_of_a_change_without_a_plan_that_it_is_unplanned() -> None:
    outcome = verified(repository(), fleet())
    assert outcome.state is VerifyState.UNPLANNED
    assert codes(outcome.refusals) == ["plan-missing"]


def test_verify_derives_the_committed_plan_again() -> None:
    assert verified(with_plan(repository(), fleet()), fleet()).state is VerifyState.VERIFIED


def test_verify_says_that_a_plan_is_applied_where_every_shard_is() -> None:
    files = with_plan(repository(), fleet())
    assert verified(files, fleet(STATES[1])).state is VerifyState.APPLIED


def test_verify_refuses_a_plan_that_was_edited() -> None:
    files = with_plan(repository(), fleet())
    files.content[PATHS.sql] += b"-- one more\n"
    with pytest.raises(Refused):
        verified(files, fleet())


def test_verify_refuses_a_plan_whose_files_were_edited_since() -> None:
    files = with_plan(repository(), fleet())
    files.content[USERS_PATH] = f"{STATES[2]};\n".encode()
    assert codes(verified(files, fleet()).refusals) == ["input-changed"]


def test_verify_refuses_a_shard_that_somebody_changed_since() -> None:
    files = with_plan(repository(), fleet())
    shards = fleet()
    shards.shown["db-80-"] = {"users": STATES[2]}
    (refusal,) = verified(files, shards).refusals
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.shard) == ("drift", "80-")
    assert refusal.observed == STATES[2]


def test_verify_refuses_where_a_shard_was_not_seen() -> None:
    files = with_plan(repository(), fleet())
    shards = fleet()
    shards.shown["db--80"] = None
    outcome = verified(files, shards)
    assert outcome.state is VerifyState.REFUSED
    assert codes(outcome.refusals) == ["shard-unreachable"]


def test_a_run_that_stopped_part_of_the_way_has_the_rest_to_do() -> None:
    files = with_plan(repository(), fleet())
    shards = fleet()
    shards.shown["db--80"] = {"users": STATES[1]}
    keyspace = files.keyspace()
    looking = world(shards)
    begun = begin_pass(looking, keyspace, environment(keyspace))
    checked = check_against_live(looking, begun, plan_in(files))
    assert checked.refusals == ()
    assert {name: type(one).__name__ for name, one in checked.standings.items()} == {
        "-80": "Done",
        "80-": "ToDo",
    }


def test_verify_of_a_plan_that_has_begun_says_that_shards_differ_already() -> None:
    """What the plan says of its window is of the time before it ran."""
    files = with_plan(repository(), fleet())
    shards = fleet()
    assert verified(files, shards).notes == ()
    shards.shown["db--80"] = {"users": STATES[1]}
    outcome = verified(files, shards)
    assert outcome.state is VerifyState.VERIFIED
    assert outcome.notes == (
        "shards differ today already in the columns of users: the plan has run on some of them",
    )
    text = write_text(verify_document([outcome]))
    assert "users, from wave 1 until wave" in text
    assert "shards differ today already" in text


def test_a_fleet_that_was_not_seen_whole_is_never_as_git_says() -> None:
    shards = fleet(STATES[1])
    keyspace = repository().keyspace()
    assert is_as_git_says(begin_pass(world(shards), keyspace, environment(keyspace)))
    shards.shown["db--80"] = None
    assert not is_as_git_says(begin_pass(world(shards), keyspace, environment(keyspace)))


# --- drift ---


@pytest.mark.parametrize(
    ("live", "mark"),
    [
        (STATES[1], ShardMark.MATCHING),
        (STATES[2], ShardMark.DRIFTED),
        (None, ShardMark.UNREACHABLE),
    ],
)
def test_drift_puts_every_shard_into_one_group(live: str | None, mark: ShardMark) -> None:
    shards = fleet(STATES[1])
    shards.shown["db-80-"] = None if live is None else {"users": live}
    groups = {
        shard: group.mark
        for group in drifted(repository(), shards).groups
        for shard in group.shards
    }
    assert groups == {"-80": ShardMark.MATCHING, "80-": mark}


def test_a_merged_plan_that_was_not_run_is_pending_and_no_drift() -> None:
    files = with_plan(repository(), fleet())
    outcome = drifted(files, fleet())
    assert [group.mark for group in outcome.groups] == [ShardMark.PENDING_APPLY]
    assert outcome.pending_plan_id == plan_in(files).plan_id


def test_a_shard_where_one_of_two_tables_was_changed_is_no_shard_that_was_not_begun() -> None:
    files = repository()
    notes = users().replace("`users`", "`notes`")
    files.write("schemas/shop/notes.sql", f"{notes};\n".encode())
    files, shards = with_plan(files, fleet()), fleet()
    (change_set,) = plan_in(files).core.change_sets
    first, second = (statement.effects[0].object_id.name for statement in change_set.statements)
    after = {"users": STATES[1], "notes": notes}
    before = {"users": STATES[0]}
    left = {second: before[second]} if second in before else {}
    shards.shown["db-80-"] = {first: after[first], **left}
    outcome = drifted(files, shards)
    (group,) = outcome.groups
    assert (group.mark, group.shards) == (ShardMark.PENDING_APPLY, ("-80", "80-"))
    text = write_text(drift_document([outcome]))
    assert "has not run to its end here" in text
    assert "has not run here" not in text


# --- pull, init, revert ---


def test_pull_writes_what_live_is_and_leaves_a_file_that_means_it() -> None:
    files = repository()
    specified = specified_in(files)[KEYSPACE]
    assert not isinstance(specified, Exception)
    shards = fleet(STATES[2])
    outcome = pull_keyspace(world(shards), specified, environment(files.keyspace()), files)
    assert outcome.written == (USERS_PATH,)
    assert b"`score`" in files.content[USERS_PATH]
    again = specified_in(files)[KEYSPACE]
    assert not isinstance(again, Exception)
    second = pull_keyspace(world(shards), again, environment(files.keyspace()), files)
    assert second.written == ()


def test_pull_writes_nothing_where_a_shard_was_not_seen() -> None:
    files = repository()
    before = files.copy()
    specified = specified_in(files)[KEYSPACE]
    assert not isinstance(specified, Exception)
    shards = fleet(STATES[2])
    shards.shown["db-80-"] = None
    with pytest.raises(Refused) as refused:
        pull_keyspace(world(shards), specified, environment(files.keyspace()), files)
    assert [problem.code for problem in refused.value.problems] == ["shard-unreachable"]
    assert files == before


def test_init_founds_a_keyspace_whose_plan_is_empty() -> None:
    files = Files()
    shards = fleet(STATES[1])
    pulled, plan = found_keyspace(
        lambda _: world(shards), SPEC, KEYSPACE, ENVIRONMENT, tree=files, writer=files, source=None
    )
    assert pulled.written == (SPEC_PATH, EDITORS_SCHEMA, USERS_PATH)
    assert plan is not None
    assert plan.plan is not None
    assert (plan.plan.core.change_sets, plan.refusals) == ((), ())


@pytest.mark.parametrize(
    ("path", "code"), [(SPEC_PATH, "spec-exists"), (USERS_PATH, "schema-directory-exists")]
)
def test_init_writes_over_nothing(path: str, code: str) -> None:
    files = Files({path: b"ours"})
    with pytest.raises(Refused) as refused:
        found_keyspace(
            lambda _: world(fleet()),
            SPEC,
            KEYSPACE,
            ENVIRONMENT,
            tree=files,
            writer=files,
            source=None,
        )
    assert [problem.code for problem in refused.value.problems] == [code]
    assert files.content == {path: b"ours"}


class OneVersion:
    """`History` in which the plan's file has had one content."""

    def __init__(self, files: Files) -> None:
        self._content = files.content[PATHS.json]
        self._tree = files

    def resolve(self, ref: str) -> str:
        return ref

    def tree(self, commit: str) -> Files:
        return self._tree

    def protected_tip(self) -> str | None:
        return None

    def contains(self, tip: str, commit: str) -> bool:
        return False

    def versions_of(self, path: str) -> Iterator[bytes]:
        return iter([self._content])


def taken_back(files: Files) -> Reverted:
    keyspace = files.keyspace()
    found = find_plan(OneVersion(files), plan_in(files).plan_id, ENVIRONMENT, KEYSPACE)
    return revert_files(
        world(fleet(STATES[1])),
        found,
        keyspace,
        environment(keyspace),
        files,
        open_ledger=no_ledger,
    )


def test_revert_takes_the_files_back_to_before_the_plan() -> None:
    files = with_plan(repository(), fleet())
    reverted = taken_back(files)
    assert reverted.written == (USERS_PATH,)
    assert b"`age`" not in files.content[USERS_PATH]
    assert reverted.lost == ()


def test_files_that_were_taken_back_already_are_no_later_change() -> None:
    """The first plan of the way back may have been refused, for a permission that it needs."""
    files = with_plan(repository(), fleet())
    taken_back(files)
    content = dict(files.content)
    again = taken_back(files)
    assert (again.written, again.removed, again.lost) == ((), (), ())
    assert files.content == content


# --- promotion ---


def test_an_environment_waits_for_the_one_before_it() -> None:
    keyspace = repository().keyspace()
    staging = environment(keyspace, "staging")
    assert promotion_refusals(world(fleet()), keyspace, staging) == ()
    behind = promotion_refusals(world(fleet(staging=STATES[0])), keyspace, staging)
    assert codes(behind) == ["not-promoted"]


def test_an_environment_that_was_not_seen_promotes_nothing() -> None:
    shards = fleet()
    shards.shown["stage-80-"] = None
    keyspace = repository().keyspace()
    found = promotion_refusals(world(shards), keyspace, environment(keyspace, "staging"))
    assert codes(found) == ["shard-unreachable"]


def test_only_an_environment_that_names_another_asks_it() -> None:
    keyspace = repository().keyspace()
    shards = fleet()
    before = predecessors(shards)
    assert environment_gates(before, keyspace, environment(keyspace, "staging")) == ()
    (gate,) = environment_gates(before, keyspace, environment(keyspace))
    assert shards.looks == 0
    gate(plan_in(with_plan(repository(), fleet())))
    assert shards.looks == 1


# --- apply ---


def refusing(code: str) -> Refusal:
    return Refusal(code=code, message="no", recovery="ask again")


@pytest.mark.invariant("GT-1")
def test_an_apply_that_a_gate_refuses_connects_to_nothing() -> None:
    files = with_plan(repository(), fleet())
    keyspace = files.keyspace()

    def connect() -> NoReturn:
        raise AssertionError("nothing may be connected to")

    def applied(refusal: Refusal) -> ApplyVerdict:
        outcome = apply_keyspace(
            ApplyWorld(
                history=OneVersion(files),
                gates=Gates(plan=(lambda plan: (refusal,),)),
                connect=connect,
            ),
            keyspace,
            environment(keyspace),
            ApplyRequest(commit="1" * 40, review=Review.NONE, holder="a test"),
            on_progress=lambda event: None,
        )
        assert outcome.refusals == (refusal,)
        return outcome.verdict

    # Its code says nothing about what it is.
    assert applied(refusing("superseded")) is ApplyVerdict.REFUSED
    late = replace(refusing("anything"), kind=RefusalKind.SUPERSEDED)
    assert applied(late) is ApplyVerdict.SUPERSEDED


@pytest.mark.invariant("RG-97")
@pytest.mark.parametrize(
    ("state", "away", "is_open", "verdict"),
    [
        (STATES[1], False, False, ApplyVerdict.NOTHING_TO_DO),
        (STATES[0], False, False, ApplyVerdict.REFUSED),
        (STATES[1], True, False, ApplyVerdict.REFUSED),
        (STATES[1], False, True, ApplyVerdict.REFUSED),
    ],
    ids=["as git says", "behind", "not seen", "its record is open"],
)
def test_what_has_nothing_to_do_waits_for_nobody_s_turn(
    state: str, away: bool, is_open: bool, verdict: ApplyVerdict
) -> None:
    files = with_plan(repository(), fleet())
    keyspace, shards = files.keyspace(), fleet(state)
    if away:
        shards.shown["db-80-"] = None
    look = world(shards)
    of_each = {(ENVIRONMENT, KEYSPACE, ""): object()} if is_open else {}
    ledger = SimpleNamespace(unfinished=lambda *of: of_each.get(of))
    rollout = cast(RolloutWorld, SimpleNamespace(ledger=ledger))
    reached = ApplyConnections(look=look, locks=cast(Any, None), rollout=rollout)
    soaks = replace(refusing("deployment-soaks"), kind=RefusalKind.PASSES)

    def applied(gates: Gates) -> ApplyOutcome:
        return apply_keyspace(
            ApplyWorld(history=OneVersion(files), gates=gates, connect=lambda: reached),
            keyspace,
            environment(keyspace),
            ApplyRequest(commit="1" * 40, review=Review.NONE, holder="a test"),
            on_progress=lambda event: None,
        )

    waits = applied(Gates(fleet=(lambda plan: (soaks,),)))
    assert waits.verdict is verdict
    assert waits.refusals == (() if verdict is ApplyVerdict.NOTHING_TO_DO else (soaks,))
    looks, no = shards.looks, refusing("plan-not-merged")
    not_reviewed = Gates(plan=(lambda plan: (no,),), fleet=(lambda plan: (soaks,),))
    assert applied(not_reviewed).refusals == (no,), "the review comes first"
    assert shards.looks == looks


def test_every_obstacle_can_be_said_as_a_refusal() -> None:
    lost = Unreachable(shard="-80", code="shard-timeout", reason="no answer", recovery="look")
    said = refusal_from(lost)
    assert (said.code, said.shard, said.recovery) == ("shard-timeout", "-80", "look")
    assert refusal_from(said) is said


# --- before a ledger, and without any server ---


class Branch(OneVersion):
    """`History` whose protected branch holds these files; None: there is no such branch."""

    def __init__(self, protected: Files | None) -> None:
        self.protected = protected

    def tree(self, commit: str) -> Files:
        assert self.protected is not None
        return self.protected

    def protected_tip(self) -> str | None:
        return None if self.protected is None else "1" * 40


def ledger_refusal(protected: Files | None, review: Review, spec: str = LEDGER) -> str | None:
    keyspace = repository(spec=spec).keyspace()
    try:
        ledger_gate(lambda: Branch(protected), keyspace, environment(keyspace), review)
    except Refused as refused:
        return refused.problems[0].code
    return None


@pytest.mark.invariant("GT-1")
@pytest.mark.parametrize("protected", [None, repository(), repository(spec=LEDGER + "\n")])
def test_a_ledger_is_opened_only_by_the_spec_of_the_protected_branch(
    protected: Files | None,
) -> None:
    assert ledger_refusal(protected, Review.GIT) == "spec-not-merged"
    assert ledger_refusal(repository(spec=LEDGER), Review.GIT) is None


def test_no_branch_is_asked_where_no_review_is_or_no_ledger_is_named() -> None:
    assert ledger_refusal(None, Review.NONE) is None
    assert ledger_refusal(None, Review.GIT, SPEC) is None


def test_lint_says_what_is_wrong_in_the_files_of_each_keyspace() -> None:
    (sound,) = lint_files(repository())
    assert (sound.keyspace, sound.tables, lint_code(sound)) == (KEYSPACE, 1, ExitCode.FINE)
    (broken,) = lint_files(repository("CREATE TABLE"))
    assert lint_code(broken) is ExitCode.ERROR
    with pytest.raises(InvalidInput):
        lint_files(Files())


@pytest.mark.threat("TM-WRITER-35")
@pytest.mark.invariant("SP-74")
def test_a_change_of_the_spec_is_planned_with_the_ledger_that_the_branch_names() -> None:
    """Anything else of the spec may be other there: it is what the pull request changes."""

    def code(protected: Files | None, spec: str = LEDGER) -> str | None:
        keyspace = repository(spec=spec).keyspace()
        try:
            ledger_address_gate(lambda: Branch(protected), keyspace, environment(keyspace))
        except Refused as refused:
            return refused.problems[0].code
        return None

    assert code(repository(spec=LEDGER)) is None
    assert code(repository(spec=LEDGER + "\n")) is None
    assert code(repository(spec=LEDGER), spec=LEDGER + "# changed\n") is None
    assert code(None) == "ledger-not-merged"
    assert code(repository()) == "ledger-not-merged"
    assert code(repository(spec="nothing")) == "ledger-not-merged"
    assert code(None, spec=SPEC) is None
