"""What became of a step that was sent and not answered: learned by looking, never by sending it
again (ST-10)."""

from __future__ import annotations

from reconciler.drive.finalizer.problems import (
    vschema_drifted,
    vschema_lost_again,
    vschema_still_unknown,
)
from reconciler.drive.finalizer.recorder import FinalizerRecorder
from reconciler.drive.finalizer.task import FinalizerResult, FinalizerTask
from reconciler.drive.limits import (
    SETTLE_LOOKS_MAX,
    SETTLE_PAUSE_S,
    SETTLES_PER_SHARD_MAX,
    VSCHEMA_ON_ITS_WAY_S,
)
from reconciler.drive.shard.recorder import RecordLost
from reconciler.drive.shard.task import Brake, RolloutWorld, StopSignal, pause, retry_pause_s
from reconciler.errors import Problem, ReconcilerError
from reconciler.ledger.model import Lease
from reconciler.ledger.states import OperationState


def settle_finalizer(
    world: RolloutWorld, task: FinalizerTask, lease: Lease, stop: StopSignal, *, times: int
) -> FinalizerResult:
    """Move an unknown step to where the VSchema is; it stays unknown if nobody can tell yet. What
    is lost for so many `times` in one run is left to the next one (ST-17). Raises nothing of the
    world's."""
    record = FinalizerRecorder(world.ledger, lease, world.clock, task.row)
    try:
        _settle(world, task, record, stop)
        is_undone = record.row.state is OperationState.PENDING
        if is_undone and times >= SETTLES_PER_SHARD_MAX:
            record.fail_for_now(vschema_lost_again(task.step, times))
    except RecordLost as lost:
        return FinalizerResult(row=record.row, ends_run=lost.problem)
    return FinalizerResult(row=record.row)


def _settle(
    world: RolloutWorld, task: FinalizerTask, record: FinalizerRecorder, stop: StopSignal
) -> None:
    """Seen at its before-state for so long that nothing can be on its way any more, it never ran:
    what takes Vitess longer has been given up there."""
    never_ran_s = world.clock.monotonic_s() + VSCHEMA_ON_ITS_WAY_S
    unseen = 0
    while True:
        is_ended = stop.brake is Brake.AFTER_STATEMENT
        try:
            live = task.look()
        except ReconcilerError as error:
            unseen += 1
            if is_ended or unseen >= SETTLE_LOOKS_MAX:
                record.explain(vschema_still_unknown(task.step, error.problems[0]))
                return
            pause(world.clock, stop, retry_pause_s(unseen, world.jitter()))
            continue
        if live == task.step.after:
            record.find_done()
            return
        if live != task.step.before:
            record.fail(vschema_drifted(task.step, live))
            return
        if world.clock.monotonic_s() >= never_ran_s:
            record.find_undone()
            return
        if is_ended:
            record.explain(vschema_still_unknown(task.step, _on_its_way()))
            return
        pause(world.clock, stop, SETTLE_PAUSE_S)


def _on_its_way() -> Problem:
    return Problem(
        code="outcome-unknown",
        message="it may be on its way to Vitess yet",
        recovery="`reconciler resume` looks again",
    )
