"""`apply`, `verify` and `status` of a change of the VSchema alone: a whole plan, no shard."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any, NoReturn

import pytest

from reconciler.drive.open import Releases
from reconciler.drive.shard.task import RolloutWorld
from reconciler.drive.status import current_apply
from reconciler.flows.apply import ApplyConnections, ApplyRequest, ApplyWorld, apply_keyspace
from reconciler.flows.gates import Gates
from reconciler.flows.plan import keep_plan
from reconciler.flows.verify import verify_keyspace
from reconciler.guard.review.git import Review
from reconciler.ledger.states import ApplyState, OperationState
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.outcomes.plan import VerifyState
from reconciler.plan.model import Moment
from reconciler.ports.ledger import Ledger
from reconciler.rollout.waves import WaveChoice
from reconciler.spec.load import load_keyspace
from reconciler.spec.model import ShardSpec
from reconciler.vschema.live import live_vschema
from tests.offline_fleet import Files, environment, world
from tests.offline_vitess import OfflineVitess
from tests.sim.fleet import SimClock, SimWorkerPool
from tests.sim.run import close_ledgers, memory_ledger
from tests.unit.flows.test_offline_gates import OneVersion
from tests.unit.flows.test_vschema import (
    PATH,
    ROUTED,
    SHARDED,
    planned,
    repository,
    shards,
    vitess,
)

S = OperationState
EXPLICIT = ROUTED | {"require_explicit_routing": True}


@pytest.fixture(autouse=True)
def _closed_ledgers() -> Iterator[None]:
    yield
    close_ledgers()


@dataclass
class Locks:
    """`HeldLocks` and `ShardLocks`, and whose they were."""

    taken: list[str] = field(default_factory=list)

    @contextmanager
    def take(self, shards: Sequence[ShardSpec], *, keyspace: str, holder: str) -> Iterator[Locks]:
        self.taken += [shard.name for shard in shards]
        yield self

    def is_held(self, shard: str) -> bool:
        return shard in self.taken


class NoSessions:
    def open(self, shard: ShardSpec, **judged_by: object) -> NoReturn:
        raise AssertionError("no shard is sent anything")


@dataclass
class Stage:
    """One keyspace in one repository, with the plan of its change committed."""

    files: Files
    live: OfflineVitess
    ledger: Ledger = field(default_factory=memory_ledger)
    clock: SimClock = field(default_factory=SimClock)
    locks: Locks = field(default_factory=Locks)

    def apply(
        self, *, waves: WaveChoice = WaveChoice.ALL, releases: Releases = Releases.NOTHING
    ) -> ApplyOutcome:
        keyspace = load_keyspace(self.files, "specs/shop.yaml")
        reached = ApplyConnections(
            look=world(shards(), self.live),
            locks=self.locks,
            rollout=RolloutWorld(
                sessions=NoSessions(),
                ledger=self.ledger,
                workers=SimWorkerPool(self.clock, Random(0)),
                clock=self.clock,
                jitter=lambda: 0.0,
                interrupts=lambda: 0,
                vschemas=self.live,
            ),
        )
        return apply_keyspace(
            ApplyWorld(history=OneVersion(self.files), gates=Gates(), connect=lambda: reached),
            keyspace,
            environment(keyspace),
            ApplyRequest(
                commit="1" * 40,
                review=Review.NONE,
                holder="a test",
                waves=waves,
                releases=releases,
            ),
            on_progress=lambda event: None,
        )

    def verified(self) -> VerifyState:
        keyspace = load_keyspace(self.files, "specs/shop.yaml")
        looked = world(shards(), self.live)
        return verify_keyspace(looked, keyspace, environment(keyspace), tree=self.files).state


def stage(document: Any = ROUTED, live: Any = SHARDED) -> Stage:
    files, there = repository(document), vitess(live)
    outcome = planned(files, there)
    assert outcome.plan is not None
    assert outcome.plan.core.change_sets == ()
    keep_plan(outcome, files, files)
    return Stage(files, there)


@pytest.mark.invariant("FZ-4")
def test_it_is_verified_applied_and_then_there_is_nothing_to_do() -> None:
    on = stage()
    assert on.verified() is VerifyState.VERIFIED
    outcome = on.apply()
    assert outcome.verdict is ApplyVerdict.COMPLETED, outcome
    assert (outcome.shards, outcome.statements_run) == ((), 0)
    assert [(row.moment, row.state) for row in outcome.finalizers] == [(Moment.LAST, S.COMPLETED)]
    assert live_vschema(on.live.text) == live_vschema(json.dumps(ROUTED))
    assert on.locks.taken, "under the keyspace's locks"
    assert on.verified() is VerifyState.APPLIED
    assert on.apply().verdict is ApplyVerdict.NOTHING_TO_DO
    assert len(on.live.sent) == 1
    status = current_apply(on.ledger, "production", "shop", now_s=on.clock.now_s())
    assert status is not None
    assert (status.state, status.shards) == (ApplyState.COMPLETED, ())
    assert [row.state for row in status.finalizers] == [S.COMPLETED]


@pytest.mark.invariant("GD-4")
def test_a_vschema_that_was_changed_since_the_review_refuses_before_anything() -> None:
    on = stage()
    on.live.text = json.dumps(EXPLICIT)
    outcome = on.apply()
    assert outcome.verdict is ApplyVerdict.REFUSED
    assert [refusal.code for refusal in outcome.refusals] == ["vschema-drift"]
    assert on.live.sent == []
    assert on.ledger.unfinished("production", "shop") is None


@pytest.mark.invariant("FZ-3")
def test_a_vitess_that_falls_silent_under_way_is_gone_on_with() -> None:
    on = stage()
    apply = on.live.apply_vschema

    def falls_silent(*given: Any) -> None:
        on.live.silent = True
        apply(*given)

    on.live.apply_vschema = falls_silent  # type: ignore[method-assign, assignment]
    outcome = on.apply()
    assert outcome.verdict is ApplyVerdict.UNKNOWN
    on.live.silent, on.live.apply_vschema = False, apply  # type: ignore[method-assign]
    assert on.apply().verdict is ApplyVerdict.COMPLETED
    assert len(on.live.sent) == 1


@pytest.mark.invariant("GD-16")
def test_a_vschema_that_drifts_at_the_very_end_is_told() -> None:
    on = stage()
    look = on.live.vschema
    looks = iter(range(100))

    def drifts(cluster: Any) -> str:
        if on.live.sent and next(looks) == 1:
            on.live.text = json.dumps(SHARDED)
        return look(cluster)

    on.live.vschema = drifts  # type: ignore[method-assign]
    outcome = on.apply()
    assert outcome.verdict is ApplyVerdict.DRIFTED
    assert [refusal.code for refusal in outcome.refusals] == ["vschema-drift"]


def test_a_plan_of_earlier_files_is_left_over_only_when_the_vschema_is_as_git_says() -> None:
    on = stage()
    on.files.write(PATH, json.dumps(EXPLICIT).encode())
    on.live.text = json.dumps(EXPLICIT)
    assert on.apply().verdict is ApplyVerdict.NOTHING_TO_DO
    on.live.text = json.dumps(ROUTED)
    outcome = on.apply()
    assert outcome.verdict is ApplyVerdict.REFUSED
    assert on.live.sent == []


@pytest.mark.invariant("GD-11")
def test_without_a_plan_a_vschema_that_differs_is_no_success() -> None:
    on = stage()
    for path in [one for one in on.files.content if one.startswith("plans/")]:
        on.files.remove(path)
    outcome = _without_plan(on)
    assert outcome.verdict is ApplyVerdict.REFUSED
    assert [refusal.code for refusal in outcome.refusals] == ["plan-missing"]
    assert on.verified() is VerifyState.UNPLANNED
    on.live.text = json.dumps(ROUTED)
    assert _without_plan(on).verdict is ApplyVerdict.NOTHING_TO_DO
    assert on.verified() is VerifyState.NO_CHANGE


def _without_plan(on: Stage) -> ApplyOutcome:
    class NoVersion(OneVersion):
        def __init__(self, files: Files) -> None:
            self._tree = files

    keyspace = load_keyspace(on.files, "specs/shop.yaml")
    reached = ApplyConnections(
        look=world(shards(), on.live),
        locks=on.locks,
        rollout=None,  # type: ignore[arg-type]
    )
    return apply_keyspace(
        ApplyWorld(history=NoVersion(on.files), gates=Gates(), connect=lambda: reached),
        keyspace,
        environment(keyspace),
        ApplyRequest(commit="1" * 40, review=Review.NONE, holder="a test"),
        on_progress=lambda event: None,
    )
