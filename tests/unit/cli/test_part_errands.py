"""At whose word a worker carries an order out."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pytest

from reconciler.cli.part_errands import PartErrands, part_request
from reconciler.drive.open import Releases
from reconciler.rollout.behest import Behest
from reconciler.rollout.course import PartEnd, PartReport, RegionOrder

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


@pytest.mark.invariant("TM-3")
@pytest.mark.parametrize("commit", ["", "main", "a" * 12, "--upload-pack=x", "a" * 40 + "\n"])
def test_an_order_that_names_no_commit_in_full_is_refused_and_nothing_is_fetched(
    tmp_path: Path, commit: str
) -> None:
    def asked(*_: object) -> NoReturn:
        raise AssertionError("the order was read further")

    errands = PartErrands(repo=tmp_path / "none", branch="main", holder="me", proof_at=asked)
    told = errands.end(replace(FIRST, commit=commit))
    assert told == PartReport(end=PartEnd.HELD, code="part-order-unreadable", problems=1)
