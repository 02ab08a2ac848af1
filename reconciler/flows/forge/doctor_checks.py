"""The places of checks over regions: of the jobs that look there, and of the one that judges.

Jobs of every branch use them: each look holds its region's reading login and key, and the job that
judges the keys of all, and no login.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field

from reconciler.flows.forge.doctor_findings import judged, unseen
from reconciler.flows.forge.doctor_parts import Places
from reconciler.guard.review.places import checks_place, reader_place
from reconciler.observe.file.key import KEY_VARIABLE, key_variable
from reconciler.outcomes.doctor import DoctorFinding
from reconciler.ports.forge_settings import ForgeEnvironment, ForgeSettings
from reconciler.spec.model import Environment
from reconciler.spec.variables import variables_of

_ENVIRONMENTS = "in the repository's settings, under Environments"


@dataclass(slots=True)
class _Checked:
    """Of all specs that have the environment: its regions with a shard to look at, what a look at
    these wants filled in, what a scratch server does, for which jobs of any branch may have a
    login, and the rest."""

    regions: set[str] = field(default_factory=set)
    to_look: set[str] = field(default_factory=set)
    to_try: set[str] = field(default_factory=set)
    to_apply: set[str] = field(default_factory=set)


def judge_checks(
    environments: Iterable[Environment], there: Places, settings: ForgeSettings
) -> Iterator[DoctorFinding]:
    """Once for each place, of whichever spec; of an environment for which the forge has none of
    them, nothing: it is checked otherwise."""
    checked: dict[str, _Checked] = {}
    environments = tuple(environments)
    for environment in environments:
        if _is_checked_by_regions(environment, there):
            found = checked.setdefault(environment.name, _Checked())
            looks, tries = variables_of(environment.shards), variables_of(environment.scratch)
            found.regions.update(region.name for region in environment.regions)
            found.to_look.update(looks)
            found.to_try.update(tries)
            found.to_apply |= set(variables_of(environment)) - {*looks, *tries}
    for name, found in sorted(checked.items()):
        for region in sorted(found.regions):
            yield from _reader(name, region, found, there)
        yield from _judging(name, found, there)
        yield _required(name, settings)
    yield from _left_out(environments, checked)
    if checked:
        yield _shared_keys(settings.shared_secrets)


def _left_out(
    environments: Iterable[Environment], checked: Collection[str]
) -> Iterator[DoctorFinding]:
    """Deployments beside one whose plans are checked by its regions, and which have no such place:
    each is a fleet of its own, with plans of its own (RG-113)."""
    lists = {each.deployment_of for each in environments if each.name in checked} - {None}
    beside = {each.name for each in environments if each.deployment_of in lists}
    by_regions = {each.name for each in environments if each.region_names}
    for name in sorted(beside & by_regions - {*checked}):
        yield judged(
            subject=f"checks of {name}",
            holds=False,
            message="a deployment beside it is checked by its regions, and it has no place for"
            " that: unless another job verifies its plans, nobody does",
            recovery="write its workflow by `reconciler ci workflow --of checks --environment"
            f" {name}`, and make the places that stand on top of it",
            is_advice=True,
        )


def _is_checked_by_regions(environment: Environment, there: Places) -> bool:
    name = environment.name
    readers = (reader_place(name, region) for region in environment.region_names)
    return bool(environment.region_names) and any(
        place in there for place in (*readers, checks_place(name))
    )


def _reader(name: str, region: str, found: _Checked, there: Places) -> Iterator[DoctorFinding]:
    place, what = reader_place(name, region), f"{region}'s login that reads, and its key"
    if place not in there:
        yield _missing(place, f"the job that looks at {region} has neither login nor key", what)
        return
    at = there[place]
    yield from _open_to_all(at)
    others = {key_variable(other) for other in found.regions - {region}}
    yield _keys(at, (KEY_VARIABLE,), others)
    yield _logins(at, found.to_apply, "what an apply alone needs", "only a login that reads")


def _judging(name: str, found: _Checked, there: Places) -> Iterator[DoctorFinding]:
    place, what = checks_place(name), "the keys of the regions, and no login"
    if place not in there:
        yield _missing(place, "the job that judges knows no region's files", what)
        return
    at = there[place]
    yield from _open_to_all(at)
    yield _keys(at, tuple(key_variable(region) for region in sorted(found.regions)))
    every = (found.to_look | found.to_apply) - found.to_try
    yield _logins(at, every, "a login, which it has no use for", "the keys of the regions alone")


def _missing(place: str, so_that: str, what: str) -> DoctorFinding:
    return judged(
        subject=f"environment {place}",
        holds=False,
        message=f"it does not exist: {so_that}, and the check is red",
        recovery=f"make it {_ENVIRONMENTS} for all branches, and put {what} into it",
    )


def _open_to_all(at: ForgeEnvironment) -> Iterator[DoctorFinding]:
    """A job that no branch or nobody lets in leaves the check red, or waiting."""
    yield judged(
        subject=f"environment {at.name}",
        holds=not at.limits_branches,
        message="some branches alone may use it, so that checks of others are red"
        if at.limits_branches
        else "every branch may use it",
        recovery=f"let all branches use it {_ENVIRONMENTS}: it holds nothing that changes a shard",
    )
    waits = at.reviewers > 0 or at.wait_s > 0
    yield judged(
        subject=f"who lets a check into {at.name}",
        holds=not waits,
        message="each check waits for people, or for a timer" if waits else "nobody has to",
        recovery=f"take the required reviewers and the wait timer away {_ENVIRONMENTS}",
        is_advice=True,
    )


def _keys(
    at: ForgeEnvironment, wanted: tuple[str, ...], others: Collection[str] = ()
) -> DoctorFinding:
    """`others` are keys by which its jobs could make what is another region's to say (RG-26)."""
    subject = f"keys of {at.name}"
    if at.secrets is None:
        return unseen(subject, f"see that it holds {', '.join(wanted)}, {_ENVIRONMENTS}")
    if too_many := sorted(set(at.secrets) & set(others)):
        return judged(
            subject=subject,
            holds=False,
            message=f"its jobs can sign what other regions saw: it holds {', '.join(too_many)}",
            recovery=f"delete it there {_ENVIRONMENTS}, and make a new key for the region whose it"
            " was: it belongs there, and to the job that judges",
        )
    missing = [name for name in wanted if name not in at.secrets]
    return judged(
        subject=subject,
        holds=not missing,
        message=f"it lacks {', '.join(missing)}" if missing else f"it holds {', '.join(wanted)}",
        recovery="make a key for each region, `openssl rand -hex 32`, and put it into the region's"
        f" place as {KEY_VARIABLE} and, by the region's name, into that of the job that judges",
    )


def _logins(at: ForgeEnvironment, others: set[str], what: str, instead: str) -> DoctorFinding:
    subject = f"logins in {at.name}"
    if at.secrets is None:
        return unseen(subject, f"see that it holds {instead}, {_ENVIRONMENTS}")
    held = sorted(set(at.secrets) & others)
    return judged(
        subject=subject,
        holds=not held,
        message=f"jobs of every branch get {what}: {', '.join(held)}" if held else "none too many",
        recovery=f"delete it there {_ENVIRONMENTS}, and change its password: it holds {instead}",
    )


def _required(name: str, settings: ForgeSettings) -> DoctorFinding:
    """By the name of the job that judges, as the workflow of checks has it."""
    subject, check, rules = f"required check of {name}", f"verify {name}", settings.rules
    if rules is None:
        return unseen(subject, "run this with a token of somebody who administers the repository")
    is_required = check in {one.context for one in rules.checks}
    return judged(
        subject=subject,
        holds=is_required,
        message=f"{check} is {'' if is_required else 'not '}required to merge",
        recovery=f"require {check} in the repository's settings, under Rules, for"
        f" {settings.default_branch}",
    )


def _shared_keys(shared: tuple[str, ...] | None) -> DoctorFinding:
    """By the repository's own, a job in one region could make files of another."""
    subject = "keys of regions among the repository's secrets"
    if shared is None:
        return unseen(subject, "run this with a token of somebody who administers the repository")
    found = [name for name in shared if name.startswith(KEY_VARIABLE)]
    return judged(
        subject=subject,
        holds=not found,
        message=f"every job gets {', '.join(found)}" if found else "none",
        recovery="put each into its own environment, and delete it from the secrets of the"
        " repository and of the organisation; then make new ones",
    )
