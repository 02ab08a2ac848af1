"""The settings of a forge that reviewed applies rely on: which hold, and how to fix the others.

Proof of review does not rest on them: an apply asks for the approvals themselves. They are what
keeps a change that would be refused from being merged at all, and a login from being used by a
workflow that somebody edited in a branch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reconciler.guard.review.code_owners import owners_of, parse_code_owners
from reconciler.limits import SCHEDULE_SILENT_S_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredCheck:
    """`source` is the id of the app that must have reported it; None: anybody may."""

    context: str
    source: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchRules:
    """Of the default branch, all kinds of rules together. `verifies_what_is_merged`: a check must
    have been made on top of the branch as it is, or a merge queue makes it. `is_classic`: a classic
    branch protection is among them. `bypass` are those who may go past any of them; None: the
    token may not see who."""

    approvals: int = 0
    dismisses_stale: bool = False
    code_owners: bool = False
    last_push_approval: bool = False
    checks: tuple[RequiredCheck, ...] = ()
    verifies_what_is_merged: bool = False
    allows_force_push: bool = True
    allows_deletion: bool = True
    is_classic: bool = False
    bypass: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgeEnvironment:
    """`limits_branches`: only chosen branches may use it, by the names in `branches`, tags being
    told apart; None: those that have a classic protection. `reviewers` must let a run in."""

    name: str
    limits_branches: bool
    reviewers: int
    branches: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeOwners:
    """`text` None: there is no such file. `mistakes` are the kinds that the forge finds in it, and
    `idle` the owners in it whose approval nobody can give: who may not write, teams without members
    or that are hidden, addresses."""

    text: str | None
    mistakes: tuple[str, ...] = ()
    idle: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class JobToken:
    """What the token of a job may do that asks for nothing."""

    may_write: bool
    may_approve: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """`last_run_s`: when the newest run that a schedule started was made; None: there is none."""

    last_run_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgeSettings:
    """None stands for what the token may not see. `dead_workflows` were switched off by GitHub for
    lack of activity, or by somebody."""

    default_branch: str
    rules: BranchRules | None
    environments: tuple[ForgeEnvironment, ...] | None
    code_owners: CodeOwners | None
    job_token: JobToken | None
    dead_workflows: tuple[str, ...] | None
    schedule: Schedule | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingFinding:
    """`holds` None: it could not be seen."""

    subject: str
    holds: bool | None
    message: str
    recovery: str = ""
    is_advice: bool = False  # works without it, less safely


def judge_settings(
    settings: ForgeSettings,
    *,
    environments: tuple[str, ...],
    asks_code_owners: bool,
    owned_paths: tuple[str, ...],
    now_s: float,
) -> tuple[SettingFinding, ...]:
    """`environments` are those of the specs, `owned_paths` files of the repository that somebody
    should own."""
    return (
        *_judge_rules(settings),
        *_judge_environments(settings, environments),
        *_judge_code_owners(settings, owned_paths, asks_code_owners),
        *_judge_token(settings),
        *_judge_workflows(settings, now_s),
    )


def _judge_rules(settings: ForgeSettings) -> Iterator[SettingFinding]:
    rules, branch = settings.rules, settings.default_branch
    where = f"in the repository's settings, under Rules, for {branch}"
    if rules is None:
        yield _unseen(
            f"rules of {branch}", "run this with a token of somebody who administers the repository"
        )
        return
    yield SettingFinding(
        subject=f"reviews on {branch}",
        holds=rules.approvals > 0,
        message=f"a merge needs {rules.approvals} approvals",
        recovery=f"require a pull request with at least one approval {where}",
    )
    yield SettingFinding(
        subject=f"stale approvals on {branch}",
        holds=rules.dismisses_stale,
        message="a push "
        + ("dismisses" if rules.dismisses_stale else "leaves")
        + " earlier approvals",
        recovery=f"dismiss stale approvals on new commits {where}",
        is_advice=True,
    )
    yield SettingFinding(
        subject=f"last push on {branch}",
        holds=rules.last_push_approval,
        message="the last push "
        + ("needs somebody else's approval" if rules.last_push_approval else "needs no approval"),
        recovery=f"require approval of the most recent push {where}",
        is_advice=True,
    )
    yield SettingFinding(
        subject=f"code owners on {branch}",
        holds=rules.code_owners,
        message="their approval is " + ("required" if rules.code_owners else "not required"),
        recovery=f"require review from code owners {where}",
        is_advice=True,
    )
    yield SettingFinding(
        subject=f"force pushes to {branch}",
        holds=not rules.allows_force_push,
        message="allowed" if rules.allows_force_push else "blocked",
        recovery=f"block force pushes {where}",
    )
    yield SettingFinding(
        subject=f"deletion of {branch}",
        holds=not rules.allows_deletion,
        message="allowed, so that it can be made again with any history"
        if rules.allows_deletion
        else "blocked",
        recovery=f"restrict deletions {where}",
    )
    yield SettingFinding(
        subject=f"who may go past the rules of {branch}",
        holds=None if rules.bypass is None else not rules.bypass,
        message="the token may not see it"
        if rules.bypass is None
        else ", ".join(rules.bypass) or "nobody",
        recovery=f"empty the bypass lists, and include administrators, {where}",
    )
    yield from _judge_checks(rules, where)


def _judge_checks(rules: BranchRules, where: str) -> Iterator[SettingFinding]:
    ours = [check for check in rules.checks if "verify" in check.context.lower()]
    names = ", ".join(check.context for check in rules.checks) or "none"
    yield SettingFinding(
        subject="required check",
        holds=bool(ours),
        message=f"required to merge: {names}",
        recovery=f"require the job that runs `reconciler ci verify` {where}",
    )
    if ours:
        anybody = [check.context for check in ours if check.source is None]
        yield SettingFinding(
            subject="source of the required check",
            holds=not anybody,
            message=f"anybody may report {', '.join(anybody)}"
            if anybody
            else "only the app that runs the job may report it",
            recovery=f"choose GitHub Actions as the source of the check {where}",
        )
        current = rules.verifies_what_is_merged
        yield SettingFinding(
            subject="what the check is about",
            holds=current,
            message="it is made for the very state that is merged"
            if current
            else "it may have been made before the branch went on",
            recovery=f"require branches to be up to date, or a merge queue, {where}",
            is_advice=True,
        )


def _judge_environments(
    settings: ForgeSettings, wanted: tuple[str, ...]
) -> Iterator[SettingFinding]:
    if settings.environments is None:
        yield _unseen("environments", "give the token the permission actions: read")
        return
    found = {environment.name: environment for environment in settings.environments}
    for name in wanted:
        environment = found.get(name)
        where = "in the repository's settings, under Environments"
        if environment is None:
            yield SettingFinding(
                subject=f"environment {name}",
                holds=False,
                message="it does not exist, so the login that changes shards is open to every job",
                recovery=f"make it {where} and put that login into it",
            )
            continue
        yield _judge_branches(environment, settings, where)
    glass = found.get("break-glass")
    yield SettingFinding(
        subject="who lets in a run that breaks the glass",
        holds=glass is not None and glass.reviewers > 0,
        message="nobody can break the glass"
        if glass is None
        else f"{glass.reviewers} people or teams may let a run in",
        recovery="make the environment break-glass with required reviewers if there should be a way"
        " past the approvals",
        is_advice=True,
    )
    if glass is not None:
        yield _judge_branches(glass, settings, where)


def _judge_branches(
    environment: ForgeEnvironment, settings: ForgeSettings, where: str
) -> SettingFinding:
    """A login in an environment is as safe as the branches that may use it. "Protected branches
    only" looks at classic protections alone, and where there is none, lets every branch in."""
    branch, rules = settings.default_branch, settings.rules
    message: str
    holds: bool | None
    if not environment.limits_branches:
        message, holds = "every branch may use it", False
    elif environment.branches is None and rules is None:
        message, holds = "protected branches may use it, and which these are cannot be seen", None
    elif environment.branches is None:
        holds = rules is not None and rules.is_classic
        message = (
            "only protected branches may use it"
            if holds
            else "every branch may use it: rule sets make no branch a protected one here"
        )
    else:
        message = f"these may use it: {', '.join(environment.branches) or 'none'}"
        holds = set(environment.branches) <= {branch}
    return SettingFinding(
        subject=f"environment {environment.name}",
        holds=holds,
        message=message,
        recovery=f"let only {branch} use it {where}",
    )


def _judge_code_owners(
    settings: ForgeSettings, owned_paths: tuple[str, ...], asked: bool
) -> Iterator[SettingFinding]:
    owners = settings.code_owners
    if owners is None:
        yield _unseen("CODEOWNERS", "give the token the permission contents: read")
        return
    lines = parse_code_owners(owners.text or "")
    unowned = [path for path in owned_paths if set(owners_of(path, lines)) <= owners.idle]
    yield SettingFinding(
        subject="CODEOWNERS",
        holds=owners.text is not None and not unowned,
        message="there is none"
        if owners.text is None
        else f"nobody owns {', '.join(unowned)}{_idle(owners)}"
        if unowned
        else "everything that matters here is owned",
        recovery="add .github/CODEOWNERS with owners of specs/, schemas/, plans/ and"
        " .github/workflows/",
        is_advice=not asked,
    )
    if owners.mistakes:
        yield SettingFinding(
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


def _judge_token(settings: ForgeSettings) -> Iterator[SettingFinding]:
    token = settings.job_token
    if token is None:
        yield _unseen("default token", "run this with a token of somebody who administers it")
        return
    where = "in the repository's settings, under Actions, General"
    yield SettingFinding(
        subject="default token",
        holds=not token.may_write,
        message=f"jobs get a token that may {'write' if token.may_write else 'read'} by default",
        recovery=f"choose read permissions {where}",
        is_advice=True,
    )
    yield SettingFinding(
        subject="approvals by jobs",
        holds=not token.may_approve,
        message=f"jobs may {'' if token.may_approve else 'not '}approve pull requests; here such an"
        " approval does not count, for the branch's rules it does",
        recovery=f"forbid it {where}",
        is_advice=True,
    )


def _judge_workflows(settings: ForgeSettings, now_s: float) -> Iterator[SettingFinding]:
    dead, schedule = settings.dead_workflows, settings.schedule
    if dead is None or schedule is None:
        yield _unseen("workflows", "give the token the permission actions: read")
        return
    yield SettingFinding(
        subject="workflows",
        holds=not dead,
        message=f"switched off: {', '.join(dead)}" if dead else "all are switched on",
        recovery="switch them on under Actions; GitHub ends schedules after 60 days of silence",
    )
    last_s = schedule.last_run_s
    alive = last_s is not None and now_s - last_s <= SCHEDULE_SILENT_S_MAX
    yield SettingFinding(
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


def _unseen(subject: str, recovery: str) -> SettingFinding:
    return SettingFinding(
        subject=subject,
        holds=None,
        message="the token may not see it",
        recovery=recovery,
    )
