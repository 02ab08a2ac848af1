"""A keyspace at PlanetScale, as the one shard that it is to an apply: its statements go through a
deploy request, and the rows of its tables say how far that is.

To the driver a deploy is a copy that waits to be swapped in: it is released by a person or by the
time of day as any copy is, and stopped or given up as one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.ddl.fingerprint import schema_fingerprint
from reconciler.drive.deploy.loop import (
    DeploymentTask,
    LeftOpen,
    Result,
    Tables,
    Waits,
    branch_name,
    run_deployment,
)
from reconciler.drive.limits import ROLLOUT_POLL_S
from reconciler.drive.shard.problems import still_unknown
from reconciler.drive.shard.progress import ShardProgress
from reconciler.drive.shard.recorder import RecordLost, ShardRecorder
from reconciler.drive.shard.task import (
    RolloutWorld,
    ShardResult,
    ShardTask,
    StopSignal,
    WaitingCopy,
)
from reconciler.errors import Problem, ReconcilerError
from reconciler.guard.health import outside_window
from reconciler.guard.model import Refusal, problem_from
from reconciler.guard.windows import is_open
from reconciler.ledger.copies import ItsCutover
from reconciler.ledger.deploys import AtPlanetScale, DeployIntended, DeployIntent, DeployStep
from reconciler.ledger.model import DeployEntry, Lease, ReleasedCopy
from reconciler.ledger.reasons import FoundRunning
from reconciler.ledger.states import SETTLED, OperationState
from reconciler.model.object_id import table_id
from reconciler.ports.deploy_requests import DeployRequests
from reconciler.rollout.cutover import CopyOrder
from reconciler.rollout.deployment import Deployed, GivenUp, Held, Left, Stand
from reconciler.rollout.snapshot import Asked
from reconciler.rollout.transitions import TRANSITIONS, Move
from reconciler.spec.model import PlanetScaleDatabase

_ASKED = {
    CopyOrder.GO_ON: Asked.NOTHING,
    CopyOrder.STOP: Asked.STOP,
    CopyOrder.STOP_HELD: Asked.STOP,
    CopyOrder.GIVE_UP: Asked.CANCEL,
    CopyOrder.GIVE_UP_HELD: Asked.CANCEL,
    CopyOrder.LEAVE: Asked.STOP,
}


def run_deploy(
    world: RolloutWorld,
    task: ShardTask,
    database: PlanetScaleDatabase,
    lease: Lease,
    stop: StopSignal,
) -> ShardResult:
    """Take the plan to production, or as far as it comes. Raises nothing of the world's."""
    return _DeployRun(world, task, database, lease, stop).run()


def settle_deploy(
    world: RolloutWorld,
    task: ShardTask,
    database: PlanetScaleDatabase,
    lease: Lease,
) -> ShardResult:
    """A deploy whose driver died, or did not see it any more, is PlanetScale's to go on with: once
    PlanetScale answers, it is for `run_deploy` to look at all of it and take it up."""
    record = ShardRecorder(world.ledger, lease, world.clock, task.work.shard, task.rows)
    unknown = [row.object_id for row in record.rows if row.state is OperationState.UNKNOWN]
    try:
        try:
            _deploys_of(world).branch(database, database.branch)
        except ReconcilerError as error:
            problem = still_unknown(task.work.shard, error.problems[0].message)
            for object_id in unknown:
                record.explain(object_id, problem)
        else:
            for object_id in unknown:
                record.move(object_id, Move.FIND_RUNNING)
                record.tell(FoundRunning(), object_id)
        record.write()
    except RecordLost as lost:
        return ShardResult(shard=task.work.shard, rows=record.rows, ends_run=lost.problem)
    return ShardResult(shard=task.work.shard, rows=record.rows)


class _DeployRun:
    """Also the `DeployIntents` of its deploy."""

    def __init__(
        self,
        world: RolloutWorld,
        task: ShardTask,
        database: PlanetScaleDatabase,
        lease: Lease,
        stop: StopSignal,
    ) -> None:
        self._world = world
        self._task = task
        self._database = database
        self._stop = stop
        self._shard = task.work.shard
        self._copy = ReleasedCopy(self._shard, task.next_index)
        self._record = ShardRecorder(world.ledger, lease, world.clock, self._shard, task.rows)
        self._progress = ShardProgress(world.workers, world.clock, task.work)
        self._waits: Waits | None = None
        self._has_cut_over = False

    def run(self) -> ShardResult:
        hold: Refusal | None = None
        lost: Problem | None = None
        try:
            self._record.resume_stopped()
            if self.intents():
                self._begin()
            result = run_deployment(_deploys_of(self._world), self, self._deployment())
            hold = self._ended(result)
            self._record.write()
        except RecordLost as error:
            lost = error.problem
        except ReconcilerError as error:  # the ledger's: what PlanetScale raises is a result
            lost = error.problems[0]
        finally:
            self._stop.waiting.pop(self._shard, None)
        return ShardResult(
            shard=self._shard,
            rows=self._record.rows,
            statements_run=len(self._task.work.statements) if self._has_cut_over else 0,
            hold=hold,
            ends_run=lost,
        )

    def intents(self) -> Mapping[DeployStep, DeployIntent]:
        return self._world.ledger.deploys(self._task.apply_id)

    def intend(
        self, step: DeployStep, *, at_s: float, number: int = 0, because: Problem | None = None
    ) -> None:
        self._begin()
        if step is DeployStep.CUT_OVER:
            self._has_cut_over = True
            self._move(OperationState.WAITING_FOR_CUTOVER, Move.CUT_OVER)
        before = self.intents().get(step)
        times = before.times + 1 if before is not None else 1
        told = DeployIntended(step, number, because.message if because is not None else "")
        self._record.intend_deploy(
            DeployEntry(step=step, intent=DeployIntent(at_s=at_s, times=times, because=because)),
            told,
        )

    def _deployment(self) -> DeploymentTask:
        return DeploymentTask(
            database=self._database,
            name=branch_name(self._task.plan_id, self._task.apply_id),
            notes=f"reconciler, plan {self._task.plan_id}",
            statements=tuple(statement.sql for statement in self._task.work.statements),
            stand=self._stand,
            pause=self._pause,
            held=self._held,
            is_released=self._is_released,
            asked=lambda: _ASKED[self._stop.copies],
            tell=self._tell,
        )

    def _stand(self, tables: Tables) -> Stand:
        """Of all managed tables; one that cannot be read is of no state that was planned."""
        basis, change_set = self._task.basis, self._task.work.change_set
        managed = {table_id(name): text for name, text in tables}
        try:
            found = schema_fingerprint(
                {
                    object_id: basis.fingerprint(object_id, text)
                    for object_id, text in managed.items()
                    if basis.is_managed(object_id)
                }
            )
        except ReconcilerError:
            return Stand.ASTRAY
        ends = {change_set.before: Stand.BEFORE, change_set.after: Stand.AFTER}
        return ends.get(found, Stand.ASTRAY)

    def _held(self) -> Problem | None:
        windows, now_s = self._task.rollout.windows, self._world.clock.now_s()
        refusal = outside_window(windows, now_s, what="no deploy")
        return problem_from(refusal) if refusal else None

    def _is_released(self) -> bool:
        """A window may close between the release and the cutover."""
        windows = self._task.rollout.cutover_windows
        is_released = self._copy in self._stop.released
        return is_released and is_open(windows, self._world.clock.now_s())

    def _pause(self, seconds: float) -> None:
        """Nobody who released a cutover, or asked to stop, waits for a pause."""
        until_s = self._world.clock.monotonic_s() + seconds
        before = (self._stop.copies, self._is_released())
        while (left_s := until_s - self._world.clock.monotonic_s()) > 0:
            if before != (self._stop.copies, self._is_released()):
                return
            self._world.clock.sleep(min(ROLLOUT_POLL_S, left_s))

    def _tell(self, waits: Waits) -> None:
        """To those who watch; and to the driver, that a cutover waits to be released."""
        if isinstance(waits, ItsCutover):
            self._await_cutover()
        else:
            self._stop.waiting.pop(self._shard, None)
            self._move(OperationState.WAITING_FOR_CUTOVER, Move.CUT_OVER)
        if waits == self._waits:
            return
        if _without_percent(waits) != _without_percent(self._waits):
            self._progress.waits(waits)
        self._waits = waits
        for row in self._record.rows:
            if row.state not in SETTLED:
                self._record.wait(row.object_id, waits)

    def _await_cutover(self) -> None:
        self._move(OperationState.RUNNING, Move.AWAIT_CUTOVER)
        is_new = self._shard not in self._stop.waiting and self._copy not in self._stop.released
        if is_new:
            since_s = self._world.clock.monotonic_s()
            self._stop.waiting[self._shard] = WaitingCopy(self._copy.index, since_s)

    def _begin(self) -> None:
        for state in (OperationState.PENDING, OperationState.FAILED_RETRYABLE):
            self._move(state, Move.START)

    def _move(self, state: OperationState, move: Move, problem: Problem | None = None) -> None:
        for row in self._record.rows:
            if row.state is state:
                self._record.move(row.object_id, move, problem)

    def _ended(self, result: Result) -> Refusal | None:
        """The rows as the deploy has left them; what a guard holds it with, if one does."""
        match result:
            case Deployed():
                self._complete()
            case GivenUp(because=because) if _ASKED[self._stop.copies] is Asked.CANCEL:
                self._record.explain(self._record.rows[0].object_id, because[0])
                self._record.stop_halfway()
            case GivenUp(because=because):
                self._fail(because[0])
            case LeftOpen(because=problem) if not self.intents():
                self._fail(problem)  # nothing was sent
            case LeftOpen(because=problem):
                for state in (OperationState.RUNNING, OperationState.WAITING_FOR_CUTOVER):
                    self._move(state, Move.LOSE, problem)
            case Held(because=problem):
                self._record.stop_halfway()
                return Refusal(
                    code=problem.code,
                    message=problem.message,
                    recovery=problem.recovery,
                    shard=self._shard,
                )
            case Left():
                self._record.stop_halfway()
        return None

    def _complete(self) -> None:
        self._move(OperationState.WAITING_FOR_CUTOVER, Move.CUT_OVER)
        for operation in self._task.work.operations:
            object_id = operation.key.object_id
            if self._record.state(object_id) not in SETTLED:
                self._record.count_done(object_id, len(operation.indexes))
                self._record.complete(object_id)

    def _fail(self, problem: Problem) -> None:
        failing = (row for row in self._record.rows if (row.state, Move.FAIL) in TRANSITIONS)
        if (first := next(failing, None)) is not None:
            self._record.fail(first.object_id, problem)


def _without_percent(waits: Waits | None) -> Waits | None:
    return replace(waits, percent=0) if isinstance(waits, AtPlanetScale) else waits


def _deploys_of(world: RolloutWorld) -> DeployRequests:
    assert world.deploys is not None, "the plan is of a keyspace at PlanetScale"
    return world.deploys
