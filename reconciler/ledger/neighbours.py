"""What is told of other sessions that a shard's server has.

Kinds with arguments, among those of `ledger/reasons.py`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EarlierSession:
    """The server still has an earlier run's session on the shard."""


@dataclass(frozen=True, slots=True)
class BlockerEnded:
    """A session that kept a statement from its lock was ended, or could not be."""

    session: str
    is_denied: bool = False
