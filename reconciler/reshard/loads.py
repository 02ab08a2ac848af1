"""What is measured of shards, look after look, for the adviser: sizes, rows, statements.

A server counts its statements since it was started; how many a second that is, two looks tell
together. What was not measured stays None, and is never taken for little (SP-9).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.reshard.limits import UPTIME_SLACK_S


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementCount:
    """How many statements the server has counted for the shard since it was started, `up_s` ago."""

    count: int
    up_s: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One shard at one moment; None: it could not be measured, and `unseen` says why, in words."""

    shard: str
    size_bytes: int | None = None
    rows: int | None = None
    statements: StatementCount | None = None
    unseen: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """All shards of a keyspace at one moment of the adviser's own clock."""

    at_s: float
    shards: tuple[Measured, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardLoad:
    """What was measured of a shard; None: it could not be."""

    shard: str
    size_bytes: int | None
    rows: int | None
    statements_per_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One measurement of all shards, with the rates since the one before."""

    at_s: float
    shards: tuple[ShardLoad, ...]


def looks_from(measurements: Sequence[Measurement]) -> tuple[Look, ...]:
    """`measurements` from the oldest on. The first has no rates."""
    before: dict[str, tuple[float, StatementCount | None]] = {}
    looks: list[Look] = []
    for measurement in measurements:
        looks.append(
            Look(
                at_s=measurement.at_s,
                shards=tuple(_load(one, measurement.at_s, before) for one in measurement.shards),
            )
        )
        before |= {one.shard: (measurement.at_s, one.statements) for one in measurement.shards}
    return tuple(looks)


def _load(
    measured: Measured, at_s: float, before: dict[str, tuple[float, StatementCount | None]]
) -> ShardLoad:
    then_s, then = before.get(measured.shard, (at_s, None))
    return ShardLoad(
        shard=measured.shard,
        size_bytes=measured.size_bytes,
        rows=measured.rows,
        statements_per_s=_rate(then, measured.statements, elapsed_s=at_s - then_s),
    )


def _rate(
    then: StatementCount | None, now: StatementCount | None, *, elapsed_s: float
) -> float | None:
    """None unless both counts are of one server that was not started between: the time by which it
    is up longer is the time between the looks."""
    if then is None or now is None:
        return None
    ran_s = now.up_s - then.up_s
    is_same = ran_s > 0 and abs(ran_s - elapsed_s) <= UPTIME_SLACK_S and now.count >= then.count
    return (now.count - then.count) / ran_s if is_same else None
