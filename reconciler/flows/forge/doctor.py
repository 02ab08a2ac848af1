"""`doctor github`: which settings of a forge that reviewed applies rely on hold; how to fix others.

Proof of review does not rest on them: an apply asks for the approvals themselves. They are what
keeps a change that would be refused from being merged at all, and a login from being used by a
workflow that somebody edited in a branch.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.flows.keyspaces import Loaded
from reconciler.guard.review.code_owners import CODE_OWNERS_PATHS, owners_of, parse_code_owners
from reconciler.limits import SCHEDULE_SILENT_S_MAX
from reconciler.outcomes.doctor import CheckMark, DoctorFinding, DoctorOutcome
from reconciler.plan.files import plan_paths
from reconciler.ports.forge_settings import (
    BranchRules,
    CodeOwners,
    ForgeEnvironment,
    ForgeSettings,
)
from reconciler.spec.tree import from_the_top


def examine_forge(
    settings: ForgeSettings, loaded: Loaded, *, repository: str, below: str, now_s: float
) -> DoctorOutcome:
    """What the specs of a repository ask of its forge; `below` is their folder in it."""
    environments, asks_code_owners = _asked(loaded)
    findings = judge_settings(
        settings,
        environments=environments,
        asks_code_owners=asks_code_owners,
        owned_paths=_paths_to_own(loaded, below),
        now_s=now_s,
    )
    return DoctorOutcome(environment="GitHub", keyspace=repository, findings=findings)


def _asked(loaded: Loaded) -> tuple[tuple[str, ...], bool]:
    found = [each for files in loaded.sound.values() for each in files.spec.environments]
    names = tuple(sorted({environment.name for environment in found}))
    return names, any(environment.review.code_owners for environment in found)


def _paths_to_own(loaded: Loaded, below: str) -> tuple[str, ...]:
    """One file of each kind and keyspace, the workflows, and the list of owners that wins over any
    other: who changes them changes what runs, or who is asked."""
    paths = []
    for files in loaded.sound.values():
        spec = files.spec
        paths += [spec.path, *(file.path for file in files.files[:1])]
        paths += [plan_paths(each.name, spec.keyspace).json for each in spec.environments]
    inside = [from_the_top(path, below) for path in paths]
    return (*sorted(inside), ".github/workflows/schema.yml", *CODE_OWNERS_PATHS[:1])


def judge_settings(
    settings: ForgeSettings,
    *,
    environments: tuple[str, ...],
    asks_code_owners: bool,
    owned_paths: tuple[str, ...],
    now_s: float,
) -> tuple[DoctorFinding, ...]:
    """`environments` are those of the specs, `owned_paths` files of the repository that somebody
    should own."""
    return (
        *_judge_rules(settings),
        *_judge_environments(settings, environments),
        *_judge_code_owners(settings, owned_paths, asks_code_owners),
        *_judge_token(settings),
        *_judge_workflows(settings, now_s),
    )


def _judge_rules(settings: ForgeSettings) -> Iterator[DoctorFinding]:
    rules, branch = settings.rules, settings.default_branch
    where = f"in the repository's settings, under Rules, for {branch}"
    if rules is None:
        yield _unseen(
            f"rules of {branch}", "run this with a token of somebody who administers the repository"
        )
        return
    yield _judged(
        subject=f"reviews on {branch}",
        holds=rules.approvals > 0,
        message=f"a merge needs {rules.approvals} approvals",
        recovery=f"require a pull request with at least one approval {where}",
    )
    yield _judged(
        subject=f"stale approvals on {branch}",
        holds=rules.dismisses_stale,
        message="a push "
        + ("dismisses" if rules.dismisses_stale else "leaves")
        + " earlier approvals",
        recovery=f"dismiss stale approvals on new commits {where}",
        is_advice=True,
    )
    yield _judged(
        subject=f"last push on {branch}",
        holds=rules.last_push_approval,
        message="the last push "
        + ("needs somebody else's approval" if rules.last_push_approval else "needs no approval"),
        recovery=f"require approval of the most recent push {where}",
        is_advice=True,
    )
    yield _judged(
        subject=f"code owners on {branch}",
        holds=rules.code_owners,
        message="their approval is " + ("required" if rules.code_owners else "not required"),
        recovery=f"require review from code owners {where}",
        is_advice=True,
    )
    yield _judged(
        subject=f"force pushes to {branch}",
        holds=not rules.allows_force_push,
        message="allowed" if rules.allows_force_push else "blocked",
        recovery=f"block force pushes {where}",
    )
    yield _judged(
        subject=f"deletion of {branch}",
        holds=not rules.allows_deletion,
        message="allowed, so that it can be made again with any history"
        if rules.allows_deletion
        else "blocked",
        recovery=f"restrict deletions {where}",
    )
    yield _judged(
        subject=f"who may go past the rules of {branch}",
        holds=None if rules.bypass is None else not rules.bypass,
        message="the token may not see it"
        if rules.bypass is None
        else ", ".join(rules.bypass) or "nobody",
        recovery=f"empty the bypass lists, and include administrators, {where}",
    )
    yield from _judge_checks(rules, where)


def _judge_checks(rules: BranchRules, where: str) -> Iterator[DoctorFinding]:
    ours = [check for check in rules.checks if "verify" in check.context.lower()]
    names = ", ".join(check.context for check in rules.checks) or "none"
    yield _judged(
        subject="required check",
        holds=bool(ours),
        message=f"required to merge: {names}",
        recovery=f"require the job that runs `reconciler ci verify` {where}",
    )
    if ours:
        anybody = [check.context for check in ours if check.source is None]
        yield _judged(
            subject="source of the required check",
            holds=not anybody,
            message=f"anybody may report {', '.join(anybody)}"
            if anybody
            else "only the app that runs the job may report it",
            recovery=f"choose GitHub Actions as the source of the check {where}",
        )
        current = rules.verifies_what_is_merged
        yield _judged(
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
) -> Iterator[DoctorFinding]:
    if settings.environments is None:
        yield _unseen("environments", "give the token the permission actions: read")
        return
    found = {environment.name: environment for environment in settings.environments}
    for name in wanted:
        environment = found.get(name)
        where = "in the repository's settings, under Environments"
        if environment is None:
            yield _judged(
                subject=f"environment {name}",
                holds=False,
                message="it does not exist, so the login that changes shards is open to every job",
                recovery=f"make it {where} and put that login into it",
            )
            continue
        yield _judge_branches(environment, settings, where)
    glass = found.get("break-glass")
    yield _judged(
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
) -> DoctorFinding:
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
    return _judged(
        subject=f"environment {environment.name}",
        holds=holds,
        message=message,
        recovery=f"let only {branch} use it {where}",
    )


def _judge_code_owners(
    settings: ForgeSettings, owned_paths: tuple[str, ...], asked: bool
) -> Iterator[DoctorFinding]:
    owners = settings.code_owners
    if owners is None:
        yield _unseen("CODEOWNERS", "give the token the permission contents: read")
        return
    lines = parse_code_owners(owners.text or "")
    unowned = [path for path in owned_paths if set(owners_of(path, lines)) <= owners.idle]
    yield _judged(
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
        yield _judged(
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
        yield _unseen("default token", "run this with a token of somebody who administers it")
        return
    where = "in the repository's settings, under Actions, General"
    yield _judged(
        subject="default token",
        holds=not token.may_write,
        message=f"jobs get a token that may {'write' if token.may_write else 'read'} by default",
        recovery=f"choose read permissions {where}",
        is_advice=True,
    )
    yield _judged(
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
        yield _unseen("workflows", "give the token the permission actions: read")
        return
    yield _judged(
        subject="workflows",
        holds=not dead,
        message=f"switched off: {', '.join(dead)}" if dead else "all are switched on",
        recovery="switch them on under Actions; GitHub ends schedules after 60 days of silence",
    )
    last_s = schedule.last_run_s
    alive = last_s is not None and now_s - last_s <= SCHEDULE_SILENT_S_MAX
    yield _judged(
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


def _unseen(subject: str, recovery: str) -> DoctorFinding:
    return _judged(
        subject=subject,
        holds=None,
        message="the token may not see it",
        recovery=recovery,
    )


def _judged(
    *, subject: str, holds: bool | None, message: str, recovery: str, is_advice: bool = False
) -> DoctorFinding:
    """`holds` None: it could not be seen. Of what `is_advice`, a job works without it, less
    safely."""
    if holds is None:
        mark = CheckMark.SKIPPED
    elif holds:
        mark = CheckMark.OK
    else:
        mark = CheckMark.WARNING if is_advice else CheckMark.FAILED
    return DoctorFinding(
        subject=subject, mark=mark, message=message, recovery="" if holds else recovery
    )
