"""Waves hold every shard exactly once, in an order that everybody derives alike."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import InvalidInput
from reconciler.rollout.waves import waves_of, with_work
from reconciler.spec.model import RolloutSpec, WaveShare

SHARDS = tuple("abcdefgh")


@pytest.mark.parametrize(
    ("rollout", "expected"),
    [
        (RolloutSpec(), ("abcdefgh",)),
        (RolloutSpec(canary=("c",)), ("c", "abdefgh")),
        (
            RolloutSpec(canary=("c",), waves=(WaveShare(percent=25), WaveShare(percent=100))),
            ("c", "a", "bdefgh"),
        ),
        (RolloutSpec(waves=(WaveShare(percent=30),)), ("abc", "defgh")),
        (
            RolloutSpec(waves=(WaveShare(shards=("h", "b")), WaveShare(percent=50))),
            ("bh", "ac", "defg"),
        ),
        (RolloutSpec(canary=("a",), waves=(WaveShare(shards=("a", "b")),)), ("a", "b", "cdefgh")),
        (RolloutSpec(canary=("a", "b"), waves=(WaveShare(percent=10),)), ("ab", "cdefgh")),
    ],
)
def test_canaries_then_shares_then_whatever_is_left(
    rollout: RolloutSpec, expected: tuple[str, ...]
) -> None:
    assert waves_of(SHARDS, rollout) == tuple(tuple(wave) for wave in expected)


def test_a_shard_that_does_not_exist_is_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="zz"):
        waves_of(SHARDS, RolloutSpec(canary=("zz",)))


@given(
    st.lists(st.integers(0, 99).map(str), unique=True, min_size=1),
    st.data(),
)
def test_every_shard_is_in_exactly_one_wave(names: list[str], data: st.DataObject) -> None:
    some = st.lists(st.sampled_from(names), max_size=3).map(tuple)
    share = st.builds(WaveShare, percent=st.none() | st.integers(1, 100), shards=some)
    rollout = RolloutSpec(
        canary=data.draw(some), waves=tuple(data.draw(st.lists(share, max_size=4)))
    )
    waves = waves_of(tuple(names), rollout)
    assert sorted(shard for wave in waves for shard in wave) == sorted(names)
    assert all(waves)


def test_waves_keep_their_number_when_shards_have_nothing_to_do() -> None:
    assert with_work((("a",), ("b", "c"), ("d",)), {"c", "d"}) == ((), ("c",), ("d",))
