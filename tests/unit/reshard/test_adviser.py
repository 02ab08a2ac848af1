"""A split is proposed where it is certain to help, and declined with its reason where it is not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.fleet import parse_key_range
from reconciler.model.key_function import KeyFunctionName
from reconciler.reshard.adviser import (
    Advice,
    Ceilings,
    Look,
    ShardLoad,
    advise,
    split_bound,
)
from reconciler.reshard.key_functions.registry import KEY_FUNCTIONS
from reconciler.reshard.limits import (
    ADVICE_LOOKS,
    ADVICE_PAUSE_S,
    ADVICE_SAMPLES_MIN,
    ADVICE_SHARE_MIN,
    LOOK_AGE_S_MAX,
)
from reconciler.reshard.ranges import WHOLE, cut

KEYS = KEY_FUNCTIONS[KeyFunctionName.HASH].keys(range(4 * ADVICE_SAMPLES_MIN))
CEILINGS = Ceilings(size_bytes=100, statements_per_s=10.0)
HOUR_S = 3_600.0


def load(
    shard: str, size_bytes: int | None = 50, *, statements_per_s: float | None = 1.0
) -> ShardLoad:
    key_range = parse_key_range(shard)
    assert key_range is not None
    return ShardLoad(
        shard=shard,
        size_bytes=size_bytes,
        rows=None,
        statements_per_s=statements_per_s,
        sampled=tuple(key for key in KEYS if key_range.holds(key)),
    )


def looks(*shards: ShardLoad, times: int = ADVICE_LOOKS) -> list[Look]:
    return [Look(at_s=number * HOUR_S, shards=shards) for number in range(times)]


def advised(
    seen: list[Look],
    *,
    now_s: float = ADVICE_LOOKS * HOUR_S,
    moved_at_s: float | None = None,
    is_moving: bool = False,
) -> Advice:
    return advise(seen, CEILINGS, now_s=now_s, moved_at_s=moved_at_s, is_moving=is_moving)


def reasons(advice: Advice) -> list[str]:
    assert advice.proposal is None
    return [reason for _, reason in advice.declined]


def test_a_shard_that_stays_too_large_is_cut_where_its_rows_are_halved() -> None:
    advice = advised(looks(load("-80", 250), load("80-")))
    assert advice.proposal is not None
    assert advice.proposal.shard == "-80"
    assert len(advice.proposal.targets) == 2
    assert abs(advice.proposal.share - 0.5) < 0.02
    assert advice.proposal.reasons == ("250 bytes, of at most 100",)
    assert advice.declined == ()


def test_nothing_is_said_of_shards_below_their_ceilings() -> None:
    assert advised(looks(load("-80"), load("80-"))) == Advice()
    assert advised([]) == Advice()


@pytest.mark.invariant("SP-9")
def test_one_look_that_was_cold_or_lacks_something_begins_the_row_again() -> None:
    hot, cold = load("-80", 250), load("-80", 50)
    unread = load("-80", 250, statements_per_s=None)
    assert advised(looks(hot)).proposal is not None
    for middle in ((cold,), (unread,), ()):
        seen = looks(hot)
        seen[1] = replace(seen[1], shards=middle)
        assert reasons(advised(seen)) == ["beyond its ceiling in 1 looks in a row, of 3"]
    assert reasons(advised(looks(hot, times=2))) == ["beyond its ceiling in 2 looks in a row, of 3"]


@pytest.mark.invariant("SP-9")
def test_looks_that_lie_far_apart_are_no_row() -> None:
    seen = looks(load("-80", 250))
    seen[0] = replace(seen[0], at_s=seen[1].at_s - LOOK_AGE_S_MAX - 1)
    assert reasons(advised(seen)) == ["beyond its ceiling in 2 looks in a row, of 3"]
    assert reasons(advised(looks(load("-80", 250)), now_s=LOOK_AGE_S_MAX * 2.0)) == [
        "the last look is too long ago"
    ]


@pytest.mark.invariant("SP-9")
def test_what_was_not_measured_is_not_low() -> None:
    seen = looks(load("-80", None, statements_per_s=99.0))
    assert reasons(advised(seen)) == ["beyond its ceiling in 0 looks in a row, of 3"]


@pytest.mark.invariant("SP-9")
def test_nothing_is_proposed_while_shards_move_or_soon_after() -> None:
    seen = looks(load("-80", 250))
    assert reasons(advised(seen, is_moving=True)) == ["shards of the keyspace are being replaced"]
    assert reasons(advised(seen, moved_at_s=0.0)) == ["the last move ended less than 24 hours ago"]
    assert advised(seen, moved_at_s=-float(ADVICE_PAUSE_S)).proposal is not None


def test_of_several_the_one_that_needs_it_most_is_proposed() -> None:
    advice = advised(looks(load("-80", 250), load("80-", 50, statements_per_s=90.0)))
    assert advice.proposal is not None
    assert advice.proposal.shard == "80-"
    assert advice.declined == (("-80", "one split at a time; another shard needs it more"),)


@pytest.mark.invariant("SP-9")
def test_a_bound_is_never_guessed() -> None:
    spread = KEYS[:ADVICE_SAMPLES_MIN]
    assert isinstance(split_bound(WHOLE, spread), bytes)
    assert "are needed" in str(split_bound(WHOLE, spread[:-1]))
    one_key = [KEYS[0]] * ADVICE_SAMPLES_MIN
    assert "one key, which no bound divides" in str(split_bound(WHOLE, [*one_key, *spread[:300]]))
    assert KEYS[0].hex() not in str(split_bound(WHOLE, one_key))
    upper = cut(WHOLE, [b"\x80"])[1]
    assert "not of its range" in str(split_bound(upper, spread))


@given(keys=st.lists(st.binary(max_size=3), min_size=5, max_size=60))
def test_a_bound_leaves_enough_rows_on_either_side(keys: list[bytes]) -> None:
    sampled = keys * (ADVICE_SAMPLES_MIN // len(keys) + 1)
    bound = split_bound(WHOLE, sampled)
    if isinstance(bound, bytes):
        low, high = cut(WHOLE, [bound])
        needed = int(len(sampled) * ADVICE_SHARE_MIN)
        assert min(sum(part.holds(key) for key in sampled) for part in (low, high)) >= needed
