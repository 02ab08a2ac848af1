"""`ci verify`: is the committed plan what an apply would run, told where its author looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from reconciler.errors import Problem, Refused
from reconciler.flows.forge.job import ForgeJob, OpenWorlds
from reconciler.flows.forge.proposed import (
    ProposedChange,
    keep_comment,
    replace_outdated,
    set_status,
    tell_fork,
    tell_given_up,
    tell_lowered,
    tell_unchanged,
)
from reconciler.flows.sight import BY_ASKING, Sight
from reconciler.flows.split.plan import verify_split
from reconciler.flows.split.reached import look_of, planning_world
from reconciler.flows.verify import verify_keyspace
from reconciler.outcomes.ends import verify_code
from reconciler.outcomes.exit_code import ExitCode, worst, worst_first
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.plan import VerifyOutcome, VerifyState
from reconciler.outcomes.split import SplitVerifyOutcome
from reconciler.ports.shards import Connections
from reconciler.report.compose.plan import verify_document
from reconciler.report.forge_words import verify_status
from reconciler.report.render import Format, verify_report
from reconciler.report.write.markdown import write_markdown
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment

_Verified = VerifyOutcome | SplitVerifyOutcome


def verify_change(
    job: ForgeJob,
    environments: Sequence[str],
    open_worlds: OpenWorlds,
    connections: Connections,
    *,
    sarif: Path | None,
    page: Path | None = None,
    sight: Sight = BY_ASKING,
    known: Sequence[str] = (),
) -> ExitCode:
    """`sarif` and `page`: where the workflow has asked for the findings, and for a page to look at.
    `known`: all environments that jobs check, this one or another; () every one. Raises Refused for
    another event, and where the specs have an environment that no job checks (RG-98)."""
    change = ProposedChange(job, "verify")
    chosen_environments = change.loaded.environments(environments)
    tell_lowered(change)
    if not change.touched:
        return tell_unchanged(change, chosen_environments, sarif)
    if known and (unchecked := _environments(change) - set(known)):
        raise Refused(_unchecked(sorted(unchecked)))
    if change.pull_request and change.budget:
        return tell_fork(change, change.pull_request, change.budget, open_worlds, connections)
    tell_given_up(change)
    everything: list[_Verified | KeyspaceFailed] = []
    with open_worlds() as worlds:

        def work(files: DesiredFiles, chosen: Environment) -> _Verified:
            stands = change.standing(worlds, files, chosen)
            tree = change.loaded.tree
            if stands.is_moving:
                return verify_split(planning_world(worlds, chosen), files, chosen, tree=tree)
            before = change.before.keyspaces.get(files.spec.keyspace)
            verified = verify_keyspace(
                sight.of(look_of(worlds, stands), files, stands.environment),
                files,
                stands.environment,
                tree=tree,
                merged=before if isinstance(before, DesiredFiles) else None,
            )
            return replace(verified, lint=change.lint(files))

        for environment in chosen_environments:
            outcomes = change.outcomes(environment, work)
            _tell_verified(change, environment, outcomes)
            everything += outcomes
    replace_outdated(change)
    change.job.log.show(verify_report(everything, change.shown(Format.GITHUB)))
    ordered = worst_first(everything, verify_code)
    change.job.summarise(verify_document(ordered, change.files))
    if sarif:
        change.job.log.leave(sarif, verify_report(everything, change.shown(Format.SARIF)))
    if page:
        how = replace(change.shown(Format.HTML), now_s=job.clock.now_s())
        change.job.log.leave(page, verify_report(everything, how))
    code = worst(map(verify_code, everything))
    verified = [o for o in everything if not isinstance(o, KeyspaceFailed)]
    plans = [o.plan.plan_id for o in verified if o.plan and o.state is not VerifyState.UNPLANNED]
    change.job.log.output(changed=True, plan_ids=plans, exit_code=int(code))
    return code


def _tell_verified(
    change: ProposedChange, environment: str, outcomes: Sequence[_Verified | KeyspaceFailed]
) -> None:
    for outcome in outcomes:
        keep_comment(change, write_markdown(verify_document([outcome], change.files)))
    if outcomes:
        code = worst(map(verify_code, outcomes))
        set_status(change, environment, verify_status(outcomes), code)


def _environments(change: ProposedChange) -> set[str]:
    return {each.name for files in change.loaded.sound.values() for each in files.spec.environments}


def _unchecked(names: Sequence[str]) -> Problem:
    return Problem(
        code="environment-unchecked",
        message=f"no job of this repository checks {', '.join(names)}: the workflows were written"
        " before the specs had it",
        recovery="write them again in this change, by `reconciler ci setup --replace`, or by"
        " `reconciler ci workflow --of checks`, or add the name to their `known`",
    )
