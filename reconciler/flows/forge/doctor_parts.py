"""The places of a rollout over regions: of logins, of waves, and of those who may ask."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reconciler.flows.forge.doctor_findings import judged
from reconciler.guard.review.places import control_place, place_of, wave_place
from reconciler.outcomes.doctor import DoctorFinding
from reconciler.ports.forge_settings import ForgeEnvironment
from reconciler.rollout.waves import waves_in
from reconciler.spec.model import Environment

Places = Mapping[str, ForgeEnvironment]


def places_of_logins(environments: Iterable[Environment], there: Places) -> tuple[str, ...]:
    """Where the forge keeps what changes shards: of a rollout by its regions, in a place for each;
    a forge that has none of these rolls out otherwise."""
    names: set[str] = set()
    for environment in environments:
        regions = _regions(environment)
        names.update(regions if _is_by_regions(environment, there) else (environment.name,))
    return tuple(sorted(names))


def judge_parts(environments: Iterable[Environment], there: Places) -> Iterator[DoctorFinding]:
    """Once for each place, of whichever spec."""
    gates: set[str] = set()
    soaks: dict[str, int] = {}
    controls: set[str] = set()
    for environment in environments:
        if _is_by_regions(environment, there):
            controls.add(control_place(environment.name))
            rollout = environment.rollout
            held = range(2, len(waves_in(environment)) + 1)
            places = [wave_place(environment.name, wave) for wave in held]
            gates.update(places if rollout.gate else ())
            for name in places if rollout.soak_s else ():
                soaks[name] = max(rollout.soak_s, soaks.get(name, 0))
    yield from _gates(gates, there)
    yield from _soaks(soaks, there)
    for name in sorted(controls):
        yield judged(
            subject=f"who may ask by {name}",
            holds=_reviewers(name, there) > 0,
            message=_told(name, there),
            recovery=f"make the environment {name} with those as required reviewers who may stop a"
            " rollout by a job; without any, only who has a ledger's login can",
            is_advice=True,
        )


def _gates(waves: Iterable[str], there: Places) -> Iterator[DoctorFinding]:
    for name in sorted(waves):
        yield judged(
            subject=f"who lets a run into {name}",
            holds=_reviewers(name, there) > 0,
            message=_told(name, there),
            recovery=f"make the environment {name} with required reviewers: `ci parts` orders"
            " nothing until it has some",
        )


def _soaks(soaks: Mapping[str, int], there: Places) -> Iterator[DoctorFinding]:
    """The longest of the specs that share a place, for one timer holds the runs of all."""
    for name, soak_s in sorted(soaks.items()):
        wait_s = there[name].wait_s if name in there else 0
        told = f"{wait_s:,} s, and the spec's soak is {soak_s:,} s"
        yield judged(
            subject=f"for how long {name} holds a run",
            holds=wait_s >= soak_s,
            message=told if name in there else "it does not exist",
            recovery=f"give the environment {name} a wait timer of {-(-soak_s // 60):,} minutes:"
            " `ci parts` orders nothing until it has one",
        )


def _regions(environment: Environment) -> tuple[str, ...]:
    return tuple(place_of(environment.name, region) for region in environment.region_names)


def _is_by_regions(environment: Environment, there: Places) -> bool:
    return any(name in there for name in _regions(environment))


def _reviewers(name: str, there: Places) -> int:
    return there[name].reviewers if name in there else 0


def _told(name: str, there: Places) -> str:
    if name not in there:
        return "it does not exist"
    return f"{there[name].reviewers} people or teams"
