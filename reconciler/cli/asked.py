"""What `apply` and `resume` are asked on the command line."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reconciler.guard.review.git import Review
from reconciler.rollout.part_order import PartOrder
from reconciler.rollout.waves import WaveChoice


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Most of it is text, which nothing else tells apart. `resumes`: what holds is released."""

    keyspaces: tuple[str, ...]
    repo: Path
    environment: str | None
    ref: str
    review: Review
    protected_branch: str | None
    waves: WaveChoice
    resumes: bool
    max_runtime_s: int
    output: str
    region: str | None
    part: PartOrder | None
