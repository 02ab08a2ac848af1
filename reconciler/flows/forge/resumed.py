"""Which waves of a region a person means who asks for a resume there: of each keyspace its own.

Where people resume every region at once, each may have been stopped in another wave, and of several
keyspaces some may have nothing that was stopped: those are left as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.errors import Problem, Refused
from reconciler.flows.forge.apply import BeginRollouts
from reconciler.flows.forge.asker import asked_in_run
from reconciler.flows.forge.job import ForgeJob
from reconciler.flows.forge.merged import begin_merged
from reconciler.flows.keyspaces import one_environment
from reconciler.guard.model import problem_from
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.rollout.part_order import PartOrder
from reconciler.rollout.parts import WaveLeft, wave_left
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class WhichWaves:
    """`wave` None: nobody named one. Without names, every keyspace."""

    environment: str | None
    region: str
    keyspaces: tuple[str, ...]
    wave: int | None


def parts_to_resume(job: ForgeJob, asked: WhichWaves, begin: BeginRollouts) -> dict[str, PartOrder]:
    """By keyspace. Raises Refused where nothing is meant, or nobody can tell what; for a run that
    no person started by hand, or none who may ask this. No ledger is opened before that, nor before
    the spec that names it was found reviewed (RG-68)."""
    merged = begin_merged(job, "ask", asked.environment, "workflow_dispatch")
    one_environment(merged.loaded.keyspaces, merged.environment, asked.keyspaces, "a part")
    person = asked_in_run(merged)
    with begin() as rollouts:

        def work(files: DesiredFiles, chosen: Environment) -> tuple[str, WaveLeft | None]:
            if refusals := merged.spec_gate(files, chosen)():
                raise Refused(*map(problem_from, refusals))
            person.asker(chosen, releases=True)
            ledger, keyspace = rollouts.ledger_of(chosen), files.spec.keyspace
            stored = ledger.unfinished(chosen.name, keyspace, asked.region)
            return keyspace, wave_left(ledger.operations(stored.apply_id)) if stored else None

        found = merged.loaded.each(merged.environment, asked.keyspaces, work, region=asked.region)
    problems = [each for one in found if isinstance(one, KeyspaceFailed) for each in one.problems]
    if problems:
        raise Refused(*problems)
    left = dict(one for one in found if not isinstance(one, KeyspaceFailed))
    chosen = waves_meant({name: one for name, one in left.items() if one is not None}, asked.wave)
    if not chosen:
        raise Refused(_which(asked, left))
    if idle := sorted(left.keys() - chosen.keys()):
        job.log.remark(f"left as they are, with nothing to resume there: {', '.join(idle)}")
    return {name: PartOrder(wave=wave) for name, wave in chosen.items()}


def waves_meant(left: Mapping[str, WaveLeft], wave: int | None) -> dict[str, int]:
    """By keyspace: the wave that is under way, or the one that was named, where it is. One that has
    not begun is meant where it was named, and what comes next of one keyspace alone: to name it for
    one would open the gate of others."""
    under_way = {
        name: one.wave
        for name, one in sorted(left.items())
        if one.has_begun and wave in (None, one.wave)
    }
    if under_way or wave is None:
        return under_way
    comes_next = {name: one.wave for name, one in left.items() if one.wave == wave}
    return comes_next if len(comes_next) == 1 else {}


def _which(asked: WhichWaves, left: Mapping[str, WaveLeft | None]) -> Problem:
    known = [
        f"wave {one.wave} of {name} {'is under way' if one.has_begun else 'has not begun'}"
        for name, one in sorted(left.items())
        if one is not None
    ]
    what = "without a wave" if asked.wave is None else f"of wave {asked.wave}"
    return Problem(
        code="resume-which-wave",
        message=f"a resume in region {asked.region} was asked for {what}, and by its ledger"
        f" {', '.join(known) or 'nothing is unfinished there'}",
        recovery="ask for `retry` instead, then run the jobs of the rollout again: they go on with"
        " what was stopped, and order the waves that have not begun",
    )
