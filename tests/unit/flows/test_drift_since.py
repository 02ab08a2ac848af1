"""Since when a shard differs is said where an apply of the very plan had left it as git says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from reconciler.edges.ledger.sql import SqlLedger
from reconciler.flows.drift import find_drift
from reconciler.ledger.model import Lease, NewApply, NewOperation, OperationEntry
from reconciler.ledger.states import ApplyState, OperationState
from reconciler.model.object_id import table_id
from reconciler.outcomes.drift import DriftOutcome, LeftAsGitSays, ShardMark
from reconciler.plan.files import read_plan
from reconciler.ports.ledger import Ledger
from reconciler.report.compose.drift import drift_document
from reconciler.report.write.text import write_text
from tests.offline_fleet import (
    ENVIRONMENT,
    KEYSPACE,
    SHARDS,
    SPEC,
    STATES,
    Shards,
    environment,
    fleet,
    no_ledger,
    repository,
    with_plan,
    world,
)
from tests.sim.run import close_ledgers, file_ledger

NAMED = SPEC.replace(
    "    after: staging\n", '    after: staging\n    ledger: "sqlite:////var/lib/ledger.db"\n'
)
FILES = with_plan(repository(spec=NAMED), fleet())
LATER = repository(STATES[2], spec=NAMED)
DONE, FAILED = OperationState.COMPLETED, OperationState.FAILED


@pytest.fixture
def ledger() -> Iterator[SqlLedger]:
    yield file_ledger()
    close_ledgers()


def applied(
    ledger: Ledger, *, plan_id: str = "", states: dict[str, tuple[OperationState, float]]
) -> int:
    """An apply that has ended, each shard in its state since then."""
    plan = read_plan(FILES, ENVIRONMENT, KEYSPACE)
    assert plan is not None
    new = NewApply(
        environment=ENVIRONMENT,
        keyspace=KEYSPACE,
        plan_id=plan_id or plan.plan_id,
        commit="c" * 40,
        waves=(tuple(states),),
        operations=tuple(
            NewOperation(
                shard=shard, object_id=table_id("users"), wave=1, position=place, statements=1
            )
            for place, shard in enumerate(states)
        ),
    )
    lease = ledger.begin(new, holder="me", now_s=1.0)
    _settle(ledger, lease, states)
    return lease.apply_id


def _settle(ledger: Ledger, lease: Lease, states: dict[str, tuple[OperationState, float]]) -> None:
    for row in ledger.operations(lease.apply_id):
        state, at_s = states[row.shard]
        ledger.record(lease, [OperationEntry(row=replace(row, state=state, settled_s=at_s))])
    stored = ledger.apply(lease.apply_id)
    assert stored is not None
    ledger.settle(lease, replace(stored, state=ApplyState.FAILED, completed_s=90.0))


def drifted(*shards: str) -> Shards:
    """As the plan left them, but for these, which somebody has taken back."""
    found = fleet(STATES[1])
    for shard in shards:
        found.shown[f"db-{shard}"] = {"users": STATES[2]}
    return found


def told(
    shards: Shards, open_it: Callable[[], Ledger], files: object = FILES
) -> tuple[DriftOutcome, LeftAsGitSays | None]:
    assert isinstance(files, type(FILES))
    found = files.keyspace()
    outcome = find_drift(world(shards), found, environment(found), tree=files, open_ledger=open_it)
    group = next(one for one in outcome.groups if one.mark is ShardMark.DRIFTED)
    return outcome, group.left


@pytest.mark.invariant("RP-36")
def test_a_shard_that_an_apply_was_done_with_differs_since_some_time_after(
    ledger: SqlLedger,
) -> None:
    number = applied(ledger, states={SHARDS[0]: (DONE, 50.0), SHARDS[1]: (DONE, 60.0)})
    outcome, left = told(drifted(SHARDS[1]), lambda: ledger)
    assert left == LeftAsGitSays(apply_id=number, at_s=60.0)
    text = " ".join(write_text(drift_document([outcome])).split())
    assert f"since some time after apply {number} was done there, 1970-01-01 00:01:00 UTC" in text
    assert told(drifted(*SHARDS), lambda: ledger)[1] == LeftAsGitSays(apply_id=number, at_s=50.0)


@pytest.mark.invariant("RP-36")
def test_the_latest_apply_of_the_plan_counts(ledger: SqlLedger) -> None:
    applied(ledger, states={SHARDS[0]: (DONE, 50.0), SHARDS[1]: (FAILED, 60.0)})
    later = applied(ledger, states={SHARDS[0]: (DONE, 70.0), SHARDS[1]: (DONE, 80.0)})
    assert told(drifted(SHARDS[0]), lambda: ledger)[1] == LeftAsGitSays(apply_id=later, at_s=70.0)


@pytest.mark.invariant("RP-36")
def test_nothing_is_said_where_no_apply_was_done_with_every_shard(ledger: SqlLedger) -> None:
    applied(ledger, states={SHARDS[0]: (DONE, 50.0), SHARDS[1]: (FAILED, 60.0)})
    assert told(drifted(*SHARDS), lambda: ledger)[1] is None
    assert told(drifted(SHARDS[1]), lambda: ledger)[1] is None
    assert told(drifted(SHARDS[0]), lambda: ledger)[1] is not None


@pytest.mark.invariant("RP-36")
def test_nothing_is_said_by_another_plan(ledger: SqlLedger) -> None:
    everywhere = dict.fromkeys(SHARDS, (DONE, 50.0))
    applied(ledger, plan_id="sha256:1", states=everywhere)
    assert told(drifted(*SHARDS), lambda: ledger)[1] is None
    applied(ledger, states=everywhere)
    assert told(fleet(STATES[1]), lambda: ledger, LATER)[1] is None, "there is no plan of these"


@pytest.mark.invariant("RP-36")
def test_a_ledger_that_cannot_be_asked_takes_nothing_from_the_verdict() -> None:
    outcome, left = told(drifted(SHARDS[1]), no_ledger)
    assert left is None
    assert [one.mark for one in outcome.groups] == [ShardMark.MATCHING, ShardMark.DRIFTED]


@pytest.mark.invariant("RP-36")
def test_no_ledger_is_opened_that_no_spec_names_or_that_nobody_needs() -> None:
    def opened() -> Ledger:
        raise AssertionError("nobody asked for it")

    unnamed = with_plan(repository(), fleet())
    assert told(drifted(SHARDS[1]), opened, unnamed)[1] is None
    found = FILES.keyspace()
    find_drift(world(fleet(STATES[1])), found, environment(found), tree=FILES, open_ledger=opened)
