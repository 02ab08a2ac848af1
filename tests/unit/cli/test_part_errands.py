"""At whose word a worker carries an order out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.cli.part_errands import part_request
from reconciler.drive.open import Releases
from reconciler.rollout.behest import Behest
from reconciler.rollout.course import RegionOrder

FIRST = RegionOrder(
    environment="production",
    keyspace="shop",
    commit="a" * 40,
    plan_id="sha256:b",
    region="us",
    wave=1,
    is_first=True,
    asked_by="ann",
)
RESUMED = replace(FIRST, is_first=False, releases=True)


def behest(order: RegionOrder, *, has_begun: bool) -> Behest:
    return part_request("a" * 40, order, holder="a worker", has_begun=has_begun).behest


@pytest.mark.invariant("RG-63")
@pytest.mark.parametrize("order", [FIRST, RESUMED], ids=["first", "resumed"])
def test_an_order_is_somebodys_word_until_it_is_in_the_ledger(order: RegionOrder) -> None:
    assert behest(order, has_begun=False) is Behest.ROLLOUT
    assert behest(order, has_begun=True) is Behest.NEXT_WAVE, "a stop since then holds it"


def test_the_next_wave_is_nobodys_word_from_the_beginning() -> None:
    assert behest(replace(FIRST, is_first=False), has_begun=False) is Behest.NEXT_WAVE


def test_what_was_released_stays_so_for_the_worker_after() -> None:
    asked = part_request("a" * 40, RESUMED, holder="a worker", has_begun=True)
    assert asked.releases is Releases.WHAT_HOLDS
    assert asked.asker is not None
