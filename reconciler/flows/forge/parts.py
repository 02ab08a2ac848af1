"""`ci parts`: what a graph of jobs is to order, before any of its jobs has a login.

The job that asks holds nothing but the forge's token: it reads the merged plans and the forge's
record, and connects to nothing. Each region proves the review again by itself; here it is asked so
that one red job says it, and no region is bothered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from reconciler.errors import InvalidInput, Problem, Refused, Unavailable
from reconciler.flows.forge.job import ForgeJob
from reconciler.flows.forge.merged import Merged, begin_merged
from reconciler.flows.gates import Gates, gate_refusals
from reconciler.flows.keyspace_order import refuse_ordered
from reconciler.flows.keyspaces import one_environment
from reconciler.flows.limits import MATRIX_JOBS_MAX
from reconciler.guard.model import Refusal
from reconciler.guard.review.places import wave_place
from reconciler.guard.review.protection import ProtectedPlace, protection_refusals
from reconciler.outcomes.exit_code import ExitCode, together, worst_first
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.parts import PartJob, PartsOutcome, WaveJobs, parts_end, waves_of_jobs
from reconciler.plan.files import read_plan
from reconciler.plan.model import Plan
from reconciler.report.compose.parts import parts_document
from reconciler.report.matrix import matrix_of
from reconciler.report.render import Format, parts_report
from reconciler.rollout.parts import held_waves, parts_of
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment

Found = PartsOutcome | KeyspaceFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsRequest:
    """For how many waves the workflow that asks has jobs, and which of them it holds behind an
    environment of the forge; `waves` None: it does not say, and keeps to whatever it is given."""

    environment: str | None = None
    waves: int | None = None
    held: frozenset[int] = frozenset()
    form: Format = Format.GITHUB


def order_parts(job: ForgeJob, keyspaces: Sequence[str], asked: PartsRequest) -> ExitCode:
    """Raises Refused for a job that is none of a merge, and for more jobs than a matrix may have:
    a rollout is ordered whole or not at all; InvalidInput for keyspaces of which one comes after
    another."""
    merged = begin_merged(job, "parts", asked.environment, "push", "workflow_dispatch")
    one_environment(merged.loaded.keyspaces, merged.environment, keyspaces, "a graph of jobs")

    @cache
    def place(name: str) -> ProtectedPlace | None:
        return job.ask().place(name)

    def work(files: DesiredFiles, environment: Environment) -> PartsOutcome:
        found = _parts_of(merged, files, environment)
        if found.refusals:
            return found
        refusals = (*workflow_refusals(asked, found), *_place_refusals(place, environment, found))
        return replace(found, jobs=() if refusals else found.jobs, refusals=refusals)

    together_in_one = merged.loaded.each(merged.environment, keyspaces, _files)
    refuse_ordered(one for one in together_in_one if isinstance(one, DesiredFiles))
    outcomes: list[Found] = merged.loaded.each(merged.environment, keyspaces, work)
    code = together(map(parts_end, outcomes))
    waves = waves_of_jobs(outcomes) if code is ExitCode.FINE else ()
    check_size(waves)
    job.log.show(parts_report(outcomes, job.shown(asked.form, merged.loaded)))
    job.summarise(parts_document(worst_first(outcomes, lambda outcome: parts_end(outcome).code)))
    job.log.output(waves=matrix_of(waves), exit_code=int(code))
    return code


def _files(files: DesiredFiles, _environment: Environment) -> DesiredFiles:
    return files


def _parts_of(merged: Merged, files: DesiredFiles, environment: Environment) -> PartsOutcome:
    """Of a plan that is reviewed, and is what the branch holds. Raises Refused for a keyspace
    without regions, and for what the forge did not clearly say."""
    keyspace = files.spec.keyspace
    if not environment.regions:
        raise Refused(_no_regions(files, environment))
    plan = read_plan(merged.loaded.tree, environment.name, keyspace)
    found = PartsOutcome(
        environment=environment.name,
        keyspace=keyspace,
        plan_id=plan.plan_id if plan else None,
        quarantine=environment.quarantine,
    )
    gates = Gates(
        plan=(merged.review_gate(files, environment),), spec=(merged.spec_gate(files, environment),)
    )
    if refusals := gate_refusals(gates, files, plan):
        return replace(found, refusals=refusals)
    if plan is None:
        return replace(found, jobs=tuple(_looks(keyspace, environment)))
    rollout = environment.rollout
    return replace(
        found,
        jobs=tuple(_jobs(plan, environment)),
        held=held_waves(plan.core) if rollout.gate or rollout.soak_s else (),
    )


def _jobs(plan: Plan, environment: Environment) -> Iterator[PartJob]:
    for part in parts_of(plan.core, environment.regions):
        yield PartJob(
            keyspace=plan.core.keyspace,
            region=part.region,
            wave=part.wave,
            plan_id=plan.plan_id,
        )


def _looks(keyspace: str, environment: Environment) -> Iterator[PartJob]:
    """GD-11: a missing plan is never success, unless every region sees that none is needed."""
    for region in sorted(region.name for region in environment.regions):
        yield PartJob(keyspace=keyspace, region=region, wave=1, plan_id=None)


def workflow_refusals(asked: PartsRequest, found: PartsOutcome) -> Iterator[Refusal]:
    """RG-32: a wave for which the workflow has no job would never run, and its run would be
    green; one that it does not hold would begin by itself."""
    if asked.waves is None:
        return
    last = max((job.wave for job in found.jobs), default=0)
    again = (
        f"run `reconciler ci workflow --environment {found.environment}` again, and merge what it"
        " writes"
    )
    if last > asked.waves:
        yield Refusal(
            code="workflow-outdated",
            message=f"the plan of {found.keyspace} has work in wave {last}, and the workflow has"
            f" jobs for {asked.waves} waves",
            recovery=again,
            expected=f"jobs for {last} waves or more",
            observed=f"{asked.waves}",
        )
    open_waves = [wave for wave in found.held if wave <= asked.waves and wave not in asked.held]
    if open_waves:
        yield Refusal(
            code="workflow-outdated",
            message=f"the spec has {found.keyspace} wait before wave"
            f" {', '.join(map(str, open_waves))}, and the workflow holds nothing there",
            recovery=again,
        )


def _place_refusals(
    place: Callable[[str], ProtectedPlace | None], environment: Environment, found: PartsOutcome
) -> Iterator[Refusal]:
    """Raises Refused for whatever the forge did not clearly say (RV-6)."""
    for wave in found.held:
        name = wave_place(environment.name, wave)
        try:
            there = place(name)
        except (Unavailable, InvalidInput) as unclear:
            raise Refused(*unclear.problems) from None
        yield from protection_refusals(name, there, environment.rollout)


def check_size(waves: Iterable[WaveJobs]) -> None:
    """Raises Refused for a wave that no matrix of the forge takes (RG-32)."""
    for found in waves:
        if len(found.jobs) > MATRIX_JOBS_MAX:
            raise Refused(_too_many(found.wave, len(found.jobs)))


def _no_regions(files: DesiredFiles, environment: Environment) -> Problem:
    return Problem(
        code="parts-without-regions",
        message=f"{files.spec.path} gives {environment.name} no regions, so there is nobody to give"
        " a part of its plan to",
        recovery="give it `regions`, one with all of its shards where one machine reaches them, or"
        " name the keyspaces that have some: `reconciler ci parts KEYSPACE`",
    )


def _too_many(wave: int, jobs: int) -> Problem:
    return Problem(
        code="parts-too-many",
        message=f"wave {wave} has {jobs:,} parts, and one matrix of jobs takes {MATRIX_JOBS_MAX}",
        recovery="give some keyspaces a workflow of their own, each written by `reconciler ci"
        " workflow KEYSPACE...`, or make regions larger",
    )
