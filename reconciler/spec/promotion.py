"""`promote_if` of a rollout: what must hold on the shards before a wave for the wave to begin."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """Bounds of a number, each included; None: there is none on this side."""

    at_least: float | None = None
    at_most: float | None = None

    def takes(self, value: float) -> bool:
        """NaN is within no bounds."""
        above = self.at_least is None or value >= self.at_least
        below = self.at_most is None or value <= self.at_most
        return value == value and above and below


@dataclass(frozen=True, slots=True)
class ShardQuery:
    """One SELECT of one row with one number, put to every shard before the wave."""

    sql: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One PromQL query of one number, put to a server that has Prometheus' API; `address` and
    `token` may hold ${VARIABLE}."""

    query: str
    address: str = field(repr=False)  # PL-12
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionCheck:
    """Asked `every_s` while the wave rests, and once more when it has. `failures` is how many of
    the answers may be outside of what is expected."""

    name: str
    asks: ShardQuery | Metric
    expected: Expected
    every_s: int = 30
    failures: int = 0
