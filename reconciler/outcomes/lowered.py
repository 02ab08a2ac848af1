"""What a change to the repository takes away from the review that is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.spec.model import ReviewRule


@dataclass(frozen=True, slots=True, kw_only=True)
class LoweredRule:
    """`before` is what was asked for, of a new environment the strictest of all; `after` None: the
    spec is gone, cannot be read, or has the environment no more."""

    spec_path: str
    environment: str
    before: ReviewRule
    after: ReviewRule | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OtherOwners:
    """CODEOWNERS no longer names `before` for the path; empty: nobody. One path stands for the
    `alike` that change in the same way."""

    path: str
    before: tuple[str, ...]
    after: tuple[str, ...]
    alike: int


Lowered = LoweredRule | OtherOwners
