"""One move is found, or every reason is told why there is none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.fleet import KeyRange, even_shards, parse_key_range
from reconciler.model.key_function import KeyFunctionName
from reconciler.reshard.catalog import adopted
from reconciler.reshard.moves import (
    FoundMove,
    MoveKind,
    OwnedRange,
    Retiring,
    find_move,
    wanted_move,
)
from reconciler.reshard.ranges import WHOLE, cut
from reconciler.spec.read import read_spec


def owner(written: str) -> OwnedRange:
    """`-80@5`: shard -80, at the place of that name."""
    name = written.partition("@")[0]
    key_range = parse_key_range(name)
    assert key_range is not None
    return OwnedRange(shard=name, key_range=key_range, place=written)


def leaving(written: str) -> Retiring:
    return Retiring(shard=written.partition("@")[0], place=written)


def found(owners: str, desired: str, retiring: str = "", kept: str = "") -> FoundMove:
    return find_move(
        [owner(name) for name in owners.split()],
        desired.split(),
        [leaving(name) for name in retiring.split()],
        kept=kept.split(),
    )


def codes(result: FoundMove) -> list[str]:
    assert result.move is None
    assert all(problem.recovery for problem in result.problems)
    return [problem.code for problem in result.problems]


@pytest.mark.invariant("SP-2")
@pytest.mark.parametrize(
    ("owners", "desired", "retiring", "move", "kind"),
    [
        ("-80 80-", "-40 40-80 80-", "-80", "-80 -> -40, 40-80", MoveKind.SPLIT),
        ("-", "80- -80", "-", "- -> -80, 80-", MoveKind.SPLIT),
        ("-80 80-", "-80 80-a0 a0-c0 c0-", "80-", "80- -> 80-a0, a0-c0, c0-", MoveKind.SPLIT),
        ("-40 40-80 80-", "-80 80-", "40-80 -40", "-40, 40-80 -> -80", MoveKind.MERGE),
        ("-80 80-", "-", "-80 80-", "-80, 80- -> -", MoveKind.MERGE),
        ("-80 80-", "-80 80-", "-80", "-80 -> -80", MoveKind.RELOCATION),
        ("-80@5 80-", "-80 80-", "-80@5", "-80 -> -80", MoveKind.RELOCATION),
        ("-80 80-", "-8000 80-", "-80", "-80 -> -8000", MoveKind.RELOCATION),
        ("-80@5 80-", "-40 40-80 80-", "-80", "-80 -> -40, 40-80", MoveKind.SPLIT),
    ],
)
def test_sources_are_replaced_by_targets_that_hold_the_same_keys(
    owners: str, desired: str, retiring: str, move: str, kind: MoveKind
) -> None:
    result = found(owners, desired, retiring)
    assert result.problems == ()
    assert result.move is not None
    assert (str(result.move), result.move.kind) == (move, kind)


@pytest.mark.parametrize("kept", ["", "-80"])
def test_routes_that_are_what_the_spec_says_ask_for_nothing(kept: str) -> None:
    assert found("-40 40-80 80-", "80- 40-80 -40", kept, kept) == FoundMove()


@pytest.mark.invariant("SP-3")
@pytest.mark.parametrize(
    ("owners", "desired", "retiring", "expected"),
    [
        ("-80 80-", "-40 80-", "-80", ["split-gap"]),
        ("-80 80-", "-40 60-", "-80 80-", ["split-gap"]),
        ("-80 80-", "-40 40-80 80- 70-90", "-80", ["split-overlap"] * 2),
        ("-80 80-", "-40 40-80 -80 80-", "", ["split-overlap"] * 2),
        ("-80 80-", "-4 4-80 80-", "-80", ["split-odd-bound"] * 2),
        ("-80 80-", "-40 40-80 80-", "-8", ["split-odd-bound"]),
        ("-80 80-", "a b", "", ["split-without-ranges"] * 2),
        ("-80 80-", "-80 80-", "old", ["split-without-ranges"]),
        ("-80@2 80-", "-80 80-", "-80", ["split-retiring-unneeded"]),
        ("-80 80-", "-80 80-", "-80 80-", ["split-several-moves"]),
        (
            "-80 80-",
            "-40 40-80 80-c0 c0-",
            "-80 80-",
            ["split-several-moves"],
        ),
        ("-40 40-80 80-", "-4000 40-8000 80-", "-40 40-80", ["split-several-moves"]),
        ("-40 40-80 80-", "-60 60-80 80-", "-40 40-80", ["split-many-to-many"]),
        ("-80 80-", "-40 40-80 80-", "", ["split-source-unlisted"]),
        ("-80 80-", "-", "80-", ["split-source-unlisted"]),
        ("-80 80-", "-80 80-", "-40", ["split-retiring-unneeded"]),
        ("-80 80-", "-40 40-80 80-", "-80 -8000", ["split-retiring-unneeded"]),
        (
            "-80 80-",
            "-40 40-80 80-",
            "-c0",
            ["split-source-unlisted", "split-retiring-unneeded"],
        ),
        ("-80", "-40 40-80 80-", "-80", ["split-routes-unsound"]),
        ("-80 40-", "-80 80-", "", ["split-routes-unsound"]),
    ],
)
def test_what_is_no_single_move_is_refused_by_name(
    owners: str, desired: str, retiring: str, expected: list[str]
) -> None:
    assert codes(found(owners, desired, retiring)) == expected


@pytest.mark.invariant("SP-3")
def test_routes_that_give_a_shard_other_keys_than_its_name_are_not_built_on() -> None:
    owners = [OwnedRange(shard="-80", key_range=KeyRange(b"", b"\x90")), owner("90-")]
    result = find_move(owners, ["-80", "80-"], ())
    assert "split-routes-unsound" in codes(result)


@pytest.mark.parametrize(
    ("owners", "desired", "retiring", "words"),
    [
        ("-80 80-", "-4 4-80 80-", "-80", "write '40-80', if that is meant"),
        ("-80@2 80-", "-80 80-", "-80", "`place: '-80@2'`"),
        ("-80 80-", "-80 -40 40-80 80-", "-80", "take -80, which is retiring, out of `shards`"),
        ("-80 80-", "-40 40-80 80-", "", "move the entry of -80, with its connection, from"),
        ("-40 40-80 80-", "-60 60-80 80-", "-40 40-80", "merge them into one shard, -80,"),
        ("-80 80-", "-80 80-", "-40", "take -40 out of `retiring`"),
    ],
)
def test_the_edit_to_make_is_told(owners: str, desired: str, retiring: str, words: str) -> None:
    assert words in found(owners, desired, retiring).problems[0].recovery


def test_a_shard_that_was_moved_to_another_server_stays_until_it_is_cleaned_up() -> None:
    assert found("-80@2 80-", "-80 80-", "-80", kept="-80") == FoundMove()


def test_a_source_that_is_still_to_be_cleaned_up_is_needed() -> None:
    assert found("-40 40-80 80-", "-40 40-80 80-", "-80", kept="-80") == FoundMove()
    assert codes(found("-40 40-80 80-", "-40 40-80 80-", "-80")) == ["split-retiring-unneeded"]


def test_of_many_moves_the_first_are_named() -> None:
    before, after = even_shards(64), even_shards(128)
    owners = [owner(name) for name in before]
    [problem] = find_move(owners, after, [leaving(name) for name in before]).problems
    assert "the spec asks for 64 moves at once: -04 -> -02, 02-04; " in problem.message
    assert len(problem.message) < 400
    merged = find_move(owners, ["-"], [leaving(name) for name in before]).move
    assert merged is not None
    assert str(merged).endswith("1c-20 and 56 more -> -")


CLASSED = """\
version: 1
keyspace: shop
schema: schemas/shop
key_function: hash
tables: {orders: {shard_by: id}}
environments:
  p:
    connection: {host: h, database: "d_{shard}", user: u}
    shards: [{name: "-80", connection: {host: other}}, "80-"]
    retiring: ["-80"]
"""


@pytest.mark.invariant("SP-3")
def test_a_spec_and_its_routes_tell_the_move() -> None:
    spec = read_spec(CLASSED, "specs/shop.yaml")
    [environment] = spec.environments
    routes = adopted("p", "shop", "hash", ["-80", "80-"])
    result = wanted_move(routes, spec, environment)
    assert result.move is not None
    assert result.move.kind is MoveKind.RELOCATION
    moved = replace(routes.routes[0], place="-80@2")
    assert codes(
        wanted_move(replace(routes, routes=(moved, routes.routes[1])), spec, environment)
    ) == ["split-retiring-unneeded"]


@pytest.mark.invariant("SP-3")
@pytest.mark.parametrize("name", [None, KeyFunctionName.XXHASH])
def test_routes_of_other_keys_are_not_built_on(name: KeyFunctionName | None) -> None:
    spec = replace(read_spec(CLASSED, "specs/shop.yaml"), key_function=name)
    routes = adopted("p", "shop", "hash", ["-80", "80-"])
    assert codes(wanted_move(routes, spec, spec.environments[0])) == ["split-key-function"]


BOUNDS = st.sets(st.sampled_from([bytes([16 * n]) for n in range(1, 16)]), max_size=5)


@given(before=BOUNDS, after=BOUNDS)
def test_any_two_lists_give_one_move_or_a_reason(before: set[bytes], after: set[bytes]) -> None:
    old, new = ([str(part) for part in cut(WHOLE, bounds)] for bounds in (before, after))
    gone = [name for name in old if name not in new]
    result = find_move([owner(name) for name in old], new, [leaving(name) for name in gone])
    if old == new:
        assert result == FoundMove()
    elif result.move is None:
        assert set(codes(result)) <= {"split-several-moves", "split-many-to-many"}
    else:
        assert [one.shard for one in result.move.sources] == gone
        assert [one.shard for one in result.move.targets] == [n for n in new if n not in old]
        assert 1 in (len(result.move.sources), len(result.move.targets))
