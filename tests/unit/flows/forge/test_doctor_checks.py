"""What a forge has to hold for checks over regions, place by place."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.flows.forge.doctor_checks import judge_checks
from reconciler.model.quarantine import Quarantine
from reconciler.outcomes.doctor import CheckMark, DoctorFinding
from reconciler.ports.forge_settings import (
    BranchRules,
    ForgeEnvironment,
    ForgeSettings,
    RequiredCheck,
)
from reconciler.spec.model import (
    Connection,
    Environment,
    QuarantinedShard,
    Region,
    RolloutSpec,
)
from tests.offline_forge import NEW_REPOSITORY
from tests.sim.plans import SHARDS, environment

KEY = "RECONCILER_OBSERVATION_KEY"
EU, US, CHECKS = "production/reader/eu", "production/reader/us", "production/checks"


def of_regions() -> Environment:
    made = environment(RolloutSpec())
    shards = tuple(
        replace(one, connection=replace(one.connection, password="${SCHEMA_PASSWORD}"))
        for one in made.shards
    )
    return replace(
        made,
        shards=shards,
        regions=(Region(name="eu", shards=SHARDS[:1]), Region(name="us", shards=SHARDS[1:])),
        ledger="mysql://u:${LEDGER_PASSWORD}@h/l",
        scratch=Connection(host="s", password="${SCRATCH_PASSWORD}"),
    )


def place(name: str, *secrets: str, **more: object) -> ForgeEnvironment:
    made = ForgeEnvironment(name=name, limits_branches=False, reviewers=0, secrets=secrets)
    return replace(made, **more)  # type: ignore[arg-type]


RIGHT = (
    place(EU, KEY, "SCHEMA_PASSWORD"),
    place(US, KEY, "SCHEMA_PASSWORD"),
    place(CHECKS, f"{KEY}_EU", f"{KEY}_US", "SCRATCH_PASSWORD"),
)


RULES = BranchRules(checks=(RequiredCheck(context="verify production", source=15368),))
SETTINGS = replace(NEW_REPOSITORY, rules=RULES)


def judged(
    *places: ForgeEnvironment, settings: ForgeSettings = SETTINGS
) -> dict[str, DoctorFinding]:
    there = {one.name: one for one in places}
    found = list(judge_checks([of_regions(), of_regions()], there, settings))
    assert len({one.subject for one in found}) == len(found), "once for each place"
    return {one.subject: one for one in found}


def wrong(*places: ForgeEnvironment, settings: ForgeSettings = SETTINGS) -> dict[str, CheckMark]:
    found = judged(*places, settings=settings)
    return {name: one.mark for name, one in found.items() if one.mark is not CheckMark.OK}


def changed(at: ForgeEnvironment) -> tuple[ForgeEnvironment, ...]:
    return tuple(at if one.name == at.name else one for one in RIGHT)


@pytest.mark.invariant("RG-110")
def test_what_the_workflow_of_checks_relies_on_is_found_right() -> None:
    assert wrong(*RIGHT) == {}
    assert len(judged(*RIGHT)) == 14


@pytest.mark.invariant("RG-110")
@pytest.mark.parametrize(
    ("places", "subject", "mark"),
    [
        (RIGHT[1:], f"environment {EU}", CheckMark.FAILED),
        (RIGHT[:2], f"environment {CHECKS}", CheckMark.FAILED),
        (changed(place(US, "SCHEMA_PASSWORD")), f"keys of {US}", CheckMark.FAILED),
        (changed(place(CHECKS, f"{KEY}_EU", KEY)), f"keys of {CHECKS}", CheckMark.FAILED),
        (
            changed(place(EU, KEY, "LEDGER_PASSWORD")),
            f"logins in {EU}",
            CheckMark.FAILED,
        ),
        (
            changed(place(CHECKS, f"{KEY}_EU", f"{KEY}_US", "SCHEMA_PASSWORD")),
            f"logins in {CHECKS}",
            CheckMark.FAILED,
        ),
        (
            changed(place(EU, KEY, limits_branches=True, branches=("main",))),
            f"environment {EU}",
            CheckMark.FAILED,
        ),
        (
            changed(place(EU, KEY, f"{KEY}_EU", f"{KEY}_US", "SCHEMA_PASSWORD")),
            f"keys of {EU}",
            CheckMark.FAILED,
        ),
        (changed(place(EU, KEY, reviewers=1)), f"who lets a check into {EU}", CheckMark.WARNING),
        (changed(place(EU, KEY, wait_s=60)), f"who lets a check into {EU}", CheckMark.WARNING),
    ],
)
def test_each_thing_that_is_wrong_is_named_alone(
    places: tuple[ForgeEnvironment, ...], subject: str, mark: CheckMark
) -> None:
    assert wrong(*places) == {subject: mark}
    assert judged(*places)[subject].recovery


@pytest.mark.invariant("RG-110")
def test_a_region_of_which_every_shard_rests_needs_no_place() -> None:
    rests = QuarantinedShard(
        quarantine=Quarantine(shard="ap-1", until="2026-12-01", reason="its disk is replaced"),
        connection=Connection(host="ap"),
        region="ap",
    )
    one = replace(of_regions(), quarantined=(rests,))
    found = list(judge_checks([one], {at.name: at for at in RIGHT}, SETTINGS))
    assert [finding for finding in found if finding.mark is not CheckMark.OK] == []


@pytest.mark.invariant("RG-110")
def test_a_key_that_every_job_gets_is_no_regions() -> None:
    subject = "keys of regions among the repository's secrets"
    told = replace(SETTINGS, shared_secrets=("OTHER", f"{KEY}_EU"))
    assert wrong(*RIGHT, settings=told) == {subject: CheckMark.FAILED}
    unseen = replace(SETTINGS, shared_secrets=None)
    assert wrong(*RIGHT, settings=unseen) == {subject: CheckMark.SKIPPED}


@pytest.mark.invariant("RG-110")
def test_a_check_that_nobody_must_pass_is_told() -> None:
    subject = "required check of production"
    others = replace(RULES, checks=(RequiredCheck(context="verify", source=15368),))
    told = replace(SETTINGS, rules=others)
    assert wrong(*RIGHT, settings=told) == {subject: CheckMark.FAILED}
    assert wrong(*RIGHT, settings=replace(SETTINGS, rules=None)) == {subject: CheckMark.SKIPPED}


@pytest.mark.invariant("RV-11")
def test_secrets_that_the_token_may_not_see_are_neither_there_nor_missing() -> None:
    hidden = tuple(replace(one, secrets=None) for one in RIGHT)
    assert set(wrong(*hidden).values()) == {CheckMark.SKIPPED}


@pytest.mark.invariant("RG-113")
def test_a_deployment_that_no_region_checks_is_told_beside_one_that_they_do() -> None:
    first = replace(of_regions(), deployment_of="live")
    other = replace(of_regions(), name="live.dr", deployment_of="live", earlier=("production",))
    there = {one.name: one for one in RIGHT}
    found = [*judge_checks([first, other], there, SETTINGS)]
    told = {one.subject: one.mark for one in found if one.mark is not CheckMark.OK}
    assert told == {"checks of live.dr": CheckMark.WARNING}
    alone = replace(other, deployment_of=None)
    assert all(one.mark is CheckMark.OK for one in judge_checks([first, alone], there, SETTINGS))
    assert [*judge_checks([first, other], {}, SETTINGS)] == [], "all of them are checked otherwise"


def test_an_environment_that_is_checked_otherwise_is_not_asked_about() -> None:
    assert judged() == {}
    assert judged(place("production"), place("production/region/eu")) == {}
    there = {one.name: one for one in RIGHT}
    assert [*judge_checks([environment(RolloutSpec())], there, SETTINGS)] == []
