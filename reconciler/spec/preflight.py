"""`preflight` of an environment: whether rows are asked before an apply, and what answers do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class RefuseOn(StrEnum):
    """Which answers keep an apply from beginning."""

    NOTHING = "nothing"  # they are told
    VIOLATED = "violated"
    NOT_SETTLED = "not-settled"  # violated, and what nobody has permitted to stay open


@dataclass(frozen=True, slots=True, kw_only=True)
class PreflightSpec:
    """`budget_s` is for the whole fleet."""

    budget_s: int = 900
    refuse: RefuseOn = RefuseOn.VIOLATED
