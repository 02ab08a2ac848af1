"""An order for a part of a plan, as a value: which wave, and of which plan (RG-21).

It stands alone, so that a command line is read, and its first line shown, before anything is loaded
that holds an order against a plan (`rollout/parts.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

PART_PROTOCOL = 1
"""What an order means. A machine that knows another one refuses it, and does not guess."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PartOrder:
    """`wave` counts from 1 over the whole fleet; `plan_id` None: whatever was reviewed.
    `is_rerun`: a forge gives it once more, in a run that was let in before."""

    wave: int
    plan_id: str | None = None
    protocol: int = PART_PROTOCOL
    is_rerun: bool = False
