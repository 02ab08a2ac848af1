"""What a tick of a split has looked at: the facts that its next action rests on.

Servers tell what stands there now; what this process has found out itself since its tick began
(`Progress`) is lost with it, and found out again.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.limits import LEASE_LEFT_S_MAX, LEASE_SKEW_S_MAX
from reconciler.reshard.helper_tables import FenceState, GuardState
from reconciler.reshard.job import Approval, TableGround
from reconciler.reshard.limits import (
    FENCED_WORK_S_UNNOTICED,
    FENCES_IN_TICK,
    ROUND_LEAVES_SHARE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSeen:
    """`ground` is of every table that is there; `untracked` and `unfenced` name those whose
    triggers do not stand to the letter, `unqueued` those whose queue is not there, `unplanned`
    tables that no plan knows. `altered` are not as they were planned: it is looked at as long as
    the job has no ground, which tells of every later change. `fence_left_s` None: it does not open
    by itself, or there is none. `queued` counts keys that are still to go over, the oldest of them
    waiting for `oldest_s`, `prepared` XA transactions that nobody has ended."""

    shard: str
    ground: tuple[TableGround, ...] = ()
    missing: tuple[str, ...] = ()
    unplanned: tuple[str, ...] = ()
    altered: tuple[str, ...] = ()
    untracked: tuple[str, ...] = ()
    unfenced: tuple[str, ...] = ()
    unqueued: tuple[str, ...] = ()
    fence: FenceState | None = None
    fence_epoch: int = 0
    fence_left_s: float | None = None
    prepared: int = 0
    queued: int = 0
    oldest_s: float | None = None
    is_retired: bool = False

    @property
    def may_refuse_writes(self) -> bool:
        """Also once its time has run out: until it is open again, nobody flips it."""
        return self.fence in (FenceState.FENCED, FenceState.SEALED)

    def is_closed_by(self, epoch: int) -> bool:
        """Whether no write has passed since this epoch closed it."""
        if self.fence_epoch != epoch:
            return False
        return self.fence is FenceState.SEALED or (
            self.fence is FenceState.FENCED and (self.fence_left_s or 0.0) > 0
        )

    def is_sealed_by(self, epoch: int) -> bool:
        return self.fence is FenceState.SEALED and self.fence_epoch == epoch


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetSeen:
    """`guard` is looked at behind the cutover, and None before. `missing` names what rows go to, or
    are acknowledged in, and is not there, `events` those that run by themselves; nobody looks while
    a fence is closed, or a request waits for its answer."""

    shard: str
    guard: GuardState | None = None
    missing: tuple[str, ...] = ()
    events: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What this tick has done and measured. `is_compared`: every range of every table was found
    equal once; `to_compare` counts the rows that may have changed since, `compared_from` how many
    those were before the last round of comparing them, if there was one since rows were followed.
    Rates are keys a second, None as long as nothing was measured; `compared_again_per_s` is of such
    rounds, which read single rows. `drained_for_s` is for how long the queue was followed without a
    break, `fences_lost` how often a fence was closed for nothing, `at_cutover_s` for how long the
    job has been at its cutover. `left` are targets of a split that was given up which did not
    answer, and keep what it made there."""

    is_cleared: bool = False
    is_prepared: bool = False
    is_guarded: bool = False
    is_copied: bool = False
    is_compared: bool = False
    to_compare: int = 0
    compared_from: int | None = None
    is_finished: bool = False
    has_triggers: bool = False
    is_unguarded: bool = False
    is_source_dropped: bool = False
    is_cleaned: bool = False
    left: tuple[str, ...] = ()
    arrivals_per_s: float | None = None
    drained_per_s: float | None = None
    compared_per_s: float | None = None
    compared_again_per_s: float | None = None
    drained_for_s: float = 0.0
    fences_lost: int = 0
    at_cutover_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """`brake` is why the copy has to rest now: load or lag beyond what the spec allows.
    `has_cut_over` tells whether the catalog names the job's targets, read since the tick began."""

    sources: tuple[SourceSeen, ...]
    targets: tuple[TargetSeen, ...]
    progress: Progress = field(default_factory=Progress)
    brake: str | None = None
    has_cut_over: bool = False

    @property
    def queued(self) -> int:
        return sum(source.queued for source in self.sources)

    @property
    def prepared(self) -> int:
        return sum(source.prepared for source in self.sources)

    @property
    def ground(self) -> tuple[TableGround, ...]:
        return tuple(sorted(table for source in self.sources for table in source.ground))

    @property
    def is_tracked(self) -> bool:
        return not any(source.untracked or source.missing for source in self.sources)

    @property
    def is_armed(self) -> bool:
        return self.progress.is_guarded and not any(source.unfenced for source in self.sources)

    @property
    def is_retired(self) -> bool:
        return all(source.is_retired for source in self.sources)

    @property
    def is_open(self) -> bool:
        """Guards that are gone are cleaned up, behind an opening: one whose triggers stand without
        it is no answer."""
        return not any(target.guard is GuardState.CLOSED for target in self.targets)

    @property
    def drain_s(self) -> float | None:
        """How long the queue would take once no write arrives; None: nobody can tell yet."""
        return _seconds(self.queued, self.progress.drained_per_s)

    @property
    def fenced_work_s(self) -> float | None:
        """The same, of all that is left to do behind a fence."""
        per_s = self.progress.compared_again_per_s or self.progress.compared_per_s
        compare_s = _seconds(self.progress.to_compare, per_s)
        drain_s = self.drain_s
        return None if drain_s is None or compare_s is None else drain_s + compare_s

    @property
    def gains_by_a_round(self) -> bool:
        """Whether one more round of comparing beside the writers makes the time for which they are
        refused notably shorter."""
        before, left = self.progress.compared_from, self.progress.to_compare
        if before is None and left:
            return True
        if (self.fenced_work_s or 0.0) < FENCED_WORK_S_UNNOTICED:
            return False
        return before is None or left < ROUND_LEAVES_SHARE * before


@dataclass(frozen=True, slots=True, kw_only=True)
class TickLimits:
    """`left_s` of the tick. `since_cutover_s` None: the job was not cut over."""

    left_s: float
    fence_budget_s: float
    grace_s: float
    retain_s: float
    approved: frozenset[Approval]
    needed: frozenset[Approval]
    since_cutover_s: float | None = None

    def lacks(self, approval: Approval) -> bool:
        return approval in self.needed - self.approved

    @property
    def has_time_for_fence(self) -> bool:
        """From the fence to the cutover in this tick, with room for one that goes wrong."""
        return self.left_s > self._fences_s

    @property
    def has_time_for_cutover(self) -> bool:
        """The same where applications route: nobody serves before the last lease by the old routes
        has run out."""
        return self.left_s > self._fences_s + LEASE_LEFT_S_MAX + LEASE_SKEW_S_MAX

    @property
    def _fences_s(self) -> float:
        return FENCES_IN_TICK * self.fence_budget_s


def _seconds(amount: int, per_s: float | None) -> float | None:
    if not amount:
        return 0.0
    return amount / per_s if per_s else None
