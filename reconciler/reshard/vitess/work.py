"""What is asked of Vitess for one move, and the names by which it is known again (SP-90)."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.model.fleet import parse_key_range
from reconciler.reshard.job import SplitJob

_COMPARISONS = uuid.UUID("6f6a1a0c-6f0a-4f6e-9d7e-1c1b0f0f4a49")
_IDENTITY_CHARS = 16
#: Vitess' own: what it calls the workflow that leads back.
REVERSE = "_reverse"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReshardWork:
    """`identity` is of the reviewed plan; `tables` are those that it names, sorted, and
    `definitions` what each was when it was reviewed: of a job alone, and no table is like none."""

    job: int
    identity: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    tables: tuple[str, ...]
    definitions: Mapping[str, str] = field(default_factory=dict)

    @property
    def workflow(self) -> str:
        """No other job has it, and no other plan's job of the same number in another ledger."""
        return workflow_name(self.job, self.identity)

    @property
    def reverse(self) -> str:
        return self.workflow + REVERSE

    @property
    def streams(self) -> tuple[tuple[str, str], ...]:
        """One from each source to each target that takes some of its keys, sorted."""
        return tuple(
            sorted(
                (source, target)
                for source in self.sources
                for target in self.targets
                if _meet(source, target)
            )
        )


def workflow_name(job: int, identity: str) -> str:
    return f"reconciler_{job}_{identity[:_IDENTITY_CHARS]}"


def comparison_of(job: SplitJob, identity: str) -> str:
    """The id of the VDiff of this stay in the job's phase: whoever takes the job up finds it."""
    since_us = round(job.phase_since_s * 1_000_000)
    return str(uuid.uuid5(_COMPARISONS, f"{identity}:{job.job_id}:{since_us}"))


def _meet(source: str, target: str) -> bool:
    one, other = parse_key_range(source), parse_key_range(target)
    return one is not None and other is not None and one.overlaps(other)
