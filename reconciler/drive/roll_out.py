"""Rolls a checked plan out: opens the apply's record, drives it to an end, lets go of it.

The caller has taken the locks and checked the whole keyspace under them; whatever is run here is
checked again table by table, right before each statement.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from reconciler.drive.driver import RolloutDriver
from reconciler.drive.open import RolloutOrder, open_apply
from reconciler.drive.retention import forget_old
from reconciler.drive.shard.task import RolloutWorld
from reconciler.errors import Problem, Refused
from reconciler.guard.model import Done
from reconciler.limits import SHARDS_AT_WORK_MAX
from reconciler.model.engine import TRAITS
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.outcomes.progress import ProgressEvent, RolloutEnded
from reconciler.plan.validate import core_errors, part_errors
from reconciler.ports.shards import HeldLocks
from reconciler.rollout.operations import ShardWork, work_of
from reconciler.rollout.snapshot import RolloutLimits
from reconciler.rollout.waves import WaveChoice
from reconciler.spec.model import ShardSpec


def roll_out(
    world: RolloutWorld,
    order: RolloutOrder,
    locks: HeldLocks,
    *,
    on_progress: Callable[[ProgressEvent], None],
) -> ApplyOutcome:
    """Run what is left of the plan, in waves. The caller holds every shard's lock and has checked
    the whole keyspace under it. Raises Refused if the ledger keeps the keyspace reserved for
    another apply, or disagrees with the shards; Unavailable if nothing could be recorded: nothing
    was sent then."""
    is_part = order.environment.region is not None
    work = work_of(order.plan, part_errors if is_part else core_errors)
    core = order.plan.core
    is_done = all(isinstance(order.standings[shard.shard], Done) for shard in work)
    if is_done and all(order.finalizers_done.values()):
        region = order.environment.region or ""
        found = world.ledger.unfinished(core.environment, core.keyspace, region)
        if found is None or found.plan_id != order.plan.plan_id:
            return ApplyOutcome(
                environment=core.environment,
                keyspace=core.keyspace,
                region=order.environment.region,
                verdict=ApplyVerdict.NOTHING_TO_DO,
                plan=order.plan,
            )
    _check_wave_choice(order, work)
    _check_copies(order, work)
    opened = open_apply(world.ledger, world.clock, order, work)
    driver = RolloutDriver(world, order, work, _limits(order), opened, locks, on_progress)
    try:
        outcome = driver.run()
        if outcome.verdict is ApplyVerdict.COMPLETED:
            ledger, now_s = world.ledger, world.clock.now_s()
            forget_old(ledger, order.environment, core.keyspace, work, now_s=now_s)
        outcome = _looked_over(outcome, order)
        now_s = world.clock.now_s()
        on_progress(RolloutEnded(at_s=now_s, keyspace=core.keyspace, verdict=outcome.verdict))
        return outcome
    finally:
        driver.give_up()


def _looked_over(outcome: ApplyOutcome, order: RolloutOrder) -> ApplyOutcome:
    """GD-16: of an apply that is done, a look at every shard, those that it did not touch and those
    of earlier waves among them. The record stays as it is: all that was planned has run."""
    if outcome.verdict is not ApplyVerdict.COMPLETED:
        return outcome
    found = order.last_look()
    told = (*found.drifted, *found.unseen)
    if not told:
        return outcome
    verdict = ApplyVerdict.DRIFTED if found.drifted else ApplyVerdict.UNCONFIRMED
    return replace(outcome, verdict=verdict, refusals=told)


def _check_wave_choice(order: RolloutOrder, work: tuple[ShardWork, ...]) -> None:
    if order.waves is not WaveChoice.REST:
        return
    for shard in work:
        if shard.wave == 1 and not isinstance(order.standings[shard.shard], Done):
            raise Refused(
                Problem(
                    code="canary-not-done",
                    message=f"shard {shard.shard} of the first wave is not done yet",
                    recovery="`reconciler apply --wave canary` first",
                )
            )


def _check_copies(order: RolloutOrder, work: tuple[ShardWork, ...]) -> None:
    """All copies of a wave that belong together must have room together, or none ever cuts over."""
    rollout = order.environment.rollout
    most = max(rollout.parallel, SHARDS_AT_WORK_MAX)
    copying = Counter(
        shard.wave
        for shard in work
        if any(TRAITS[statement.engine].copies for statement in shard.statements)
    )
    for wave, shards in sorted(copying.items()):
        if rollout.cutover.is_of_wave and shards > most:
            raise Refused(
                Problem(
                    code="cutover-wave-too-large",
                    message=f"wave {wave} makes copies on {shards} shards, and `cutover` keeps all"
                    f" of them until the last is complete; one process keeps {most} at most",
                    recovery="give the spec smaller `waves`, or take `gate` and `together` out of"
                    " `cutover`, then plan again",
                )
            )


def _limits(order: RolloutOrder) -> RolloutLimits:
    rollout = order.environment.rollout
    return RolloutLimits(
        on_failure=rollout.on_failure,
        parallel=rollout.parallel,
        parallel_per_host=rollout.parallel_per_host,
        hosts={
            spec.name: order.basis[spec.name].server or _host(spec)
            for spec in order.environment.shards
        },
        soak_s=rollout.soak_s,
        gate=rollout.gate and not _is_ordered(order),
        promote_if=rollout.promote_if,
        cutover=rollout.cutover,
        cutover_windows=rollout.cutover_windows,
        last_wave=1 if order.waves is WaveChoice.CANARY else order.last_wave,
    )


def _is_ordered(order: RolloutOrder) -> bool:
    """Whoever asks for the rest of the waves, or for one of them, opens the gate before it: of a
    gate that the spec keeps for somebody, a part was asked before, and nobody else can (RG-38)."""
    if order.last_wave is not None:
        return True
    return order.waves is WaveChoice.REST and not order.environment.rollout.gate_by


def _host(spec: ShardSpec) -> str:
    """Equal for shards on one server, as far as the spec tells; compared, never shown."""
    parts = (spec.connection.host, spec.connection.port, spec.connection.socket or "")
    return "\n".join(parts).replace("{shard}", spec.name)
