"""`ci revert`: who is on call has a job propose the way back from a plan.

The schema files are taken back on a branch, a plan is made of them, and a pull request is opened
(RP-30). That is all: it is reviewed, merged and applied as any change, and what the forge knows of
who asked is in its commit and its text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from reconciler import __version__
from reconciler.errors import Problem, ReconcilerError, Refused
from reconciler.flows.edited_tree import EditedTree
from reconciler.flows.forge.asker import asked_in_run
from reconciler.flows.forge.job import ForgeJob, OpenWorlds, Worlds
from reconciler.flows.forge.merged import Merged, begin_merged
from reconciler.flows.kept_plan import find_plan
from reconciler.flows.keyspaces import one_environment
from reconciler.flows.plan import keep_plan, kept_cleans, plan_keyspace
from reconciler.flows.revert import revert_files
from reconciler.flows.split.reached import look_of, standing_of
from reconciler.guard.model import problem_from
from reconciler.outcomes.ends import plan_end
from reconciler.outcomes.exit_code import ExitCode, together
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.revert import RevertProposed
from reconciler.plan.model import utc_text
from reconciler.ports.ledger import Ledger
from reconciler.ports.notices import Proposals, TokenKind
from reconciler.report.compose.opening import failures_document
from reconciler.report.compose.revert import revert_body, revert_document, revert_title
from reconciler.report.document import Document
from reconciler.report.summary import short_id
from reconciler.report.write.markdown import write_markdown
from reconciler.report.write.text import write_text
from reconciler.spec.load import DesiredFiles, load_keyspace
from reconciler.spec.model import Environment
from reconciler.spec.tree import from_the_top

_ODD = re.compile(r"[^A-Za-z0-9_-]+")  # two dots, for one, are in no name of a branch


@dataclass(frozen=True, slots=True, kw_only=True)
class RevertRequest:
    """`plan_id`, or how it begins; None: the newest plan."""

    environment: str | None
    plan_id: str | None = None


def propose_revert(
    job: ForgeJob,
    keyspaces: Sequence[str],
    asked: RevertRequest,
    open_worlds: OpenWorlds,
    proposals: Callable[[], Proposals],
) -> ExitCode:
    """Raises Refused for a run that no person started by hand on the default branch, and where it
    is not clear of which keyspace a plan is meant. `proposals` raises InvalidInput where the job
    was given no token."""
    merged = begin_merged(job, "revert", asked.environment, "workflow_dispatch")
    loaded = merged.loaded
    environment = one_environment(loaded.keyspaces, merged.environment, keyspaces, "a way back")
    keyspace = _one_of(merged, keyspaces, environment)
    person = asked_in_run(merged)
    with open_worlds() as worlds:

        def work(files: DesiredFiles, chosen: Environment) -> RevertProposed:
            if refusals := merged.spec_gate(files, chosen)():
                raise Refused(*map(problem_from, refusals))
            asker = person.asker(chosen, releases=False)
            made = _way_back(merged, worlds, files, chosen, asked.plan_id)
            return _propose(merged, proposals(), made, asker.line)

        (outcome,) = loaded.each(environment, [keyspace], work)
    document = _document(merged, outcome)
    job.log.show(write_text(document))
    job.summarise(document)
    plan = outcome if isinstance(outcome, KeyspaceFailed) else outcome.plan
    code = together([plan_end(plan)])
    job.log.output(exit_code=int(code))
    return code


def _document(merged: Merged, outcome: RevertProposed | KeyspaceFailed) -> Document:
    if isinstance(outcome, KeyspaceFailed):
        return failures_document([outcome])
    return revert_document(outcome, merged.job.files(merged.loaded))


def _one_of(merged: Merged, keyspaces: Sequence[str], environment: str) -> str:
    """A plan is one keyspace's."""
    known = merged.loaded.keyspaces
    meant = sorted(
        set(keyspaces)
        or {
            name
            for name, files in known.items()
            if not isinstance(files, DesiredFiles) or files.spec.environment(environment)
        }
    )
    if len(meant) == 1:
        return meant[0]
    raise Refused(
        Problem(
            code="revert-of-which-keyspace",
            message="a plan of one keyspace is taken back, and there are several",
            recovery=f"name the keyspace whose plan is meant, one of {', '.join(meant)}",
        )
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """`edited` holds what is to be committed; `outcome` has no place yet."""

    edited: EditedTree
    outcome: RevertProposed


def _way_back(
    merged: Merged, worlds: Worlds, files: DesiredFiles, chosen: Environment, plan_id: str | None
) -> _Made:
    """The files of before the plan, and a plan to them, in no tree but the one of this job."""
    job, keyspace = merged.job, files.spec.keyspace
    plan = find_plan(job.clone, plan_id, chosen.name, keyspace)
    _check_new(merged, keyspace, chosen.name, plan.plan_id)

    def open_ledger() -> Ledger:
        return worlds.lasting_ledger_of(chosen)

    stands = standing_of(worlds, files, chosen)
    world, edited = look_of(worlds, stands), EditedTree(merged.loaded.tree)
    back = revert_files(world, plan, files, stands.environment, edited, open_ledger=open_ledger)
    if not (back.written or back.removed):
        raise Refused(
            Problem(
                code="taken-back-already",
                message=f"the schema files of {keyspace} are as before plan {plan.plan_id} already",
                recovery="plan what shards still need like any change:"
                f" `reconciler plan {keyspace} --environment {chosen.name} --write`",
            )
        )
    outcome = plan_keyspace(
        world,
        load_keyspace(edited, files.spec.path),
        stands.environment,
        protected=merged.loaded.tree,
        created_at=utc_text(job.clock.now_s()),
        tool_version=__version__,
        cleans=kept_cleans(edited, merged.loaded.tree, chosen.name, keyspace),
        notes=back.notes,
        open_ledger=open_ledger,
        takes_back=plan.plan_id,
    )
    if not outcome.refusals:
        outcome = keep_plan(outcome, edited, edited)
    made = RevertProposed(
        environment=chosen.name,
        keyspace=keyspace,
        taken_back=plan.plan_id,
        asked_by="",
        branch=f"{_prefix(keyspace, chosen.name, plan.plan_id)}{job.process}",
        plan=outcome,
        notes=back.notes,
        starts_checks=False,
    )
    return _Made(edited=edited, outcome=made)


def _propose(merged: Merged, proposals: Proposals, made: _Made, asked_by: str) -> RevertProposed:
    job, branch, into = merged.job, made.outcome.branch, merged.event.default_branch
    kind, _ = proposals.speaks_for()
    proposed = replace(made.outcome, asked_by=asked_by, starts_checks=kind is not TokenKind.JOB)
    title = revert_title(proposed)
    proposals.begin_branch(branch, merged.commit)
    proposals.commit(
        branch,
        onto=merged.commit,
        message=f"{title}\n\nAsked by {asked_by}",
        additions={
            from_the_top(path, job.clone.below): content
            for path, content in made.edited.written.items()
        },
        removals=sorted(from_the_top(path, job.clone.below) for path in made.edited.removed),
    )
    body = write_markdown(revert_body(proposed, job.files(merged.loaded)))
    repository, _, _ = job.facts.run_url.partition("/actions/runs/")
    try:
        number = proposals.open_pull_request(branch, into=into, title=title, body=body)
    except ReconcilerError as denied:
        url = f"{repository}/compare/{into}...{branch}?expand=1"
        return replace(proposed, unopened=str(denied.problems[0]), url=url)
    return replace(proposed, pull_request=number, url=f"{repository}/pull/{number}")


def _check_new(merged: Merged, keyspace: str, environment: str, plan_id: str) -> None:
    """Two people on call ask for the same. Raises Refused."""
    prefix = _prefix(keyspace, environment, plan_id)
    for one in merged.job.ask().own_pull_requests(merged.event.default_branch):
        if one.head_branch.startswith(prefix):
            raise Refused(
                Problem(
                    code="revert-proposed-already",
                    message=f"pull request #{one.number} takes back plan {short_id(plan_id)} of"
                    f" {keyspace} in {environment} already",
                    recovery=f"review #{one.number}; to have it made anew, close that one first",
                )
            )


def _prefix(keyspace: str, environment: str, plan_id: str) -> str:
    named = (_ODD.sub("-", name) for name in (keyspace, environment, short_id(plan_id)))
    return f"revert-{'-'.join(named)}-"
