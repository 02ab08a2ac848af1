"""Versions of routes: every one of them covers every key exactly once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import Refused
from reconciler.model.fleet import KeyRange, even_shards
from reconciler.reshard.catalog import (
    Catalog,
    RouteState,
    adopted,
    changed,
    check_coverage,
    cutover_change,
    opening_change,
    why_not_adopted,
    why_not_adopted_again,
)
from reconciler.reshard.job import SplitJob
from reconciler.reshard.phases import Phase
from reconciler.reshard.transitions import cut_over
from tests.sample_splits import at


def catalog_of(*shards: str) -> Catalog:
    return adopted("production", "commerce", "xxhash", shards)


def cut(catalog: Catalog, job: SplitJob, places: tuple[str, ...] = ()) -> Catalog:
    known = (*places, *(route.place for route in catalog.routes))
    return changed(catalog, cutover_change(catalog, job, known))


@pytest.mark.invariant("SP-20")
def test_a_cutover_ends_the_sources_and_begins_the_targets_closed() -> None:
    job = at(Phase.CUTOVER)
    after = cut(catalog_of("80-", "-80"), job)
    assert (after.version, after.shards) == (2, ("-40", "40-80", "80-"))
    assert [(r.state, r.since, r.job_id) for r in after.routes] == [
        (RouteState.CLOSED, 2, 7),
        (RouteState.CLOSED, 2, 7),
        (RouteState.ACTIVE, 1, None),
    ]
    opened = changed(after, opening_change(after, cut_over(job, now_s=9.0)))
    assert opened.version == 3
    assert {route.state for route in opened.routes} == {RouteState.ACTIVE}
    assert opened.shards == after.shards


@pytest.mark.invariant("SP-20")
@pytest.mark.parametrize(
    "catalog",
    [
        replace(catalog_of("-80", "80-"), version=2),
        catalog_of("-"),
        cut(catalog_of("-80", "80-"), at(Phase.CUTOVER)),
    ],
)
def test_what_was_planned_at_another_version_cuts_nothing_over(catalog: Catalog) -> None:
    with pytest.raises(Refused, match="was planned at version 1"):
        cutover_change(catalog, at(Phase.CUTOVER), ())


@pytest.mark.invariant("SP-20")
def test_targets_are_opened_at_the_version_that_gave_them_their_range() -> None:
    job = cut_over(at(Phase.CUTOVER), now_s=9.0)
    with pytest.raises(Refused, match="are at version 1"):
        opening_change(catalog_of("-80", "80-"), job)


@pytest.mark.invariant("SP-22")
def test_a_shard_that_moves_to_another_server_has_another_place() -> None:
    """A relocation keeps the range, and with it the shard's name."""
    job = replace(at(Phase.CUTOVER), targets=("-80",))
    after = cut(catalog_of("-80", "80-"), job)
    assert [(route.shard, route.place) for route in after.routes] == [
        ("-80", "-80@2"),
        ("80-", "80-"),
    ]
    back = replace(job, expected_version=2)
    again = cut(replace(after, routes=catalog_of("-80", "80-").routes), back, ("-80@2",))
    assert again.routes[0].place == "-80@3"


@pytest.mark.invariant("SP-21")
@pytest.mark.parametrize(
    "shards",
    [(), ("-40", "80-"), ("-80", "40-"), ("-80",), ("80-",), ("-80", "-80", "80-"), ("a", "b")],
)
def test_routes_with_a_gap_or_an_overlap_are_refused(shards: tuple[str, ...]) -> None:
    with pytest.raises(Refused, match="exactly once"):
        check_coverage("production", "commerce", shards)


@pytest.mark.invariant("SP-21")
@given(
    count=st.integers(1, 40),
    key_id=st.binary(max_size=12),
)
def test_every_key_has_exactly_one_owner(count: int, key_id: bytes) -> None:
    catalog = catalog_of(*even_shards(count))
    owners = [route for route in catalog.routes if route.range.holds(key_id)]
    assert owners == [catalog.owner_of(key_id)]


@pytest.mark.parametrize(
    ("key_id", "start", "end", "is_in"),
    [
        (b"", b"", b"\x40", True),
        (b"\x40", b"", b"\x40", False),
        (b"\x40", b"\x40\x00", b"", True),
        (b"\x40", b"", b"\x40\x00", False),
        (b"\x3f" + b"\xff" * 20, b"", b"\x40", True),
        (b"\xff" * 20, b"\x40", b"", True),
        (b"\xff" * 20, b"\x40", b"\xff", False),
    ],
)
def test_bounds_are_filled_up_with_zeros(
    key_id: bytes, start: bytes, end: bytes, is_in: bool
) -> None:
    assert KeyRange(start, end).holds(key_id) == is_in


def test_only_ranges_can_be_adopted() -> None:
    assert why_not_adopted(("-80", "80-")) is None
    problem = why_not_adopted(("orders_0017",))
    assert problem is not None
    assert "orders_0017" in problem.message


def test_a_catalog_that_says_what_the_spec_says_is_adopted_already() -> None:
    catalog = replace(catalog_of("-80", "80-"), version=9)
    said = {"key_function": "xxhash", "shards": ("80-", "-80")}
    assert why_not_adopted_again(catalog, **said) is None  # type: ignore[arg-type]
    other = why_not_adopted_again(catalog, key_function="xxhash", shards=("-",))
    assert other is not None
    assert "at version 9 with the shards -80, 80-; the spec lists -" in other.message
    function = why_not_adopted_again(catalog, key_function="hash", shards=("-80", "80-"))
    assert function is not None
    assert "key function xxhash" in function.message
