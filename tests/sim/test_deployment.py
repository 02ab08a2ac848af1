"""A plan through a deploy request, on a PlanetScale in memory: to its end, held up, meddled with,
and ended or cut off before and after every call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

import pytest

from reconciler.drive.deploy.loop import (
    DeploymentTask,
    LeftOpen,
    Result,
    Tables,
    Waits,
    branch_name,
    run_deployment,
)
from reconciler.errors import Problem, Unavailable
from reconciler.ledger.copies import ItsCutover
from reconciler.ledger.deploys import AtPlanetScale, DeployIntent, DeployStep, WayBackOpen
from reconciler.model.deploy_request import DeploymentState, DeployOperation
from reconciler.rollout.deployment import Deployed, GivenUp, Held, Left, Stand
from reconciler.rollout.limits import BRANCHES_MADE_MAX
from reconciler.rollout.snapshot import Asked
from tests.contract.test_deploy_requests import (
    ADD,
    CREATED,
    DATABASE,
    MEANING,
    NOTES,
    WIDENED,
)
from tests.planetscale_double.hub import REVERT_WINDOW_S, Hub
from tests.planetscale_double.offline import OfflinePlanetScale
from tests.planetscale_double.stores import MemoryStore
from tests.series import QUICK_EVERY, sevenths

S = DeploymentState
NAME = branch_name("0123456789abcdef" * 4, 7)
BEFORE = {"orders": CREATED}
AFTER = {"orders": WIDENED, "notes": NOTES}
GATE = Problem(code="gate", message="the gate is closed", recovery="open it")
WRITES = [
    "create_branch",
    "run",
    "statement",
    "open_request",
    "deploy",
    "cut_over",
    "skip_revert",
    "delete_branch",
]


class Killed(BaseException):
    """The process ends here."""


@dataclass
class SimIntents:
    """Durable: it outlives every process."""

    rows: dict[DeployStep, DeployIntent] = field(default_factory=dict)
    order: list[DeployStep] = field(default_factory=list)

    def intend(
        self, step: DeployStep, *, at_s: float, number: int = 0, because: Problem | None = None
    ) -> None:
        times = self.rows[step].times + 1 if step in self.rows else 1
        self.rows[step] = DeployIntent(at_s=at_s, times=times, because=because)
        self.order.append(step)

    def intents(self) -> Mapping[DeployStep, DeployIntent]:
        return dict(self.rows)


def stand(tables: Tables) -> Stand:
    match dict(tables):
        case found if found == BEFORE:
            return Stand.BEFORE
        case found if found == AFTER:
            return Stand.AFTER
        case _:
            return Stand.ASTRAY


@dataclass
class Stage:
    hub: Hub = field(default_factory=lambda: Hub(MemoryStore(MEANING, {"main": dict(BEFORE)})))
    intents: SimIntents = field(default_factory=SimIntents)
    revert_window_s: int = 0
    held: Problem | None = None
    is_released: bool = True
    asked: Asked = Asked.NOTHING
    told: list[Waits] = field(default_factory=list)

    @property
    def production(self) -> dict[str, str]:
        return self.hub.store.tables("main")

    def run(self, planetscale: OfflinePlanetScale | None = None) -> Result:
        task = DeploymentTask(
            database=replace(DATABASE, revert_window_s=self.revert_window_s),
            name=NAME,
            notes="plan 0123",
            statements=(ADD, NOTES),
            stand=stand,
            pause=self._pause,
            held=lambda: self.held,
            is_released=lambda: self.is_released,
            asked=lambda: self.asked,
            tell=self._heard,
        )
        asked = planetscale or OfflinePlanetScale(self.hub)
        return run_deployment(asked, self.intents, task)

    def _pause(self, seconds: float) -> None:
        self.hub.step(seconds)
        assert self.hub.now_s < 1_100_000, "it never ends"

    def again(self) -> Result:
        self.asked = Asked.NOTHING
        return self.run()

    def _heard(self, waits: Waits) -> None:
        """Nobody waits for ever for a release."""
        self.told.append(waits)
        if self.told[-20:] == [ItsCutover()] * 20:
            self.asked = Asked.STOP

    def run_until(self, state: DeploymentState) -> None:
        """A process that ends as soon as its deploy request is so far."""

        def end(call: str) -> None:
            if any(one.seen.state is state for one in self.hub.requests.values()):
                raise Killed

        with pytest.raises(Killed):
            self.run(OfflinePlanetScale(self.hub, around=end))

    def did(self, what: str) -> int:
        return sum(1 for line in self.hub.did if line.startswith(what))


def code(result: Result) -> str:
    match result:
        case GivenUp(because=(first, *_)):
            return first.code
        case Held(because=problem) | LeftOpen(because=problem):
            return problem.code
        case _:
            raise AssertionError(f"it is {result}")


def test_a_plan_is_deployed_as_it_was_reviewed() -> None:
    stage = Stage()
    assert stage.run() == Deployed(number=1)
    assert stage.production == AFTER
    assert stage.hub.did == [
        f"create {NAME}",
        f"run {ADD}",
        f"run {NOTES}",
        "open 1",
        "deploy 1",
        "cut over 1",
        "skip revert 1",
        f"delete {NAME}",
    ]
    assert stage.run() == Deployed(number=1)
    assert len(stage.hub.did) == 8


@pytest.mark.invariant("PS-7")
def test_every_write_is_intended_before_it_is_sent() -> None:
    stage = Stage()
    seen: list[tuple[str, DeployStep]] = []

    def look(call: str) -> None:
        if call in WRITES:
            seen.append((call, stage.intents.order[-1]))

    stage.run(OfflinePlanetScale(stage.hub, around=look))
    assert seen == [
        ("create_branch", DeployStep.MAKE_BRANCH),
        ("run", DeployStep.RUN),
        ("statement", DeployStep.RUN),
        ("statement", DeployStep.RUN),
        ("open_request", DeployStep.OPEN),
        ("deploy", DeployStep.DEPLOY),
        ("cut_over", DeployStep.CUT_OVER),
        ("skip_revert", DeployStep.SKIP_REVERT),
        ("delete_branch", DeployStep.DROP_BRANCH),
    ]


def calls_of_a_whole_run() -> int:
    calls: list[str] = []
    stage = Stage()
    stage.run(OfflinePlanetScale(stage.hub, around=calls.append, after=calls.append))
    return len(calls)


@dataclass
class AtCall:
    """Does something to one call, the `number`th moment before or after one."""

    number: int
    act: Callable[[], None]
    seen: int = 0

    def __call__(self, call: str) -> None:
        self.seen += 1
        if self.seen == self.number:
            self.act()


def kill() -> None:
    raise Killed


def lose() -> None:
    raise Unavailable(Problem(code="lost", message="no answer", recovery="look"))


@pytest.mark.invariant("PS-8")
@pytest.mark.parametrize("act", [kill, lose])
@pytest.mark.parametrize("seventh", sevenths())
def test_a_run_that_ends_or_is_cut_off_at_any_call_is_taken_up_and_nothing_is_done_twice(
    act: Callable[[], None], seventh: int
) -> None:
    moments = calls_of_a_whole_run()
    assert moments > 100
    for number in range(1, moments + 1)[seventh::QUICK_EVERY]:
        stage = Stage()
        moment = AtCall(number, act)
        with suppress(Killed):
            stage.run(OfflinePlanetScale(stage.hub, around=moment, after=moment))
        result = stage.run()
        for _ in range(3):
            if isinstance(result, Deployed):
                break
            result = stage.run()
        assert result == Deployed(number=1), (number, result)
        assert stage.production == AFTER
        for what in ("open", "deploy", "cut over", "skip revert"):
            assert stage.did(what) == 1, (number, stage.hub.did)
        assert list(stage.hub.branches) == ["main"]


@pytest.mark.invariant("PS-8")
def test_a_service_that_fails_at_every_second_call_is_asked_on_and_nothing_is_done_twice() -> None:
    for seed in range(2, 12):
        stage = Stage()
        calls = 0

        def fail(call: str, seed: int = seed) -> None:
            nonlocal calls
            calls += 1
            if calls % seed == 0:
                lose()

        for _ in range(40):
            result = stage.run(OfflinePlanetScale(stage.hub, after=fail))
            if isinstance(result, Deployed):
                break
            stage.hub.step(60)
        assert stage.did("deploy") <= 1
        assert stage.did("cut over") <= 1
        if seed > 6:  # a look is six calls: one that fails more often sees nothing whole
            assert stage.production == AFTER


@pytest.mark.invariant("PS-8")
def test_a_request_that_is_listed_late_is_not_opened_again() -> None:
    stage = Stage()
    stage.hub.lists_after_s = 100
    moment = AtCall(1, lose)
    after = lambda call: moment(call) if call == "open_request" else None  # noqa: E731
    assert stage.run(OfflinePlanetScale(stage.hub, after=after)) == Deployed(number=1)
    assert stage.intents.rows[DeployStep.OPEN].times == 1


@pytest.mark.invariant("PS-8")
def test_a_statement_that_may_be_on_its_way_is_not_sent_beside_itself() -> None:
    stage = Stage()
    statement = AtCall(1, kill)
    around = lambda call: statement(call) if call == "statement" else None  # noqa: E731
    with pytest.raises(Killed):
        stage.run(OfflinePlanetScale(stage.hub, around=around))
    begun_s = stage.hub.now_s

    def arrives(call: str) -> None:
        if stage.hub.now_s >= begun_s + 60 and stage.did("run") == 0:
            stage.hub.execute(NAME, ADD)

    assert stage.run(OfflinePlanetScale(stage.hub, around=arrives)) == Deployed(number=1)
    assert stage.did("create") == 2  # it has half of the statements, and is made again


@pytest.mark.invariant("PS-6")
def test_nothing_is_cut_over_while_the_gate_is_closed() -> None:
    stage = Stage(is_released=False)
    assert stage.run() == Left()
    assert stage.told[-1] == ItsCutover()
    assert stage.production == BEFORE
    assert stage.again() == Left()
    stage.is_released = True
    assert stage.again() == Deployed(number=1)
    assert stage.did("deploy") == stage.did("cut over") == 1


@pytest.mark.invariant("PS-6")
def test_no_deploy_begins_while_it_is_held_up() -> None:
    stage = Stage(held=GATE)
    assert code(stage.run()) == "gate"
    assert stage.did("deploy") == 0
    stage.held = None
    assert stage.run() == Deployed(number=1)


@pytest.mark.invariant("PS-4")
def test_production_that_drifted_before_is_not_touched() -> None:
    stage = Stage()
    stage.production["stray"] = NOTES.replace("notes", "stray")
    assert code(stage.run()) == "planetscale-production-drifted"
    assert stage.hub.did == []


@pytest.mark.invariant("PS-4")
@pytest.mark.parametrize("state", [S.READY, S.QUEUED, S.IN_PROGRESS, S.PENDING_CUTOVER])
@pytest.mark.threat("TM-PLANETSCALE-4")
def test_production_that_drifts_meanwhile_ends_the_deploy(state: DeploymentState) -> None:
    stage = Stage()
    stage.run_until(state)
    stage.production["stray"] = NOTES.replace("notes", "stray")
    assert code(stage.run()) == "planetscale-production-drifted"
    assert stage.did("cut over") == 0
    assert set(stage.production) == {"orders", "stray"}
    assert stage.did("close" if state is S.READY else "cancel") == 1


@pytest.mark.invariant("PS-4")
@pytest.mark.threat("TM-PLANETSCALE-4")
def test_a_branch_that_somebody_changes_under_its_request_is_not_deployed() -> None:
    stage = Stage()
    stage.run_until(S.READY)
    stage.hub.store.tables(NAME)["orders"] = CREATED
    assert code(stage.run()) == "planetscale-branch-differs"
    assert stage.did("close") == 1
    assert stage.production == BEFORE


@pytest.mark.invariant("PS-9")
@pytest.mark.parametrize("state", [S.COMPLETE_ERROR, S.ERROR, S.COMPLETE_REVERT])
def test_a_deploy_that_failed_leaves_no_branch_behind(state: DeploymentState) -> None:
    stage = Stage(is_released=False)
    stage.run_until(S.PENDING_CUTOVER)
    request = stage.hub.requests[1]
    request.seen = replace(request.seen, state=state, is_open=False)
    told = "reverted" if state is S.COMPLETE_REVERT else "failed"
    assert code(stage.run()) == f"planetscale-deploy-{told}"
    assert list(stage.hub.branches) == ["main"]
    assert code(stage.run()) == f"planetscale-deploy-{told}"  # whoever asks later
    assert stage.did("delete") == 1


@pytest.mark.invariant("PS-9")
def test_production_that_drifts_before_the_request_leaves_no_branch_behind() -> None:
    stage = Stage()
    moment = AtCall(1, kill)
    around = lambda call: moment(call) if call == "open_request" else None  # noqa: E731
    with pytest.raises(Killed):
        stage.run(OfflinePlanetScale(stage.hub, around=around))
    stage.production["stray"] = NOTES.replace("notes", "stray")
    stage.hub.step(600)  # what was sent, if it was, is there
    assert code(stage.run()) == "planetscale-production-drifted"
    assert list(stage.hub.branches) == ["main"]


@pytest.mark.invariant("PS-5")
@pytest.mark.threat("TM-PLANETSCALE-2")
def test_a_deploy_that_is_not_the_plan_is_closed() -> None:
    stage = Stage()

    def renamed_is_dropped(operation: DeployOperation) -> DeployOperation:
        return replace(operation, sql=operation.sql.replace("ADD COLUMN", "DROP COLUMN `x`, ADD"))

    stage.hub.rewritten = renamed_is_dropped
    assert code(stage.run()) == "planetscale-deploy-differs"
    assert stage.hub.did[-2:] == ["close 1", f"delete {NAME}"]
    assert code(stage.run()) == "planetscale-deploy-differs"  # whoever asks later
    assert stage.production == BEFORE
    assert stage.did("deploy") == 0


@pytest.mark.invariant("PS-5")
@pytest.mark.threat("TM-PLANETSCALE-2")
def test_a_deploy_that_was_changed_once_it_ran_is_cancelled() -> None:
    stage = Stage(is_released=False)
    stage.run()
    request = stage.hub.requests[1]
    beside = DeployOperation(
        keyspace="shop", table="orders", sql="DROP TABLE `orders`", state="in_progress"
    )
    request.seen = replace(request.seen, operations=(*request.seen.operations, beside))
    stage.is_released = True
    assert code(stage.again()) == "planetscale-deploy-differs"
    assert stage.did("cut over") == 0
    assert stage.did("cancel") == 1


@pytest.mark.invariant("PS-6")
@pytest.mark.parametrize(
    "state", [S.READY, S.QUEUED, S.SUBMITTING, S.IN_PROGRESS, S.PENDING_CUTOVER]
)
@pytest.mark.threat("TM-PLANETSCALE-5")
def test_a_deploy_that_would_cut_over_by_itself_is_given_up(state: DeploymentState) -> None:
    stage = Stage(is_released=False)
    stage.run_until(state)
    request = stage.hub.requests[1]
    request.seen = replace(request.seen, cuts_over_by_itself=True)
    assert code(stage.run()) == "planetscale-auto-cutover"
    assert stage.production == BEFORE


@pytest.mark.invariant("PS-9")
@pytest.mark.threat("TM-PLANETSCALE-3")
def test_a_branch_of_our_name_that_we_have_not_made_is_left_alone() -> None:
    stage = Stage()
    stage.hub.create_branch(NAME, "main")
    assert code(stage.run()) == "planetscale-branch-not-ours"
    assert stage.hub.did == [f"create {NAME}"]


@pytest.mark.invariant("PS-9")
@pytest.mark.threat("TM-PLANETSCALE-3")
def test_a_request_from_our_branch_that_we_have_not_made_is_left_alone() -> None:
    stage = Stage()
    after = lambda call: kill() if call == "run" else None  # noqa: E731
    with pytest.raises(Killed):
        stage.run(OfflinePlanetScale(stage.hub, after=after))
    stage.hub.open_request(NAME, "main", "", cuts_over=True)
    assert code(stage.run()) == "planetscale-request-not-ours"
    assert stage.production == BEFORE


@pytest.mark.invariant("PS-9")
def test_a_request_that_somebody_else_deployed_is_not_cut_over() -> None:
    stage = Stage()
    stage.run_until(S.READY)
    stage.hub.deploy(1)
    assert code(stage.run()) == "planetscale-deploy-of-others"
    for _ in range(5):
        stage.hub.step()
    assert code(stage.run()) == "planetscale-deploy-of-others"
    assert stage.did("cut over") == 0


def somebody_deploys(stage: Stage) -> int:
    stage.hub.create_branch("somebody", "main")
    stage.hub.execute("somebody", NOTES)
    number = stage.hub.open_request("somebody", "main", "", cuts_over=False)
    stage.hub.step()
    stage.hub.deploy(number)
    return number


@pytest.mark.invariant("PS-9")
def test_a_deploy_of_somebody_else_is_waited_for_by_its_number() -> None:
    stage = Stage()
    number = somebody_deploys(stage)
    held = stage.run()
    assert code(held) == "planetscale-queue-taken"
    assert isinstance(held, Held)
    assert f": {number}" in held.because.message
    assert NAME not in stage.hub.branches
    stage.hub.cancel(number)
    stage.hub.step()
    assert stage.run() == Deployed(number=2)


@pytest.mark.invariant("PS-9")
def test_a_deploy_of_somebody_else_before_ours_holds_ours() -> None:
    stage = Stage()
    stage.run_until(S.READY)
    somebody_deploys(stage)
    assert code(stage.run()) == "planetscale-queue-taken"
    assert stage.did("deploy 1") == 0


def test_a_branch_of_half_of_the_statements_is_made_again() -> None:
    stage = Stage()
    statements = AtCall(2, kill)
    around = lambda call: statements(call) if call == "statement" else None  # noqa: E731
    with pytest.raises(Killed):
        stage.run(OfflinePlanetScale(stage.hub, around=around))
    assert stage.did("run") == 1
    assert stage.run() == Deployed(number=1)
    assert stage.did("create") == 2
    assert stage.production == AFTER


def test_a_branch_that_never_comes_right_is_given_up() -> None:
    stage = Stage()
    made = stage.hub.store.copy

    def otherwise(branch: str, parent: str) -> None:
        made(branch, parent)
        stage.hub.store.tables(branch)["stale"] = NOTES.replace("notes", "stale")

    stage.hub.store.copy = otherwise  # type: ignore[method-assign]
    assert code(stage.run()) == "planetscale-branch-differs"
    assert stage.did("create") == BRANCHES_MADE_MAX
    assert stage.did("open") == 0


def refuses_the_plan() -> Stage:
    return Stage(Hub(MemoryStore({ADD: MEANING[ADD]}, {"main": dict(BEFORE)})))


def test_a_branch_that_refuses_the_plan_ends_it_and_is_not_left_behind() -> None:
    stage = refuses_the_plan()
    assert code(stage.run()) == "planetscale-statement-failed"
    assert list(stage.hub.branches) == ["main"]
    assert stage.production == BEFORE


@pytest.mark.invariant("PS-9")
def test_a_branch_whose_deletion_fails_once_is_not_left_behind_either() -> None:
    stage = refuses_the_plan()
    moment = AtCall(1, lose)
    around = lambda call: moment(call) if call == "delete_branch" else None  # noqa: E731
    result = stage.run(OfflinePlanetScale(stage.hub, around=around))
    assert isinstance(result, GivenUp)
    assert [one.code for one in result.because] == ["planetscale-statement-failed"]
    assert list(stage.hub.branches) == ["main"]


@pytest.mark.invariant("PS-9")
def test_a_branch_that_cannot_be_deleted_is_named() -> None:
    stage = refuses_the_plan()

    def never(call: str) -> None:
        if call == "delete_branch":
            lose()

    result = stage.run(OfflinePlanetScale(stage.hub, around=never))
    assert isinstance(result, GivenUp)
    codes = [one.code for one in result.because]
    assert codes == ["planetscale-statement-failed", "planetscale-branch-left"]
    assert NAME in result.because[1].message


def test_a_branch_that_is_not_ready_is_waited_for() -> None:
    stage = Stage()
    stage.hub.branches_are_ready = False

    def ready(call: str) -> None:
        if stage.hub.now_s > 1_000_060 and NAME in stage.hub.branches:
            branch = stage.hub.branches[NAME]
            stage.hub.branches[NAME] = replace(branch, is_ready=True)

    assert stage.run(OfflinePlanetScale(stage.hub, around=ready)) == Deployed(number=1)
    assert stage.hub.now_s > 1_000_060


@pytest.mark.invariant("PS-6")
def test_production_without_safe_migrations_is_not_touched() -> None:
    stage = Stage(Hub(MemoryStore(MEANING, {"main": dict(BEFORE)}), safe_migrations=False))
    assert code(stage.run()) == "planetscale-not-safe"
    assert stage.hub.did == []


@pytest.mark.invariant("PS-6")
def test_a_branch_that_is_not_of_production_is_not_deployed_into() -> None:
    stage = Stage()
    main = stage.hub.branches["main"]
    stage.hub.branches["main"] = replace(main, is_production=False)
    assert code(stage.run()) == "planetscale-not-safe"
    assert stage.hub.did == []


@pytest.mark.invariant("PS-9")
def test_a_branch_of_ours_that_somebody_made_one_of_production_is_left_alone() -> None:
    stage = Stage()
    after = lambda call: kill() if call == "create_branch" else None  # noqa: E731
    with pytest.raises(Killed):
        stage.run(OfflinePlanetScale(stage.hub, after=after))
    stage.hub.branches[NAME] = replace(stage.hub.branches[NAME], is_production=True)
    assert code(stage.run()) == "planetscale-branch-not-ours"
    assert stage.hub.did == [f"create {NAME}"]


@pytest.mark.invariant("PS-5")
def test_what_planetscale_warns_of_is_not_deployed_though_it_could_be() -> None:
    stage = Stage()
    stage.run_until(S.READY)
    request = stage.hub.requests[1]
    request.seen = replace(request.seen, errors=("a foreign key goes",))
    assert code(stage.run()) == "planetscale-not-deployable"
    assert stage.did("deploy") == 0


@pytest.mark.invariant("PS-10")
@pytest.mark.threat("TM-PLANETSCALE-7")
def test_a_deploy_that_is_complete_is_not_believed() -> None:
    stage = Stage()
    stage.run_until(S.COMPLETE_PENDING_REVERT)
    stage.production["orders"] = CREATED
    assert code(stage.run()) == "planetscale-read-back"
    assert stage.did("skip") == 0


def test_a_deploy_that_failed_is_told() -> None:
    stage = Stage()
    stage.hub.deploys_fail = True
    assert code(stage.run()) == "planetscale-deploy-failed"
    assert stage.production == BEFORE


@pytest.mark.parametrize("state", [S.PENDING, S.READY, S.QUEUED, S.IN_PROGRESS, S.PENDING_CUTOVER])
def test_a_cancel_ends_a_deploy_that_has_not_cut_over(state: DeploymentState) -> None:
    stage = Stage(is_released=False)
    stage.run_until(state)
    stage.asked = Asked.CANCEL
    assert code(stage.run()) == "planetscale-deploy-stopped"
    assert stage.production == BEFORE
    assert stage.hub.queue() == ()
    assert list(stage.hub.branches) == ["main"]


@pytest.mark.parametrize("asked", [Asked.STOP, Asked.CANCEL])
def test_whoever_asks_too_late_has_a_deploy_that_has_cut_over(asked: Asked) -> None:
    stage = Stage()
    stage.run_until(S.IN_PROGRESS_CUTOVER)
    stage.asked = asked
    assert stage.run() == Deployed(number=1)


@pytest.mark.invariant("PS-13")
@pytest.mark.parametrize("state", [S.PENDING, S.READY, S.QUEUED, S.IN_PROGRESS, S.PENDING_CUTOVER])
def test_a_stop_leaves_a_deploy_to_the_next_run(state: DeploymentState) -> None:
    stage = Stage(is_released=False)
    stage.run_until(state)
    stage.asked = Asked.STOP
    before = list(stage.hub.did)
    assert stage.run() == Left()
    assert stage.hub.did == before
    stage.is_released = True
    assert stage.again() == Deployed(number=1)
    assert stage.did("deploy") == stage.did("cut over") == 1


def test_what_it_waits_for_is_told() -> None:
    stage = Stage(revert_window_s=600)
    stage.run()
    states = [one.state for one in stage.told if isinstance(one, AtPlanetScale)]
    assert list(dict.fromkeys(states)) == [
        "pending",
        "queued",
        "submitting",
        "in_progress",
        "in_progress_cutover",
    ]
    assert any(isinstance(one, WayBackOpen) for one in stage.told)


@pytest.mark.invariant("PS-11")
def test_a_way_back_is_open_for_as_long_as_the_spec_says() -> None:
    stage = Stage(revert_window_s=600)
    stage.run_until(S.COMPLETE_PENDING_REVERT)
    ended_s = stage.hub.requests[1].seen.ended_s
    assert ended_s is not None
    assert stage.run() == Deployed(number=1)
    assert stage.did("skip") == 1
    assert ended_s + 600 <= stage.hub.now_s < ended_s + 640


@pytest.mark.invariant("PS-11")
@pytest.mark.parametrize("asked", [Asked.STOP, Asked.CANCEL])
def test_who_does_not_wait_for_the_way_back_leaves_it_open(asked: Asked) -> None:
    stage = Stage(revert_window_s=1_800)
    stage.run_until(S.COMPLETE_PENDING_REVERT)
    ended_s = stage.hub.requests[1].seen.ended_s
    assert ended_s is not None
    stage.asked = asked
    assert stage.run() == Deployed(number=1, revert_until_s=ended_s + 1_800)
    assert stage.did("skip") == 0


@pytest.mark.invariant("PS-11")
def test_a_way_back_that_ended_by_itself_is_no_way_back() -> None:
    stage = Stage(revert_window_s=1_800)
    stage.run_until(S.COMPLETE_PENDING_REVERT)
    stage.hub.step(REVERT_WINDOW_S)
    assert stage.run() == Deployed(number=1)
    assert stage.did("skip") == 0


def test_a_deploy_that_was_reverted_is_told_and_not_done_again() -> None:
    stage = Stage(revert_window_s=1_800)
    stage.run_until(S.COMPLETE_PENDING_REVERT)
    stage.hub.revert(1)
    assert code(stage.run()) == "planetscale-deploy-reverted"
    assert stage.production == BEFORE
    assert stage.did("deploy") == 1


def test_a_service_that_is_gone_leaves_the_deploy_open() -> None:
    stage = Stage()
    result = stage.run(OfflinePlanetScale(stage.hub, around=lambda call: lose()))
    assert isinstance(result, LeftOpen)
    assert stage.hub.did == []


@pytest.mark.invariant("PS-7")
def test_nothing_is_sent_where_the_intent_cannot_be_recorded() -> None:
    stage = Stage()

    class Full(SimIntents):
        def intend(
            self, step: DeployStep, *, at_s: float, number: int = 0, because: Problem | None = None
        ) -> None:
            lose()

    stage.intents = Full()
    with pytest.raises(Unavailable):
        stage.run()
    assert stage.hub.did == []


def test_production_that_is_as_planned_already_needs_no_deploy() -> None:
    stage = Stage(Hub(MemoryStore(MEANING, {"main": dict(AFTER)})))
    assert stage.run() == Deployed(number=None)
    assert stage.hub.did == []
