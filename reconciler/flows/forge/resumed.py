"""Which wave of a region a person means who asks for a resume and names none: the one under way.

Where people resume every region at once, each may have been stopped in another wave.
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.errors import Problem, Refused
from reconciler.flows.forge.apply import BeginRollouts
from reconciler.flows.forge.job import ForgeJob
from reconciler.flows.forge.merged import begin_merged
from reconciler.guard.model import problem_from
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.rollout.parts import wave_under_way
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


def wave_to_resume(
    job: ForgeJob,
    keyspaces: Sequence[str],
    environment: str | None,
    region: str,
    begin: BeginRollouts,
) -> int:
    """Raises Refused where the region's ledger knows of none, or of several; no ledger is opened
    before the spec that names it was found reviewed."""
    merged = begin_merged(job, "ask", environment, "workflow_dispatch")
    with begin() as rollouts:

        def work(files: DesiredFiles, chosen: Environment) -> int | None:
            if refusals := merged.spec_gate(files, chosen)():
                raise Refused(*map(problem_from, refusals))
            ledger = rollouts.ledger_of(chosen)
            stored = ledger.unfinished(chosen.name, files.spec.keyspace, region)
            return wave_under_way(ledger.operations(stored.apply_id)) if stored else None

        found = merged.loaded.each(merged.environment, keyspaces, work, region=region)
    problems = [each for one in found if isinstance(one, KeyspaceFailed) for each in one.problems]
    if problems:
        raise Refused(*problems)
    waves = sorted({one for one in found if isinstance(one, int)})
    if len(waves) != 1:
        raise Refused(_which(region, waves))
    return waves[0]


def _which(region: str, waves: Sequence[int]) -> Problem:
    known = f"waves {', '.join(map(str, waves))}" if waves else "no wave"
    return Problem(
        code="resume-which-wave",
        message=f"a resume in region {region} was asked for without a wave, and its ledger knows of"
        f" {known} under way there",
        recovery="look at `reconciler status`, and name the wave, or one keyspace at a time; a wave"
        " that has not begun is ordered by the workflow of the rollout",
    )
