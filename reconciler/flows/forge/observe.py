"""`ci observe`: what one region's runner hands on to the job that judges over all regions.

It is given the reading login of its region and nothing else, and looks only where the job that
judges will: at keyspaces that the change touches, or on a schedule at all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.errors import Problem, Refused
from reconciler.flows.forge.job import ForgeJob, OpenWorlds, default_branch_event
from reconciler.flows.forge.proposed import ProposedChange
from reconciler.flows.keyspaces import Loaded, one_environment
from reconciler.flows.observe import observe_region
from reconciler.outcomes.ends import observe_code
from reconciler.outcomes.exit_code import ExitCode, worst, worst_first
from reconciler.outcomes.observe import ObserveOutcome
from reconciler.ports.files import FileWriter
from reconciler.ports.job import BranchEvent, PullRequestEvent
from reconciler.report.compose.observe import observe_document
from reconciler.report.forge_words import nothing_of_region
from reconciler.report.write.text import write_text
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment
from reconciler.spec.regions import in_region


@dataclass(frozen=True, slots=True, kw_only=True)
class ObserveJobRequest:
    """Which region to look at, and the key by which its files are known."""

    environment: str | None
    region: str
    key: bytes | None


def observe_part(
    job: ForgeJob, asked: ObserveJobRequest, open_worlds: OpenWorlds, writer: FileWriter
) -> ExitCode:
    """Raises Refused for another event, and for a pull request from a fork before anything of it
    is read (RG-91)."""
    event = job.facts.event
    if isinstance(event, PullRequestEvent) and event.is_fork:
        raise Refused(_of_a_fork(asked.region))
    loaded, touched = _in_question(job)
    environment = one_environment(loaded.keyspaces, asked.environment, None, "a look at a region")
    there = _keyspaces_of(loaded, environment, asked.region)
    names = [name for name in touched if name in there]
    if not names:  # `each` takes no name for all of them
        job.log.show(nothing_of_region(environment, asked.region))
        job.log.output(exit_code=int(ExitCode.FINE))
        return ExitCode.FINE
    with open_worlds() as worlds:

        def work(files: DesiredFiles, part: Environment) -> ObserveOutcome:
            return observe_region(worlds.world_of(part), files, part, writer=writer, key=asked.key)

        outcomes = loaded.each(environment, names, work, region=asked.region)
    document = observe_document(worst_first(outcomes, observe_code))
    code = worst(map(observe_code, outcomes))
    job.log.show(write_text(document))
    job.summarise(document)
    job.log.output(exit_code=int(code))
    return code


def _in_question(job: ForgeJob) -> tuple[Loaded, Sequence[str]]:
    """The repository, and the keyspaces that the job behind this one will judge."""
    if isinstance(job.facts.event, BranchEvent):
        default_branch_event(job, "observe", "schedule", "workflow_dispatch", "push")
        loaded = job.load(job.commit)
        return loaded, tuple(loaded.keyspaces)
    change = ProposedChange(job, "observe")
    return change.loaded, change.touched


def _keyspaces_of(loaded: Loaded, environment: str, region: str) -> frozenset[str]:
    """Those that have the region. What is wrong with a spec that cannot be read, the job that
    judges says. Raises InvalidInput for a region that no spec has: to look at nothing is no look
    (GD-10)."""
    found = {name: files.spec.environment(environment) for name, files in loaded.sound.items()}
    known = {name: one for name, one in found.items() if one is not None}
    named = {name for one in known.values() for name in one.region_names}
    if known and region not in named and len(loaded.sound) == len(loaded.keyspaces):
        in_region(known[min(known)], region)
    return frozenset(
        name for name, one in known.items() if region in {each.name for each in one.regions}
    )


def _of_a_fork(region: str) -> Problem:
    return Problem(
        code="fork-not-observed",
        message=f"the pull request is from a fork, and no such job looks at region {region}: it has"
        " no login, and nothing of a fork belongs on a machine that reaches shards",
        recovery="leave this job out for forks, as the workflow does that `reconciler ci workflow"
        " --of checks` writes; a maintainer brings the change into the repository",
    )
