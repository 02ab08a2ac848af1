"""What a rollout's next step is decided on: where everything stands, and what the spec allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from reconciler.ledger.copies import CutoverOverdue
from reconciler.ledger.model import ReleasedCopy
from reconciler.ledger.reasons import Reason
from reconciler.ledger.states import OperationState as S
from reconciler.plan.model import Moment
from reconciler.rollout.cutover import ReadyCopy
from reconciler.rollout.promotion import PromotionSnapshot
from reconciler.rollout.waves import Waves
from reconciler.spec.model import CutoverSpec, OnFailure
from reconciler.spec.promotion import PromotionCheck


class Asked(StrEnum):
    """What a person asked of this run."""

    NOTHING = "nothing"
    STOP = "stop"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutLimits:
    """What the spec allows. `hosts` tells servers apart: shards on one are not two servers.
    `last_wave` is the number of the last wave this run may start; None: all."""

    on_failure: OnFailure
    parallel: int
    parallel_per_host: int | None = None
    hosts: Mapping[str, str] = field(default_factory=dict)
    soak_s: int = 0
    gate: bool = False
    promote_if: tuple[PromotionCheck, ...] = ()
    cutover: CutoverSpec = field(default_factory=CutoverSpec)
    cutover_windows: tuple[str, ...] = ()
    last_wave: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalizerSnapshot:
    """Where each step of the whole keyspace stands that the plan has. `in_vain` are those that this
    run has tried, or looked at, often enough."""

    states: Mapping[Moment, S] = field(default_factory=dict)
    in_flight: Moment | None = None
    in_vain: frozenset[Moment] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class RolloutSnapshot:
    """Where every shard with work stands. Waves are numbered from 1 and may be empty.

    `looked_at` are shards in unknown state that were looked at in vain; `gates_open` is how many
    gates between waves with work are open; `guard_hold` says why a guard lets nothing start, if
    one does. Of the shards in flight, `ready` are those whose complete copy waits to be released;
    `cutover_hold` says why this run has stopped copies, if it has. `wall_s` is the time of day.
    """

    waves: Waves
    states: Mapping[str, S]
    settled_s: Mapping[str, float]
    now_s: float
    in_flight: frozenset[str] = frozenset()
    looked_at: frozenset[str] = frozenset()
    asked: Asked = Asked.NOTHING
    gates_open: int = 0
    failures_released: bool = False
    guard_hold: Reason | None = None
    ready: Mapping[str, ReadyCopy] = field(default_factory=dict)
    copies_released: tuple[ReleasedCopy, ...] = ()
    cutover_hold: CutoverOverdue | None = None
    wall_s: float = 0.0
    finalizers: FinalizerSnapshot = field(default_factory=FinalizerSnapshot)
    promotion: PromotionSnapshot = field(default_factory=PromotionSnapshot)
