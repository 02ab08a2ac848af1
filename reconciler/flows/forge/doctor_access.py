"""Who else reaches the logins that change shards: branches, jobs, keys and forks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.flows.forge.doctor_checks import judge_checks
from reconciler.flows.forge.doctor_findings import judged, unseen
from reconciler.flows.forge.doctor_parts import judge_parts, places_of_logins
from reconciler.outcomes.doctor import DoctorFinding
from reconciler.ports.forge_settings import ForgeEnvironment, ForgeSettings, ForkJobs
from reconciler.spec.model import Environment
from reconciler.spec.variables import Allowance, allowance

_ADMINISTRATOR = "run this with a token of somebody who administers the repository"
_ENVIRONMENTS = "in the repository's settings, under Environments"


def judge_access(settings: ForgeSettings, wanted: Sequence[Environment]) -> Iterator[DoctorFinding]:
    """`wanted` are the environments of the specs."""
    yield from _judge_environments(settings, wanted)
    yield _judge_shared_secrets(settings.shared_secrets)
    yield _judge_keys(settings.write_keys)
    yield from _judge_forks(settings.forks)


def _judge_environments(
    settings: ForgeSettings, wanted: Sequence[Environment]
) -> Iterator[DoctorFinding]:
    if settings.environments is None:
        yield unseen("environments", "give the token the permission actions: read")
        return
    found = {environment.name: environment for environment in settings.environments}
    for name in places_of_logins(wanted, found):
        if name in found:
            yield from _judge_environment(found[name], settings)
        else:
            yield judged(
                subject=f"environment {name}",
                holds=False,
                message="it does not exist, so the login that changes shards is open to every job",
                recovery=f"make it {_ENVIRONMENTS} and put that login into it",
            )
    yield from judge_parts(wanted, found)
    yield from judge_checks(wanted, found, settings)
    glass = found.get("break-glass")
    yield judged(
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
        yield from _judge_environment(glass, settings)


def _judge_environment(
    environment: ForgeEnvironment, settings: ForgeSettings
) -> Iterator[DoctorFinding]:
    yield _judge_branches(environment, settings)
    yield _judge_bypass(environment)
    yield _judge_secrets(environment, settings.shared_secrets)


def _judge_branches(environment: ForgeEnvironment, settings: ForgeSettings) -> DoctorFinding:
    """A login in an environment is as safe as the branches that may use it."""
    branch = settings.default_branch
    message: str
    holds: bool | None
    if not environment.limits_branches:
        message, holds = "every branch may use it", False
    elif environment.branches is None:
        message, holds = _protected_branches(settings)
    else:
        message = f"these may use it: {', '.join(environment.branches) or 'none'}"
        holds = set(environment.branches) <= {branch}
    return judged(
        subject=f"environment {environment.name}",
        holds=holds,
        message=message,
        recovery=f"let only {branch} use it, chosen by its name, {_ENVIRONMENTS}",
    )


def _protected_branches(settings: ForgeSettings) -> tuple[str, bool | None]:
    """ "Protected branches only" looks at classic protections alone, and where there is none, lets
    every branch in. One with stars is about branches, too, that do not exist yet."""
    branch, rules, patterns = settings.default_branch, settings.rules, settings.protected_patterns
    if rules is None or (rules.is_classic and not patterns):
        return "protected branches may use it, and which these are cannot be seen", None
    others = [pattern for pattern in patterns or () if pattern != branch]
    if others:
        return f"every branch that matches {', '.join(others)} may use it", False
    if not rules.is_classic:
        return "every branch may use it: rule sets make no branch a protected one here", False
    return f"only protected branches may use it, and that is {branch}", True


def _judge_bypass(environment: ForgeEnvironment) -> DoctorFinding:
    subject, bypass = f"who may go past the rules of {environment.name}", environment.admins_bypass
    if bypass is None:
        return unseen(subject, f"see it {_ENVIRONMENTS}")
    return judged(
        subject=subject,
        holds=not bypass,
        message="administrators may start a job that waits for its reviewers"
        if bypass
        else "nobody",
        recovery="take away that administrators may bypass configured protection rules"
        f" {_ENVIRONMENTS}",
        is_advice=True,
    )


def _judge_secrets(environment: ForgeEnvironment, shared: tuple[str, ...] | None) -> DoctorFinding:
    """A secret of the repository's is given to jobs of every branch, whoever edited them there."""
    name, own = environment.name, environment.secrets
    subject = f"secrets of {name}"
    if own is None or shared is None:
        return unseen(subject, _ADMINISTRATOR)
    doubled = sorted(set(own) & set(shared))
    if doubled:
        message = f"jobs of every branch may use a secret of the same name: {', '.join(doubled)}"
    elif shared and not own:
        message = "it holds none, so that its login is one that jobs of every branch may use"
    elif own:
        message = f"it holds {', '.join(own)}"
    else:
        message = "the forge holds none"
    return judged(
        subject=subject,
        holds=not doubled and (bool(own) or not shared),
        message=message,
        recovery=f"put the login that changes shards into {name} {_ENVIRONMENTS}, and delete it"
        " from the secrets of the repository and of the organisation; then change its password",
    )


def _judge_shared_secrets(shared: tuple[str, ...] | None) -> DoctorFinding:
    subject = "secrets of the repository"
    if shared is None:
        return unseen(subject, _ADMINISTRATOR)
    for_specs = [name for name in shared if allowance(name) is Allowance.FILLED_IN]
    return judged(
        subject=subject,
        holds=not for_specs,
        message=f"jobs of every branch may use {', '.join(for_specs)}"
        if for_specs
        else "none has the name of a variable of specs",
        recovery="put each into the environment whose jobs need it: a login that reads may be known"
        " to every job, one that changes shards, or the ledger's, to none but apply's",
        is_advice=True,
    )


def _judge_keys(keys: tuple[str, ...] | None) -> DoctorFinding:
    subject = "deploy keys"
    if keys is None:
        return unseen(subject, _ADMINISTRATOR)
    return judged(
        subject=subject,
        holds=not keys,
        message=f"these may push, and nobody knows who did: {', '.join(keys)}"
        if keys
        else "none may push",
        recovery="delete them in the repository's settings, under Deploy keys, and add what needs"
        " to read again without write access",
        is_advice=True,
    )


def _judge_forks(forks: ForkJobs | None) -> Iterator[DoctorFinding]:
    where = "in the repository's settings, under Actions, General"
    if forks is None:
        yield unseen("jobs of forks", _ADMINISTRATOR)
        return
    given = [
        name
        for name, is_given in (
            ("a token that writes", forks.get_write_tokens),
            ("secrets", forks.get_secrets),
        )
        if is_given
    ]
    yield judged(
        subject="what jobs of forks get",
        holds=not given,
        message=" and ".join(given) or "no secret, and a token that reads",
        recovery=f"send neither write tokens nor secrets to workflows of forks {where}",
    )
    yield judged(
        subject="who starts jobs of forks",
        holds=forks.wait_for_approval,
        message="people who have contributed nothing yet wait for an approval"
        if forks.wait_for_approval
        else "some who have contributed nothing yet start them without an approval",
        recovery=f"require approval for first-time contributors, or for all, {where}",
        is_advice=True,
    )
