"""`doctor github`: which settings of a forge that reviewed applies rely on hold; how to fix others.

Proof of review does not rest on them: an apply asks for the approvals themselves. They are what
keeps a change that would be refused from being merged at all, and a login from being used by a
workflow that somebody edited in a branch.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.flows.forge.doctor_access import judge_access
from reconciler.flows.forge.doctor_findings import judged, unseen
from reconciler.flows.keyspaces import Loaded
from reconciler.flows.limits import SCHEDULE_SILENT_S_MAX
from reconciler.guard.review.code_owners import CODE_OWNERS_PATHS, owners_of, parse_code_owners
from reconciler.outcomes.doctor import DoctorFinding, DoctorOutcome
from reconciler.plan.files import plan_paths
from reconciler.ports.forge_settings import BranchRules, CodeOwners, ForgeSettings, RequiredCheck
from reconciler.spec.model import Environment
from reconciler.spec.tree import from_the_top


def examine_forge(
    settings: ForgeSettings, loaded: Loaded, *, repository: str, below: str, now_s: float
) -> DoctorOutcome:
    """What the specs of a repository ask of its forge; `below` is their folder in it."""
    asked = [each for files in loaded.sound.values() for each in files.spec.environments]
    findings = judge_settings(
        settings,
        environments=asked,
        asks_code_owners=any(environment.review.code_owners for environment in asked),
        owned_paths=_paths_to_own(loaded, below),
        now_s=now_s,
    )
    return DoctorOutcome(environment="GitHub", keyspace=repository, findings=findings)


def _paths_to_own(loaded: Loaded, below: str) -> tuple[str, ...]:
    """One file of each kind and keyspace, the workflows, and the list of owners that wins over any
    other: who changes them changes what runs, or who is asked."""
    paths = []
    for files in loaded.sound.values():
        spec = files.spec
        paths += [spec.path, *files.lists, *(file.path for file in files.files[:1])]
        paths += [plan_paths(each.name, spec.keyspace).json for each in spec.environments]
    inside = [from_the_top(path, below) for path in paths]
    return (*sorted(inside), ".github/workflows/schema.yml", *CODE_OWNERS_PATHS[:1])


def judge_settings(
    settings: ForgeSettings,
    *,
    environments: Sequence[Environment],
    asks_code_owners: bool,
    owned_paths: tuple[str, ...],
    now_s: float,
) -> tuple[DoctorFinding, ...]:
    """`environments` are those of the specs, `owned_paths` files of the repository that somebody
    should own."""
    return (
        *_judge_rules(settings),
        *judge_access(settings, environments),
        *_judge_code_owners(settings, owned_paths, asks_code_owners),
        *_judge_token(settings),
        *_judge_workflows(settings, now_s),
    )


def _judge_rules(settings: ForgeSettings) -> Iterator[DoctorFinding]:
    rules, branch = settings.rules, settings.default_branch
    where = f"in the repository's settings, under Rules, for {branch}"
    if rules is None:
        yield unseen(
            f"rules of {branch}", "run this with a token of somebody who administers the repository"
        )
        return
    yield judged(
        subject=f"reviews on {branch}",
        holds=rules.approvals > 0,
        message=f"a merge needs {rules.approvals} approvals",
        recovery=f"require a pull request with at least one approval {where}",
    )
    yield judged(
        subject=f"stale approvals on {branch}",
        holds=rules.dismisses_stale,
        message="a push "
        + ("dismisses" if rules.dismisses_stale else "leaves")
        + " earlier approvals",
        recovery=f"dismiss stale approvals on new commits {where}",
        is_advice=True,
    )
    yield judged(
        subject=f"last push on {branch}",
        holds=rules.last_push_approval,
        message="the last push "
        + ("needs somebody else's approval" if rules.last_push_approval else "needs no approval"),
        recovery=f"require approval of the most recent push {where}",
        is_advice=True,
    )
    yield judged(
        subject=f"code owners on {branch}",
        holds=rules.code_owners,
        message="their approval is " + ("required" if rules.code_owners else "not required"),
        recovery=f"require review from code owners {where}",
        is_advice=True,
    )
    yield judged(
        subject=f"force pushes to {branch}",
        holds=not rules.allows_force_push,
        message="allowed" if rules.allows_force_push else "blocked",
        recovery=f"block force pushes {where}",
    )
    yield judged(
        subject=f"deletion of {branch}",
        holds=not rules.allows_deletion,
        message="allowed, so that it can be made again with any history"
        if rules.allows_deletion
        else "blocked",
        recovery=f"restrict deletions {where}",
    )
    yield judged(
        subject=f"who may go past the rules of {branch}",
        holds=None if rules.bypass is None else not rules.bypass,
        message="the token may not see it"
        if rules.bypass is None
        else ", ".join(rules.bypass) or "nobody",
        recovery=f"empty the bypass lists, and include administrators, {where}",
    )
    yield from _judge_checks(rules, settings.actions_app, where)


def _judge_checks(
    rules: BranchRules, actions_app: int | None, where: str
) -> Iterator[DoctorFinding]:
    ours = [check for check in rules.checks if "verify" in check.context.lower()]
    names = ", ".join(check.context for check in rules.checks) or "none"
    yield judged(
        subject="required check",
        holds=bool(ours),
        message=f"required to merge: {names}",
        recovery=f"require the job that runs `reconciler ci verify` {where}",
    )
    if ours:
        yield _judge_source(ours, actions_app, where)
        current = rules.verifies_what_is_merged
        yield judged(
            subject="what the check is about",
            holds=current,
            message="it is made for the very state that is merged"
            if current
            else "it may have been made before the branch went on",
            recovery=f"require branches to be up to date, or a merge queue, {where}",
            is_advice=True,
        )


def _judge_source(
    checks: Sequence[RequiredCheck], actions_app: int | None, where: str
) -> DoctorFinding:
    """A check of the right name satisfies a rule that names no app, whoever reported it: any app,
    and whoever has a token that may write statuses. Several rules can ask for one name."""
    sources = {check.context: check.source for check in checks if check.source is not None}
    loose = sorted({check.context for check in checks} - sources.keys())
    others = {name: app for name, app in sorted(sources.items()) if app != actions_app}
    message: str
    holds: bool | None
    if loose:
        message, holds = f"anybody may report {', '.join(loose)}", False
    elif actions_app is None:
        apps = ", ".join(str(app) for app in sorted(set(sources.values())))
        message = f"app {apps} may report it, and whether that is GitHub Actions cannot be seen"
        holds = None
    elif others:
        said = ", ".join(f"{name} (app {app})" for name, app in others.items())
        message, holds = f"another app than GitHub Actions may report {said}", False
    else:
        message, holds = "only GitHub Actions may report it", True
    return judged(
        subject="source of the required check",
        holds=holds,
        message=message,
        recovery=f"choose GitHub Actions as the source of the check {where}",
    )


def _judge_code_owners(
    settings: ForgeSettings, owned_paths: tuple[str, ...], asked: bool
) -> Iterator[DoctorFinding]:
    owners = settings.code_owners
    if owners is None:
        yield unseen("CODEOWNERS", "give the token the permission contents: read")
        return
    lines = parse_code_owners(owners.text or "")
    unowned = [path for path in owned_paths if set(owners_of(path, lines)) <= owners.idle]
    yield judged(
        subject="CODEOWNERS",
        holds=owners.text is not None and not unowned,
        message=owners.unreadable or "there is none"
        if owners.text is None
        else f"nobody owns {', '.join(unowned)}{_idle(owners)}"
        if unowned
        else "everything that matters here is owned",
        recovery="add .github/CODEOWNERS with owners of specs/, schemas/, plans/ and"
        " .github/workflows/",
        is_advice=not asked,
    )
    if owners.mistakes:
        yield judged(
            subject="mistakes in CODEOWNERS",
            holds=False,
            message=f"GitHub finds {', '.join(sorted(set(owners.mistakes)))}",
            recovery="open the file on GitHub, which marks the lines; a line with a mistake owns"
            " nothing",
            is_advice=not asked,
        )


def _idle(owners: CodeOwners) -> str:
    idle = ", ".join(sorted(owners.idle))
    return f" (cannot approve: {idle})" if idle else ""


def _judge_token(settings: ForgeSettings) -> Iterator[DoctorFinding]:
    token = settings.job_token
    if token is None:
        yield unseen("default token", "run this with a token of somebody who administers it")
        return
    where = "in the repository's settings, under Actions, General"
    yield judged(
        subject="default token",
        holds=not token.may_write,
        message=f"jobs get a token that may {'write' if token.may_write else 'read'} by default",
        recovery=f"choose read permissions {where}",
        is_advice=True,
    )
    yield judged(
        subject="approvals by jobs",
        holds=not token.may_approve,
        message=f"jobs may {'' if token.may_approve else 'not '}approve pull requests; here such an"
        " approval does not count, for the branch's rules it does",
        recovery=f"forbid it {where}",
        is_advice=True,
    )


def _judge_workflows(settings: ForgeSettings, now_s: float) -> Iterator[DoctorFinding]:
    dead, schedule = settings.dead_workflows, settings.schedule
    if dead is None or schedule is None:
        yield unseen("workflows", "give the token the permission actions: read")
        return
    yield judged(
        subject="workflows",
        holds=not dead,
        message=f"switched off: {', '.join(dead)}" if dead else "all are switched on",
        recovery="switch them on under Actions; GitHub ends schedules after 60 days of silence",
    )
    last_s = schedule.last_run_s
    alive = last_s is not None and now_s - last_s <= SCHEDULE_SILENT_S_MAX
    yield judged(
        subject="schedule",
        holds=alive,
        message="no run was ever started by one"
        if last_s is None
        else f"the last run that one started is {_days(now_s - last_s)} old",
        recovery="let a workflow on the default branch run `reconciler ci drift` by `schedule`, and"
        " see under Actions that it is switched on",
    )


def _days(seconds: float) -> str:
    return f"{max(seconds, 0) / 86_400:.1f} days"
