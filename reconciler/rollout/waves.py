"""The order of a rollout: canaries first, then shares of the rest, every shard exactly once.

It is a function of the shard list and the spec alone, so that plan, apply and resume agree on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import StrEnum

from reconciler.errors import InvalidInput, Problem
from reconciler.model.fleet import in_key_order
from reconciler.spec.model import Environment, RolloutSpec, WaveShare

Waves = tuple[tuple[str, ...], ...]


class WaveChoice(StrEnum):
    """Which waves this run may start: a pipeline may run the canaries and the rest as two jobs."""

    ALL = "all"
    CANARY = "canary"
    REST = "rest"


def waves_of(shards: tuple[str, ...], rollout: RolloutSpec) -> Waves:
    """Shards keep their given order inside a wave; what no wave names comes last."""
    assert len(set(shards)) == len(shards), "shard lists are validated before this"
    named = [*rollout.canary, *(name for share in rollout.waves for name in share.shards)]
    if unknown := sorted(set(named) - set(shards)):
        raise _unknown_shards(unknown)
    wanted = [frozenset(rollout.canary), *_wanted_by_shares(shards, rollout), frozenset(shards)]
    return tuple(_without_repeats(shards, wanted))


def waves_in(environment: Environment) -> Waves:
    """Of a region, the waves of the whole fleet with its shards alone in them: their numbers are
    the fleet's."""
    waves = waves_of(in_key_order(environment.shard_names), environment.rollout)
    if environment.region is None:
        return waves
    return with_work(waves, (shard.name for shard in environment.shards))


def with_work(waves: Waves, shards: Iterable[str]) -> Waves:
    """The same waves with only `shards` in them, numbered as before: some may be empty."""
    kept = frozenset(shards)
    return tuple(tuple(shard for shard in wave if shard in kept) for wave in waves)


def _wanted_by_shares(shards: tuple[str, ...], rollout: RolloutSpec) -> Iterator[frozenset[str]]:
    reached = set(rollout.canary)
    for share in rollout.waves:
        wave = frozenset(share.shards) | _fill_up(shards, reached | set(share.shards), share)
        reached |= wave
        yield wave


def _fill_up(shards: tuple[str, ...], reached: set[str], share: WaveShare) -> frozenset[str]:
    """The first shards not yet reached, as many as bring the total to the share's percentage."""
    if share.percent is None:
        return frozenset()
    # Rounded up: 25 % of 6 shards is two, and a small fleet never gets an empty wave.
    target = -(-len(shards) * share.percent // 100)
    rest = [shard for shard in shards if shard not in reached]
    return frozenset(rest[: max(0, target - len(reached))])


def _without_repeats(
    shards: tuple[str, ...], wanted: list[frozenset[str]]
) -> Iterator[tuple[str, ...]]:
    placed: set[str] = set()
    for names in wanted:
        wave = tuple(shard for shard in shards if shard in names and shard not in placed)
        placed.update(wave)
        if wave:
            yield wave


def _unknown_shards(names: list[str]) -> InvalidInput:
    return InvalidInput(
        Problem(
            code="rollout-unknown-shard",
            message=f"the rollout names {', '.join(names)}, which the environment does not have",
            recovery="name shards of the environment's `shards` list in `canary` and `waves`",
        )
    )
