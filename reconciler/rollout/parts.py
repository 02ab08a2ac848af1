"""What a machine is asked to do of a reviewed plan: one wave, in its region or on all shards.

An order says which part, and when; never what (RG-21). Whoever gives it may be wrong, late or
somebody else: what it says of the plan is held against the plan, and its time against what the
shards and the ledger of the region say of the waves before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.guard.model import Done, Refusal, ToDo
from reconciler.ledger.model import StoredApply, StoredOperation
from reconciler.ledger.states import SETTLED, ApplyState, OperationState
from reconciler.plan.model import Plan, PlanCore, RuleVersions
from reconciler.rollout.hold import kept_for
from reconciler.rollout.operations import waves_with_work
from reconciler.rollout.part_order import PART_PROTOCOL, PartOrder
from reconciler.spec.model import Region, RolloutSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One wave in one region, where it has work."""

    wave: int
    region: str


def parts_of(core: PlanCore, regions: Iterable[Region]) -> tuple[Part, ...]:
    """All that a plan's rollout consists of, each part once, in the order in which it is due: those
    of one wave side by side, no part of a wave before every part of the waves before it (RG-30)."""
    ordered = sorted(regions, key=lambda region: region.name)
    return tuple(
        Part(wave=number, region=region.name)
        for number, wave in enumerate(waves_with_work(core), start=1)
        for region in ordered
        if not frozenset(region.shards).isdisjoint(wave)
    )


def held_waves(core: PlanCore) -> tuple[int, ...]:
    """Those with a gate and a soak before them: all that have work but the first."""
    return tuple(number for number, wave in enumerate(waves_with_work(core), start=1) if wave)[1:]


@dataclass(frozen=True, slots=True)
class WaveLeft:
    """The first wave of an apply with something left to do."""

    wave: int
    has_begun: bool


def wave_left(recorded: Iterable[StoredOperation]) -> WaveLeft | None:
    """An apply has come to its first wave when it was begun: that was ordered then."""
    rows = tuple(recorded)
    left = min((row.wave for row in rows if row.state not in SETTLED), default=None)
    if left is None:
        return None
    has_begun = any(row.started_s is not None for row in rows if row.wave == left)
    return WaveLeft(left, has_begun or left == min(row.wave for row in rows))


def order_refusals(
    order: PartOrder, plan: Plan | None, rules: RuleVersions, region: str | None
) -> Iterator[Refusal]:
    """What can be said before anything is connected to. `rules` are those of this program."""
    if order.protocol != PART_PROTOCOL:
        yield Refusal(
            code="part-protocol",
            message=f"the order is of protocol {order.protocol}, and this version of reconciler"
            f" knows {PART_PROTOCOL}",
            recovery="run one version of reconciler where orders are given and where they are"
            " carried out: upgrade the regions first",
        )
        return
    if order.plan_id is not None and (plan is None or plan.plan_id != order.plan_id):
        yield Refusal(
            code="part-of-another-plan",
            message="the order is for another plan than the one of this commit",
            recovery="give the order again, for the plan that was merged",
            expected=order.plan_id,
            observed=plan.plan_id if plan is not None else "no plan",
        )
        return
    if plan is None:
        return
    if not 1 <= order.wave <= len(plan.core.waves):
        yield Refusal(
            code="part-wave-unknown",
            message=f"the order is for wave {order.wave}, and the plan has {len(plan.core.waves)}",
            recovery="give the order again, by the plan's waves",
        )
    if plan.core.rules != rules:
        where = "this machine" if region is None else f"region {region}"
        yield Refusal(
            code="part-rules",
            message=f"{where} compares definitions, writes them or judges dangers by other rules"
            " than the plan was made by",
            recovery=f"run in {where} the version of reconciler that made the plan, or plan again"
            " with this one and have the plan reviewed",
            expected=_rules(plan.core.rules),
            observed=_rules(rules),
        )


def kept_gate_refusals(
    order: PartOrder, core: PlanCore, rollout: RolloutSpec
) -> tuple[Refusal, ...]:
    """RG-38: an order is a gate's release, unless the spec says whose it is."""
    people = kept_for(rollout, None)
    if not people or order.wave not in held_waves(core):
        return ()
    return (
        Refusal(
            code="wave-gate-kept",
            message=f"the spec keeps the gate before wave {order.wave} for {', '.join(people)}, and"
            " no forge says that one of them opened it",
            recovery="roll it out by the workflow of `reconciler ci workflow`, and have one of"
            " them let the wave in",
        ),
    )


def spent_gate_refusals(
    order: PartOrder, core: PlanCore, rollout: RolloutSpec, latest: StoredApply | None
) -> tuple[Refusal, ...]:
    """RG-51: who let the run in did so for the apply that somebody has cancelled since. `latest` is
    the last one that the ledger knows of, of this plan."""
    if not order.is_rerun or not rollout.gate or order.wave not in held_waves(core):
        return ()
    if latest is None or latest.state is not ApplyState.CANCELLED:
        return ()
    return (
        Refusal(
            code="wave-gate-spent",
            message=f"apply {latest.apply_id} of this plan was cancelled, and this run is run"
            f" again: who let it in before wave {order.wave} let in that apply",
            recovery="start the workflow anew, and have its waves let in again",
        ),
    )


def early_refusals(
    order: PartOrder,
    part: PlanCore,
    standings: Mapping[str, ToDo | Done],
    recorded: Iterable[StoredOperation],
    *,
    soak_s: int,
    now_s: float,
    goes_past_failures: bool = False,
) -> Iterator[Refusal]:
    """RG-22: the waves before must be done here, and rested for as long as the spec says. `part` is
    what the plan says of the shards at hand, `recorded` what the ledger knows of them. Of other
    regions this one knows nothing: that their waves are done is the word of whoever orders.
    `goes_past_failures`: a shard that failed in this apply holds no later wave (RG-85)."""
    waves, recorded = waves_with_work(part), tuple(recorded)
    earlier = [shard for wave in waves[: order.wave - 1] for shard in wave]
    failed = {row.shard for row in recorded if row.state is OperationState.FAILED}
    passed = failed if goes_past_failures else set()
    undone = [
        shard
        for shard in earlier
        if shard not in passed and not isinstance(standings.get(shard), Done)
    ]
    if undone:
        number = next(n for n, wave in enumerate(waves, start=1) if undone[0] in wave)
        yield Refusal(
            code="part-out-of-order",
            shard=undone[0],
            message=f"wave {order.wave} was ordered before shard {undone[0]} of wave {number} is"
            " done",
            recovery=f"`reconciler apply --wave {number}` first",
        )
        return
    begun = any(row.started_s is not None for row in recorded if row.wave == order.wave)
    settled_s = [row.settled_s for row in recorded if row.wave < order.wave and row.settled_s]
    left_s = max(settled_s, default=0.0) + soak_s - now_s
    if settled_s and left_s > 0 and not begun:
        yield Refusal(
            code="part-soak",
            message=f"wave {order.wave} was ordered {left_s:,.0f} s before the soak after the wave"
            f" before it is over ({soak_s:,} s)",
            recovery="order it again when the soak is over",
        )


def _rules(rules: RuleVersions) -> str:
    return f"normalizer {rules.normalizer}, renderer {rules.renderer}, hazards {rules.hazards}"
