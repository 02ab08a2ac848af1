"""The settings of a forge that reviewed applies rely on: which hold, and how to mend the others.

Proof of review does not rest on them: an apply asks for the approvals themselves. They are what
keeps a change that would be refused from being merged at all, and a login from being used by a
workflow that somebody edited in a branch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredCheck:
    """`source` is the id of the app that must have reported it; None: anybody may."""

    context: str
    source: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchRules:
    """Of the default branch, all kinds of rules together."""

    approvals: int = 0
    dismisses_stale: bool = False
    code_owners: bool = False
    last_push_approval: bool = False
    checks: tuple[RequiredCheck, ...] = ()
    allows_force_push: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgeEnvironment:
    """`limits_branches`: only chosen branches may use it. `reviewers` must let a run in."""

    name: str
    limits_branches: bool
    reviewers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgeSettings:
    """None stands for what the token may not see. `dead_workflows` were switched off by GitHub for
    lack of activity, or by somebody."""

    default_branch: str
    rules: BranchRules | None
    environments: tuple[ForgeEnvironment, ...] | None
    has_code_owners: bool
    token_may_write: bool | None
    dead_workflows: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingFinding:
    """`holds` None: it could not be seen."""

    subject: str
    holds: bool | None
    message: str
    recovery: str = ""
    is_advice: bool = False  # works without it, less safely


def judge_settings(
    settings: ForgeSettings, *, environments: tuple[str, ...], asks_code_owners: bool
) -> tuple[SettingFinding, ...]:
    """`environments` are those of the specs."""
    return (
        *_judge_rules(settings),
        *_judge_environments(settings, environments),
        *_judge_rest(settings, asks_code_owners),
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
        subject=f"force pushes to {branch}",
        holds=not rules.allows_force_push,
        message="allowed" if rules.allows_force_push else "blocked",
        recovery=f"block force pushes {where}",
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
        limited = environment.limits_branches
        yield SettingFinding(
            subject=f"environment {name}",
            holds=limited,
            message=f"{'only chosen branches' if limited else 'every branch'} may use it",
            recovery=f"let only {settings.default_branch} use it {where}",
        )
    glass = found.get("break-glass")
    yield SettingFinding(
        subject="environment break-glass",
        holds=glass is not None and glass.reviewers > 0,
        message="nobody can break the glass"
        if glass is None
        else f"{glass.reviewers} people or teams may let a run in",
        recovery="make it with required reviewers if there should be a way past the approvals",
        is_advice=True,
    )


def _judge_rest(settings: ForgeSettings, asks_code_owners: bool) -> Iterator[SettingFinding]:
    yield SettingFinding(
        subject="CODEOWNERS",
        holds=settings.has_code_owners,
        message="there is one" if settings.has_code_owners else "there is none",
        recovery="add .github/CODEOWNERS with owners of specs/, schemas/, plans/ and"
        " .github/workflows/",
        is_advice=not asks_code_owners,
    )
    if settings.token_may_write is None:
        yield _unseen("default token", "run this with a token of somebody who administers it")
    else:
        writes = settings.token_may_write
        yield SettingFinding(
            subject="default token",
            holds=not writes,
            message=f"jobs get a token that may {'write' if writes else 'read'} by default",
            recovery="choose read permissions in the repository's settings, under Actions",
            is_advice=True,
        )
    dead = settings.dead_workflows
    if dead is None:
        yield _unseen("workflows", "give the token the permission actions: read")
    else:
        yield SettingFinding(
            subject="workflows",
            holds=not dead,
            message=f"switched off: {', '.join(dead)}" if dead else "all are switched on",
            recovery="switch them on under Actions; GitHub ends schedules after 60 days of silence",
        )


def _unseen(subject: str, recovery: str) -> SettingFinding:
    return SettingFinding(
        subject=subject,
        holds=None,
        message="the token may not see it",
        recovery=recovery,
    )
