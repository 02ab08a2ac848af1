"""When copies that are complete are swapped in, where the spec says that this is done on purpose,
and what becomes of copies when a rollout ends before.

A copy changes nothing for anybody until it is swapped in. So one that nobody has released may be
ended at any moment, where a statement that the server runs must be waited for.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from reconciler.guard.windows import is_open
from reconciler.ledger.copies import (
    CopiesNotReady,
    CutoverClosed,
    CutoverOverdue,
    CutoverShut,
)
from reconciler.ledger.model import ReleasedCopy
from reconciler.spec.model import CutoverSpec


@dataclass(frozen=True, slots=True)
class ReadyCopy:
    """A complete copy that waits: of the statement at `index` of its shard, for so long."""

    index: int
    for_s: float


@dataclass(frozen=True, slots=True)
class CutOver:
    """Swap these copies in."""

    copies: tuple[ReleasedCopy, ...]


@dataclass(frozen=True, slots=True)
class AwaitCutover:
    """Copies are kept up to date until somebody, or the time of day, releases them."""

    reason: CopiesNotReady | CutoverClosed | CutoverShut


@dataclass(frozen=True, slots=True)
class StopCopies:
    """They have been kept for as long as the spec allows: this run ends."""

    reason: CutoverOverdue


class CopyOrder(StrEnum):
    """What the driver says to the shards whose engines copy. Held is what nobody has released."""

    GO_ON = "go on"
    STOP_HELD = "stop what is held"
    GIVE_UP_HELD = "give up what is held"
    STOP = "stop"  # what can be taken up again; the others are finished
    GIVE_UP = "give up"  # and remove what was made
    LEAVE = "leave"  # as it is: this run may swap nothing in any more


def cutover_step(
    cutover: CutoverSpec,
    windows: tuple[str, ...],
    *,
    wave: int,
    ready: Mapping[str, ReadyCopy],
    others_left: int,
    released: Iterable[ReleasedCopy],
    wall_s: float,
) -> CutOver | AwaitCutover | StopCopies | None:
    """What becomes of the wave's complete copies; None: there is none. `others_left` are shards of
    the wave that may still come to have one: where the wave's copies belong together they are
    waited for, and those that failed are not. `wall_s` is the time of day."""
    if not ready:
        return None
    if max(copy.for_s for copy in ready.values()) >= cutover.limit_s:
        of = len(ready) + others_left
        return StopCopies(CutoverOverdue(wave, len(ready), of, cutover.limit_s))
    if cutover.is_of_wave and others_left:
        return AwaitCutover(CopiesNotReady(wave))
    copies = tuple(ReleasedCopy(shard, copy.index) for shard, copy in ready.items())
    if cutover.gate and not {*copies} <= {*released}:
        return AwaitCutover(CutoverClosed(wave, len(ready), windows))
    if not is_open(windows, wall_s):
        return AwaitCutover(CutoverShut(wave, len(ready), windows))
    return CutOver(copies)
