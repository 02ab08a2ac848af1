"""Windows and vital signs: what is armed counts, and what was not measured counts as refused."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.errors import InvalidInput
from reconciler.guard.health import (
    Vitals,
    copy_needs_bytes,
    copy_refusals,
    no_room_for_copy,
    outside_window,
    vitals_refusals,
)
from reconciler.guard.model import RefusalKind
from reconciler.guard.windows import is_open, parse_window
from reconciler.spec.model import RolloutSpec

NOON = 12 * 3600.0


@pytest.mark.parametrize(
    ("window", "hour", "expected"),
    [
        ("02:00-05:00 UTC", 2, True),
        ("02:00-05:00 UTC", 5, False),
        ("22:00-04:00 UTC", 23, True),
        ("22:00-04:00 UTC", 3, True),
        ("22:00-04:00 UTC", 12, False),
        ("00:00-00:00 UTC", 12, True),
    ],
)
def test_windows(window: str, hour: int, expected: bool) -> None:
    days = 20_000 * 86_400.0
    assert is_open((window,), days + hour * 3600.0) is expected


def test_no_window_is_always_open_and_one_open_window_is_enough() -> None:
    assert is_open((), NOON)
    assert is_open(("02:00-05:00 UTC", "11:00-13:00 UTC"), NOON)
    assert outside_window(("02:00-05:00 UTC",), NOON) is not None


@pytest.mark.parametrize("text", ["", "2-5", "02:00-05:00", "25:00-05:00 UTC", "02:00-05:60 UTC"])
def test_what_is_no_window_is_an_error(text: str) -> None:
    with pytest.raises(InvalidInput, match="not a time window"):
        parse_window(text)


ARMED = RolloutSpec(replica_lag_max_s=10, threads_running_max=50, disk_free_min_percent=20)
WELL = Vitals(replica_lag_s=1.0, threads_running=5, disk_free_percent=60.0)


def codes(rollout: RolloutSpec, vitals: Vitals, *, rebuilds: bool = True) -> set[str]:
    found = vitals_refusals(rollout, vitals, shard="-40", rebuilds=rebuilds)
    assert all("-40" in refusal.message for refusal in found)
    return {refusal.code for refusal in found}


@pytest.mark.invariant("GD-10")
def test_every_armed_limit_that_was_not_measured_refuses() -> None:
    assert codes(ARMED, Vitals()) == {
        "replica-lag-unmeasured",
        "threads-running-unmeasured",
        "disk-free-unmeasured",
    }
    assert codes(RolloutSpec(), Vitals()) == set()


def test_over_the_limit_refuses_and_under_it_does_not() -> None:
    ill = Vitals(replica_lag_s=11.0, threads_running=51, disk_free_percent=19.0)
    assert codes(ARMED, ill) == {"replica-lag", "threads-running", "disk-free"}
    assert codes(ARMED, WELL) == set()
    assert codes(ARMED, ill, rebuilds=False) == {"replica-lag", "threads-running"}


@pytest.mark.invariant("EN-8")
@pytest.mark.parametrize(
    ("vitals", "codes"),
    [
        (WELL, {}),
        (replace(WELL, replica_lag_s=11.0), {"replica-lag": RefusalKind.PASSES}),
        (replace(WELL, threads_running=None), {"threads-running-unmeasured": RefusalKind.PASSES}),
        (replace(WELL, disk_free_percent=None), {"disk-free-unmeasured": RefusalKind.PASSES}),
        (replace(WELL, disk_free_percent=19.0), {"disk-free": RefusalKind.STANDS}),
    ],
)
def test_what_passes_holds_a_copy_up_and_a_full_disk_ends_it(
    vitals: Vitals, codes: dict[str, RefusalKind]
) -> None:
    assert {one.code: one.kind for one in copy_refusals(ARMED, vitals, shard="-40")} == codes


@pytest.mark.invariant("EN-8")
def test_a_disk_has_a_limit_for_copies_whether_the_spec_sets_one_or_not() -> None:
    none_set = RolloutSpec()
    assert copy_refusals(none_set, Vitals(disk_free_percent=6.0), shard="-40") == ()
    assert copy_refusals(none_set, Vitals(), shard="-40") == ()
    (found,) = copy_refusals(none_set, Vitals(disk_free_percent=4.0), shard="-40")
    assert found.code == "disk-free"
    large = Vitals(disk_free_percent=4.0, disk_free_bytes=10**12)
    assert copy_refusals(none_set, large, shard="-40") == ()


@pytest.mark.invariant("EN-8")
@pytest.mark.parametrize(
    ("free", "size", "fits"),
    [(121, 100, True), (119, 100, False), (None, 100, True), (0, None, True), (0, 0, True)],
)
def test_a_copy_needs_room_for_its_table_once_more(
    free: int | None, size: int | None, fits: bool
) -> None:
    found = no_room_for_copy(Vitals(disk_free_bytes=free), size, others_bytes=0, shard="-40")
    assert (found is None) == fits


@pytest.mark.invariant("EN-60")
@pytest.mark.parametrize(
    ("free", "others", "kind"),
    [
        (220, 100, None),
        (219, 100, RefusalKind.PASSES),
        (120, 1, RefusalKind.PASSES),
        (119, 1, RefusalKind.STANDS),
        (None, 100, None),
    ],
)
def test_a_copy_needs_room_beside_those_that_go_on_there(
    free: int | None, others: int, kind: RefusalKind | None
) -> None:
    """Others will be done; a disk that is too small for it alone stays so."""
    vitals = Vitals(disk_free_bytes=free)
    found = no_room_for_copy(vitals, 100, others_bytes=others, shard="-40")
    assert (found.kind if found else None) is kind


@pytest.mark.invariant("EN-60")
@pytest.mark.parametrize(
    ("table", "copied", "needed"),
    [(100, None, 120), (100, 50, 70), (100, 130, 0), (None, None, 0), (None, 50, 0)],
)
def test_what_is_copied_is_not_needed_once_more(
    table: int | None, copied: int | None, needed: int
) -> None:
    assert copy_needs_bytes(table, copied) == needed
