"""The lease of controllers, in a ledger of every kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from reconciler.edges.ledger.sql import SqlLedger
from reconciler.ledger.model import StoredLease
from reconciler.ports.controller import ControllerLease
from reconciler.ports.ledger import LeaseLost
from tests.contract.conftest import OpenAnother
from tests.contract.ledgers import begun


@pytest.fixture
def another(open_another: OpenAnother) -> Iterator[Callable[[], ControllerLease]]:
    """The lease as a process of its own has it."""
    opened: list[SqlLedger] = []

    def lease() -> ControllerLease:
        opened.append(open_another())
        return opened[-1].controller_lease

    yield lease
    for ledger in opened:
        ledger.close()


@pytest.mark.invariant("RG-44")
def test_one_takes_it_and_shows_itself(another: Callable[[], ControllerLease]) -> None:
    mine, theirs = another(), another()
    assert mine.seen() is None
    fence = mine.take(holder="me", now_s=1.5, seen=None)
    assert theirs.seen() == StoredLease(apply_id=0, fence=fence, holder="me", heartbeat_s=1.5)
    mine.beat(fence, holder="me", now_s=3.5)
    seen = theirs.seen()
    assert seen is not None
    assert (seen.fence, seen.heartbeat_s) == (fence, 3.5)


@pytest.mark.invariant("RG-44")
def test_of_two_that_saw_the_same_one_takes_it(another: Callable[[], ControllerLease]) -> None:
    first, second = another(), another()
    first.take(holder="first", now_s=1.5, seen=None)
    with pytest.raises(LeaseLost):
        second.take(holder="second", now_s=1.5, seen=None)
    seen = second.seen()
    second.take(holder="second", now_s=20.5, seen=seen)
    with pytest.raises(LeaseLost):
        first.take(holder="first", now_s=20.5, seen=seen)


@pytest.mark.invariant("RG-44")
def test_one_that_came_back_to_life_meanwhile_keeps_it(
    another: Callable[[], ControllerLease],
) -> None:
    first, second = another(), another()
    fence = first.take(holder="first", now_s=1.5, seen=None)
    seen = second.seen()
    first.beat(fence, holder="first", now_s=30.5)
    with pytest.raises(LeaseLost):
        second.take(holder="second", now_s=30.5, seen=seen)


@pytest.mark.invariant("RG-44")
def test_who_lost_it_can_neither_show_itself_nor_give_it_up(
    another: Callable[[], ControllerLease],
) -> None:
    first, second = another(), another()
    old = first.take(holder="first", now_s=1.5, seen=None)
    new = second.take(holder="second", now_s=20.5, seen=second.seen())
    with pytest.raises(LeaseLost):
        first.beat(old, holder="first", now_s=21.5)
    first.give_up(old, now_s=21.5)
    seen = first.seen()
    assert seen is not None
    assert (seen.fence, seen.holder) == (new, "second")
    second.give_up(new, now_s=22.5)
    seen = first.seen()
    assert seen is not None
    assert seen.holder is None


def test_it_is_nobodys_apply(ledger: SqlLedger) -> None:
    ledger.controller_lease.take(holder="me", now_s=1.5, seen=None)
    begun(ledger)
    assert ledger.unfinished("production", "commerce") is not None
    assert ledger.lease("production", "commerce") != ledger.controller_lease.seen()


@pytest.mark.invariant("SP-123")
def test_a_sign_of_life_leaves_the_name_as_it_was_stored(
    another: Callable[[], ControllerLease],
) -> None:
    mine, long = another(), "run 1f\x1b[2J of " + "x" * 300
    fence = mine.take(holder=long, now_s=1.5, seen=None)
    taken = mine.seen()
    mine.beat(fence, holder=long, now_s=3.5)
    seen = mine.seen()
    assert taken is not None
    assert seen is not None
    assert seen.holder == taken.holder
    assert "\x1b" not in str(seen.holder)
