"""What is asked of a whole environment whose regions have an apply each."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.drive.control import ask_everywhere
from reconciler.edges.ledger.sql import SqlLedger
from reconciler.ledger.resumes import GoesOn, NothingToAskOf, RetryTakenBack
from reconciler.ledger.states import ApplyState, RequestKind, RequestState
from reconciler.model.quarantine import Quarantine
from reconciler.spec.model import Environment, QuarantinedShard, Region, RolloutSpec
from tests.contract.ledgers import SHARDS, new_apply
from tests.sim.fleet import SimClock
from tests.sim.plans import environment
from tests.sim.run import memory_ledger

pytestmark = pytest.mark.invariant("RG-66")

K, R = RequestKind, RequestState
Told = list[tuple[str | None, RequestState]]


def fleet() -> Environment:
    """Every shard of "ap" is in quarantine."""
    found = environment(RolloutSpec(), SHARDS)
    aside = Quarantine(shard="c0-", reason="a disk", until="2031-01-01")
    return replace(
        found,
        regions=(Region(name="eu", shards=SHARDS[:1]), Region(name="us", shards=SHARDS[1:])),
        quarantined=(
            QuarantinedShard(quarantine=aside, connection=found.shards[0].connection, region="ap"),
        ),
    )


def begun_in(ledger: SqlLedger, *regions: str) -> None:
    for region in regions:
        lease = ledger.begin(replace(new_apply(), region=region), holder="me", now_s=1.0)
        ledger.give_up(lease, now_s=1.0)


def asked(ledger: SqlLedger, kind: RequestKind, where: Environment | None = None) -> Told:
    found = ask_everywhere(
        ledger, SimClock(), where or fleet(), keyspace="commerce", kind=kind, asked_by="a person"
    )
    return [(one.region, one.state) for one in found]


def states(ledger: SqlLedger, *regions: str) -> list[ApplyState]:
    found = [
        ledger.applies("production", keyspace="commerce", limit=1, region=region)
        for region in regions
    ]
    return [one[0].state for one in found]


def test_what_is_asked_of_no_region_is_asked_of_all_that_the_ledger_knows() -> None:
    ledger = memory_ledger()
    begun_in(ledger, "ap", "us")
    told = asked(ledger, K.STOP)
    assert told == [("ap", R.APPLIED), ("us", R.APPLIED), (None, R.REFUSED)]
    assert states(ledger, "ap", "us") == [ApplyState.STOPPED] * 2
    assert asked(ledger, K.CANCEL, replace(fleet(), region="us")) == [("us", R.APPLIED)]
    assert asked(ledger, K.CANCEL)[0] == ("ap", R.APPLIED)
    retried = ask_everywhere(
        ledger, SimClock(), fleet(), keyspace="commerce", kind=K.RETRY, asked_by="a person"
    )
    assert [one.answer for one in retried] == [GoesOn(), GoesOn(), NothingToAskOf(("eu",))]
    back = ask_everywhere(
        ledger, SimClock(), fleet(), keyspace="commerce", kind=K.STOP, asked_by="a person"
    )
    assert [one.answer for one in back][:2] == [RetryTakenBack()] * 2


@pytest.mark.parametrize("kind", [K.STOP, K.CANCEL, K.RELEASE, K.RETRY, K.THROTTLE])
def test_where_there_is_nothing_to_ask_the_regions_are_named(kind: RequestKind) -> None:
    (told,) = ask_everywhere(
        memory_ledger(), SimClock(), fleet(), keyspace="commerce", kind=kind, asked_by="a person"
    )
    assert (told.state, told.answer) == (R.REFUSED, NothingToAskOf(("ap", "eu", "us")))
