"""What holds a run before a wave: asked of the forge, and nothing where it is not there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.guard.review.account import Account, AccountKind
from reconciler.guard.review.places import control_place, place_of, wave_place
from reconciler.guard.review.protection import (
    ProtectedPlace,
    protection_refusals,
    wave_gate_refusals,
)
from reconciler.spec.model import RolloutSpec

BEN = Account(id=2, login="ben", kind=AccountKind.PERSON)
NAME = wave_place("production", 2)
HELD = ProtectedPlace(name=NAME, people=(BEN,), wait_s=3_600)
BOTH = RolloutSpec(gate=True, soak_s=3_600)


def refused(found: ProtectedPlace | None, rollout: RolloutSpec) -> list[str | None]:
    refusals = list(protection_refusals(NAME, found, rollout))
    assert {each.code for each in refusals} <= {"wave-unguarded"}
    return [each.observed for each in refusals]


@pytest.mark.invariant("RG-33")
def test_a_wave_is_held_as_the_spec_asks_or_refused() -> None:
    assert refused(HELD, BOTH) == []
    assert refused(replace(HELD, people=(), teams=("acme/dba",)), BOTH) == []
    assert refused(replace(HELD, people=()), BOTH) == ["none"]
    assert refused(replace(HELD, wait_s=3_540), BOTH) == ["3,540 s"]
    assert refused(replace(HELD, people=(), wait_s=0), RolloutSpec()) == []


@pytest.mark.invariant("RG-33")
@pytest.mark.threat("TM-REGION-9")
def test_an_environment_that_nobody_made_holds_nothing() -> None:
    assert refused(None, BOTH) == ["no such environment", "no such environment"]


@pytest.mark.invariant("RG-34")
def test_a_gate_is_opened_by_somebody_who_let_the_run_in() -> None:
    assert wave_gate_refusals(NAME, [BEN], 2, BOTH) == ()
    (refusal,) = wave_gate_refusals(NAME, [], 2, BOTH)
    assert refusal.code == "wave-gate-closed"


def test_no_two_places_share_a_name() -> None:
    """Whatever a region is called: it may be `control`, or `wave`, and holds no `/`."""
    regions = [place_of("production", name) for name in ("control", "wave", "2", "region")]
    names = [place_of("production", None), control_place("production"), NAME, *regions]
    assert len(set(names)) == len(names)
