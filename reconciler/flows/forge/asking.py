"""`ci ask`: what a person asks through a job of the forge, of an apply or of a move of shards.

The forge's record of the run says who asks (RG-37). What is asked is then recorded and answered as
from any command line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from reconciler.errors import Problem, Refused
from reconciler.flows.forge.asker import AskedInRun, asked_in_run
from reconciler.flows.forge.job import ForgeJob
from reconciler.flows.forge.merged import Merged, begin_merged
from reconciler.flows.gates import was_made_from
from reconciler.flows.keyspaces import flattened, one_environment
from reconciler.flows.requests import Answer, Asking, Records, ask_keyspace, ask_move
from reconciler.guard.model import problem_from
from reconciler.guard.review.asker import Asker
from reconciler.ledger.states import RequestKind
from reconciler.outcomes.ends import control_code
from reconciler.outcomes.exit_code import ExitCode
from reconciler.outcomes.split import SplitAsked
from reconciler.plan.files import read_plan
from reconciler.report.compose.control import control_document
from reconciler.report.write.text import write_text
from reconciler.rollout.hold import GateRight, kept_for
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class AskRequest:
    """What is asked of the applies and the moves of an environment, or of one region's part of it;
    of a move alone where it is none of an apply."""

    kind: RequestKind | SplitAsked
    environment: str | None = None
    region: str | None = None


OpenRecords = Callable[[], AbstractContextManager[Records]]


def ask_rollouts(
    job: ForgeJob, keyspaces: Sequence[str], asked: AskRequest, begin: OpenRecords
) -> ExitCode:
    """Raises Refused for a run that no person started by hand on the default branch. No ledger is
    opened before the spec that names it was found reviewed, and the asking person one who may."""
    merged = begin_merged(job, "ask", asked.environment, "workflow_dispatch")
    _check_named(merged, keyspaces, asked)
    person = asked_in_run(merged)
    with begin() as rollouts:

        def work(files: DesiredFiles, chosen: Environment) -> tuple[Answer, ...]:
            if refusals := merged.spec_gate(files, chosen)():
                raise Refused(*map(problem_from, refusals))
            asker = person.asker(chosen, releases=asked.kind is RequestKind.RELEASE)
            asking = _asking(merged, person, rollouts, files, chosen, asker)
            if isinstance(asked.kind, SplitAsked):
                return (ask_move(asking, files, chosen, asked.kind),)
            return ask_keyspace(asking, files, chosen, asked.kind)

        outcomes = flattened(
            merged.loaded.each(merged.environment, keyspaces, work, region=asked.region)
        )
    document = control_document(outcomes)
    code = control_code(outcomes)
    job.log.show(write_text(document))
    job.summarise(document)
    job.log.output(exit_code=int(code))
    return code


def _check_named(merged: Merged, keyspaces: Sequence[str], asked: AskRequest) -> None:
    """Raises Refused where what cannot be taken back would be asked of several keyspaces, and
    UsageError where of several fleets; nobody knows what a spec that cannot be read would say."""
    if not isinstance(asked.kind, SplitAsked):
        return
    one_environment(merged.loaded.keyspaces, merged.environment, keyspaces, "the end of a split")
    meant = set(keyspaces) or {
        name
        for name, files in merged.loaded.keyspaces.items()
        if not isinstance(files, DesiredFiles) or files.spec.environment(merged.environment)
    }
    if len(meant) > 1:
        raise Refused(_of_which(asked.kind, meant))


def _asking(
    merged: Merged,
    person: AskedInRun,
    records: Records,
    files: DesiredFiles,
    environment: Environment,
    asker: Asker,
) -> Asking:
    """Whom the spec names for its gates may open those: a move of shards has none (RG-93)."""
    return Asking(
        records=records,
        clock=merged.job.clock,
        tree=merged.loaded.tree,
        by=asker.line,
        right=_right(merged, files, environment, asker),
        by_of_split=lambda: person.asker(environment, releases=False).line,
    )


def _right(
    merged: Merged, files: DesiredFiles, environment: Environment, asker: Asker
) -> GateRight:
    """Whose a gate is says the spec from which the plan was made that waits at it, and no later
    one: that may have been merged for another plan. Raises Refused for an unsound plan file."""
    others = kept_for(environment.rollout, asker)
    plan = read_plan(merged.loaded.tree, environment.name, files.spec.keyspace)
    is_named = bool(environment.rollout.gate_by) and not others
    signs = plan is not None and is_named and was_made_from(plan, files)
    return GateRight(for_others=others, signs_plan=plan.plan_id if plan and signs else None)


def _of_which(asked: SplitAsked, keyspaces: Iterable[str]) -> Problem:
    return Problem(
        code="ask-of-which-keyspace",
        message=f"{asked} is asked of one split, and there are several keyspaces",
        recovery=f"name the keyspace whose split is meant, one of {', '.join(sorted(keyspaces))}",
    )
