"""A split is proposed where it is certain to help, and declined with its reason where it is not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.fleet import parse_key_range
from reconciler.model.key_function import KeyFunctionName
from reconciler.reshard.adviser import (
    Judged,
    Proposal,
    judge,
    propose,
    split_bound,
)
from reconciler.reshard.key_functions.registry import KEY_FUNCTIONS
from reconciler.reshard.limits import (
    ADVICE_LOOKS,
    ADVICE_PAUSE_S,
    ADVICE_SAMPLES_MIN,
    ADVICE_SHARE_MIN,
    LOOK_AGE_S_MAX,
    LOOKS_APART_S,
)
from reconciler.reshard.loads import (
    Look,
    Measured,
    Measurement,
    ShardLoad,
    StatementCount,
    looks_from,
)
from reconciler.reshard.ranges import WHOLE, cut
from reconciler.spec.model import Ceilings

KEYS = KEY_FUNCTIONS[KeyFunctionName.HASH].keys(range(4 * ADVICE_SAMPLES_MIN))
CEILINGS = Ceilings(size_bytes=100, statements_per_s=10)
HOUR_S = 3_600.0


def load(
    shard: str, size_bytes: int | None = 50, *, statements_per_s: float | None = 1.0
) -> ShardLoad:
    return ShardLoad(
        shard=shard, size_bytes=size_bytes, rows=None, statements_per_s=statements_per_s
    )


def keys_of(shard: str) -> tuple[bytes, ...]:
    key_range = parse_key_range(shard)
    assert key_range is not None
    return tuple(key for key in KEYS if key_range.holds(key))


def looks(*shards: ShardLoad, times: int = ADVICE_LOOKS) -> list[Look]:
    return [Look(at_s=number * HOUR_S, shards=shards) for number in range(times)]


def judged(
    seen: list[Look],
    *,
    now_s: float = ADVICE_LOOKS * HOUR_S,
    moved_at_s: float | None = None,
    is_moving: bool = False,
) -> Judged:
    return judge(seen, CEILINGS, now_s=now_s, moved_at_s=moved_at_s, is_moving=is_moving)


def reasons(found: Judged) -> list[str]:
    assert found.overfull == ()
    return [reason for _, reason in found.declined]


def test_a_shard_that_stays_too_large_is_cut_where_its_rows_are_halved() -> None:
    found = judged(looks(load("-80", 250), load("80-")))
    [overfull] = found.overfull
    assert found.declined == ()
    proposal = propose(overfull, keys_of("-80"))
    assert isinstance(proposal, Proposal)
    assert proposal.shard == "-80"
    assert len(proposal.targets) == 2
    assert abs(proposal.share - 0.5) < 0.02
    assert proposal.reasons == ("250 bytes, of at most 100",)


def test_nothing_is_said_of_shards_below_their_ceilings() -> None:
    assert judged(looks(load("-80"), load("80-"))) == Judged()
    assert judged([]) == Judged()


@pytest.mark.invariant("SP-9")
def test_one_look_that_was_cold_or_lacks_something_begins_the_row_again() -> None:
    hot, cold = load("-80", 250), load("-80", 50)
    unread = load("-80", 250, statements_per_s=None)
    assert judged(looks(hot)).overfull
    for middle in ((cold,), (unread,), ()):
        seen = looks(hot)
        seen[1] = replace(seen[1], shards=middle)
        assert reasons(judged(seen)) == ["beyond its ceiling in 1 looks in a row, of 3"]
    assert reasons(judged(looks(hot, times=2))) == ["beyond its ceiling in 2 looks in a row, of 3"]


@pytest.mark.invariant("SP-9")
def test_to_look_more_often_makes_no_row_longer_and_shows_what_was_cold() -> None:
    hot = load("-80", 250)
    often = [Look(at_s=number * LOOKS_APART_S / 10, shards=(hot,)) for number in range(20)]
    assert reasons(judged(often)) == ["beyond its ceiling in 2 looks in a row, of 3"]
    between = Look(at_s=HOUR_S * 1.1, shards=(load("-80", 50),))
    seen = sorted([*looks(hot), between], key=lambda look: look.at_s)
    assert reasons(judged(seen)) == ["beyond its ceiling in 1 looks in a row, of 3"]


@pytest.mark.invariant("SP-9")
def test_looks_that_lie_far_apart_are_no_row() -> None:
    seen = looks(load("-80", 250))
    seen[0] = replace(seen[0], at_s=seen[1].at_s - LOOK_AGE_S_MAX - 1)
    assert reasons(judged(seen)) == ["beyond its ceiling in 2 looks in a row, of 3"]
    assert reasons(judged(looks(load("-80", 250)), now_s=LOOK_AGE_S_MAX * 2.0)) == [
        "the last look is too long ago"
    ]


def test_a_look_that_a_clock_put_into_the_future_is_none() -> None:
    assert judged(looks(load("-80", 250)), now_s=-1.0) == Judged()


@pytest.mark.invariant("SP-9")
def test_what_was_not_measured_is_not_low() -> None:
    seen = looks(load("-80", None, statements_per_s=99.0))
    assert reasons(judged(seen)) == ["beyond its ceiling in 0 looks in a row, of 3"]


@pytest.mark.invariant("SP-9")
def test_nothing_is_proposed_while_shards_move_or_soon_after() -> None:
    seen = looks(load("-80", 250))
    assert reasons(judged(seen, is_moving=True)) == ["shards of the keyspace are being replaced"]
    assert reasons(judged(seen, moved_at_s=0.0)) == ["the last move ended less than 24 hours ago"]
    assert judged(seen, moved_at_s=-float(ADVICE_PAUSE_S)).overfull


def test_of_several_the_one_that_needs_it_most_comes_first() -> None:
    found = judged(looks(load("-80", 250), load("80-", 50, statements_per_s=90.0)))
    assert [one.shard for one in found.overfull] == ["80-", "-80"]


def test_shards_without_ranges_are_declined() -> None:
    plain = ShardLoad(shard="east", size_bytes=250, rows=None, statements_per_s=1.0)
    assert reasons(judged(looks(plain))) == ["it is not named by a key range"]


def counted(at_s: float, count: int, up_s: int) -> Measurement:
    measured = Measured(shard="-", statements=StatementCount(count=count, up_s=up_s))
    return Measurement(at_s=at_s, shards=(measured,))


@pytest.mark.invariant("SP-9")
@pytest.mark.parametrize(
    ("then", "now", "rate"),
    [
        ((0.0, 1_000, 500), (3_600.0, 37_000, 4_100), 10.0),
        ((0.0, 1_000, 500), (3_600.0, 37_300, 4_130), 10.0),
        ((0.0, 1_000, 500), (3_600.0, 37_000, 90), None),  # started again
        ((0.0, 1_000, 500), (3_600.0, 37_000, 900_000), None),  # another server
        ((0.0, 1_000, 500), (3_600.0, 900, 4_100), None),  # counted from nothing again
    ],
)
def test_a_rate_is_of_one_server_that_ran_between(
    then: tuple[float, int, int], now: tuple[float, int, int], rate: float | None
) -> None:
    first, second = looks_from([counted(*then), counted(*now)])
    assert first.shards[0].statements_per_s is None
    assert second.shards[0].statements_per_s == rate


@pytest.mark.invariant("SP-9")
def test_a_look_that_could_not_count_leaves_the_next_without_a_rate() -> None:
    blind = Measurement(at_s=3_600.0, shards=(Measured(shard="-"),))
    *_, last = looks_from([counted(0.0, 1_000, 500), blind, counted(7_200.0, 9_000, 7_700)])
    assert last.shards[0].statements_per_s is None


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
