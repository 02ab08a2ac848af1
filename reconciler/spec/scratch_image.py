"""Servers that are started to try definitions on: `scratch: {image: …}` by a container runtime,
`scratch: auto` from one at hand. With `keep`, one stays behind its command for the next one."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.spec.durations import duration_s
from reconciler.spec.limits import SCRATCH_KEEP_S_MAX, SCRATCH_KEEP_S_MIN


@dataclass(frozen=True, slots=True)
class ScratchImage:
    """`reference` as Docker and Podman take it, such as `mysql:8.4@sha256:…`; never a variable."""

    reference: str
    keep_s: int = 0

    @property
    def is_pinned(self) -> bool:
        """Whether it names one content, and not a tag that can be moved to another."""
        return "@" in self.reference


@dataclass(frozen=True, slots=True)
class ScratchAtHand:
    """As `auto`, for a server that stays."""

    keep_s: int


StartedScratch = ScratchImage | ScratchAtHand


def started_of(value: object) -> StartedScratch | None:
    """None: a sound `scratch` that is something else."""
    if not isinstance(value, dict):
        return None
    keep_s = duration_s(value.get("keep", "0s"))
    if "image" in value:
        return ScratchImage(value["image"], keep_s)
    return ScratchAtHand(keep_s) if "keep" in value else None


def is_kept_out_of_bounds(value: object) -> bool:
    if not isinstance(value, dict) or "keep" not in value:
        return False
    return not SCRATCH_KEEP_S_MIN <= duration_s(value["keep"]) <= SCRATCH_KEEP_S_MAX
