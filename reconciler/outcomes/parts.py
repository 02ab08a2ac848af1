"""What `ci parts` ends in: which parts of which plans are to be ordered, or why none is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.guard.model import Refusal, RefusalKind
from reconciler.model.quarantine import Quarantine
from reconciler.outcomes.ends import failed_code
from reconciler.outcomes.exit_code import End, ExitCode
from reconciler.outcomes.failed import KeyspaceFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class PartJob:
    """One job of a graph. `plan_id` None: no plan was merged, and the region shall see for itself
    that nothing is left to do (GD-11)."""

    keyspace: str
    region: str
    wave: int
    plan_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsOutcome:
    """Of one keyspace. `held` are the waves that wait for a gate or a soak."""

    environment: str
    keyspace: str
    plan_id: str | None = None
    jobs: tuple[PartJob, ...] = ()
    held: tuple[int, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    quarantine: tuple[Quarantine, ...] = ()

    @property
    def is_superseded(self) -> bool:
        return bool(self.refusals) and self.refusals[0].kind is RefusalKind.SUPERSEDED


def parts_end(outcome: PartsOutcome | KeyspaceFailed) -> End:
    """RV-5: a newer merge that took the plan's place has a job of its own."""
    if isinstance(outcome, KeyspaceFailed):
        return End(code=failed_code(outcome))
    refused = bool(outcome.refusals) and not outcome.is_superseded
    return End(code=ExitCode.REFUSED if refused else ExitCode.FINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveJobs:
    """The jobs of one wave of all keyspaces, side by side."""

    wave: int
    is_held: bool
    jobs: tuple[PartJob, ...]


def waves_of_jobs(outcomes: Sequence[PartsOutcome | KeyspaceFailed]) -> tuple[WaveJobs, ...]:
    """In order; waves without work are left out."""
    sound = [found for found in outcomes if isinstance(found, PartsOutcome)]
    jobs = [job for found in sound for job in found.jobs]
    held = {wave for found in sound for wave in found.held}
    return tuple(
        WaveJobs(
            wave=wave,
            is_held=wave in held,
            jobs=tuple(job for job in jobs if job.wave == wave),
        )
        for wave in sorted({job.wave for job in jobs})
    )
