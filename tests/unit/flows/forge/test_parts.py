"""A rollout as a graph of jobs: what is refused before any of its jobs begins."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.errors import InvalidInput, Refused
from reconciler.flows.forge.parts import PartsRequest, check_size, workflow_refusals
from reconciler.flows.forge.workflow import checks_of, requests_of, workflow_of
from reconciler.flows.keyspaces import Loaded
from reconciler.flows.limits import MATRIX_JOBS_MAX, WORKFLOW_WAVES_MAX
from reconciler.model.fleet import even_shards
from reconciler.outcomes.exit_code import ExitCode, together
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.parts import PartJob, PartsOutcome, parts_end, waves_of_jobs
from reconciler.report.checks_workflow import ChecksWorkflow, checks_workflow
from reconciler.report.matrix import matrix_of
from reconciler.report.requests_workflow import RequestsWorkflow, requests_workflow
from reconciler.report.workflow import RolloutWorkflow
from reconciler.spec.load import load_repository
from reconciler.spec.variables import variables_of
from tests.offline_fleet import environment, repository
from tests.sample_regions import REGIONS, spec_of

ACTION = f"OWNER/reconciler@{'a1' * 20}"


def outcome(jobs: int, *, wave: int = 1, held: tuple[int, ...] = ()) -> PartsOutcome:
    return PartsOutcome(
        environment="production",
        keyspace="shop",
        plan_id="sha256:1",
        jobs=tuple(
            PartJob(keyspace="shop", region=f"r{number}", wave=wave, plan_id="sha256:1")
            for number in range(jobs)
        ),
        held=held,
    )


def workflow(spec: str, *keyspaces: str, action: str = ACTION, below: str = "") -> RolloutWorkflow:
    files = repository(spec=spec)
    loaded = Loaded(root=Path("/nowhere"), tree=files, keyspaces=load_repository(files))
    return workflow_of(loaded, keyspaces, "production", action=action, branch="main", below=below)


def refused(spec: str, **given: str) -> list[str]:
    with pytest.raises(InvalidInput) as raised:
        workflow(spec, **given)
    return [problem.code for problem in raised.value.problems]


@pytest.mark.invariant("RG-32")
def test_a_wave_that_no_matrix_takes_is_refused_with_the_next_step() -> None:
    check_size(waves_of_jobs([outcome(MATRIX_JOBS_MAX)]))
    with pytest.raises(Refused) as raised:
        check_size(waves_of_jobs([outcome(MATRIX_JOBS_MAX), outcome(1)]))
    (problem,) = raised.value.problems
    assert problem.code == "parts-too-many"
    assert "reconciler ci workflow KEYSPACE" in problem.recovery


@pytest.mark.invariant("RG-32")
def test_a_workflow_of_an_earlier_spec_orders_nothing() -> None:
    def codes(found: PartsOutcome, **has: object) -> list[str]:
        return [each.code for each in workflow_refusals(PartsRequest(**has), found)]  # type: ignore[arg-type]

    third = outcome(1, wave=3, held=(2, 3))
    assert codes(third, waves=3, held=frozenset({2, 3})) == []
    assert codes(third, waves=2, held=frozenset({2, 3})) == ["workflow-outdated"]
    assert codes(third, waves=3, held=frozenset({2})) == ["workflow-outdated"]
    assert codes(third, waves=3) == ["workflow-outdated"]
    assert codes(third) == [], "whoever asks without a workflow of ours keeps the order itself"


@pytest.mark.invariant("RG-30")
def test_waves_of_several_keyspaces_are_side_by_side() -> None:
    other = PartsOutcome(
        environment="production",
        keyspace="mail",
        jobs=(PartJob(keyspace="mail", region="eu", wave=1, plan_id=None),),
    )
    waves = matrix_of(waves_of_jobs([outcome(1), outcome(1, wave=2, held=(2,)), other]))
    assert waves == {
        "1": {
            "held": False,
            "parts": [
                {"keyspace": "shop", "region": "r0", "plan": "sha256:1"},
                {"keyspace": "mail", "region": "eu", "plan": ""},
            ],
        },
        "2": {"held": True, "parts": [{"keyspace": "shop", "region": "r0", "plan": "sha256:1"}]},
    }


def test_the_workflow_of_a_keyspace_is_started_by_its_own_files_alone() -> None:
    one = workflow(spec_of(REGIONS), "shop", below="db")
    assert one.paths == (
        "db/plans/production/shop.plan.json",
        "db/plans/production/shop.plan.sql",
        "db/schemas/shop/**",
        "db/specs/shop.yaml",
    )
    assert (one.waves, one.held, one.directory) == (3, (), "db")
    assert workflow(spec_of(REGIONS)).paths == (
        "plans/production/**",
        "schemas/shop/**",
        "specs/**",
    )


@pytest.mark.invariant("RG-32")
def test_what_no_workflow_can_keep_is_refused_by_name() -> None:
    regions = spec_of(REGIONS)
    for moving in ("OWNER/reconciler@v1", "OWNER/reconciler", f"reconciler@{'a1' * 20}"):
        assert refused(regions, action=moving) == ["action-not-pinned"]
    waves = ", ".join(f"{n}%" for n in range(1, 101, 5))
    shards = {"eu": even_shards(256)}
    long = spec_of(shards).replace("waves: [50%, 100%]", f"waves: [{waves}, 100%]")
    long = long.replace(even_shards(6)[0] + '"]', shards["eu"][0] + '"]')
    assert refused(long) == ["workflow-too-long"]
    soaks = regions.replace("waves: [", "soak: 31d, waves: [")
    assert refused(soaks) == ["workflow-too-long"]
    alone = repository().content["specs/shop.yaml"].decode()
    assert refused(alone) == ["parts-without-regions"]
    assert WORKFLOW_WAVES_MAX < 20


def test_a_workflow_hands_on_the_variables_of_its_spec() -> None:
    files = repository(spec=spec_of(REGIONS).replace("host: ", 'password: "${DB_A}${B}", host: '))
    assert variables_of(environment(files.keyspace())) == ("B", "DB_A")


def test_a_keyspace_that_was_named_wrongly_is_an_error_of_that_keyspace() -> None:
    """It has not the environment; others have, and the process ends as for them all."""
    failed = KeyspaceFailed(environment="staging", keyspace="shop", problems=(), exit_code=64)
    assert parts_end(failed).code is ExitCode.ERROR
    assert together([parts_end(failed), parts_end(outcome(1))]) is ExitCode.ERROR


IMAGE = f"mysql:8.4@sha256:{'0f' * 32}"


def checks(spec: str, *, image: str | None = IMAGE, below: str = "") -> ChecksWorkflow:
    files = repository(spec=spec)
    loaded = Loaded(root=Path("/nowhere"), tree=files, keyspaces=load_repository(files))
    return checks_of(
        loaded, "production", action=ACTION, branch="main", below=below, scratch_image=image
    )


def with_scratch(text: str) -> str:
    """Its shards and its ledger have variables of their own."""
    spec = spec_of(REGIONS).replace("user: u}", 'user: "${DB_READER}"}', 1)
    return spec.replace(
        "    regions:", f'    ledger: "mysql://${{LEDGER}}@l/r"\n{text}    regions:'
    )


@pytest.mark.invariant("RG-92")
def test_a_workflow_of_checks_hands_on_what_a_look_needs_and_no_ledger() -> None:
    asked = '    scratch: {host: "${DB_HOST}", user: root, password: "${MY_SCRATCH}"}\n'
    served = checks(with_scratch(asked))
    assert served.variables == ("DB_READER",)
    assert served.scratch.known == (("DB_HOST", "127.0.0.1"), ("MY_SCRATCH", "scratch"))
    assert served.scratch.asked == ()
    text = checks_workflow(served)
    assert "LEDGER" not in text
    assert "RECONCILER_ALLOW_ENV: 'MY_SCRATCH'" in text
    elsewhere = checks(with_scratch(asked), image=None)
    assert elsewhere.scratch.asked == ("DB_HOST", "MY_SCRATCH")
    assert "services:" not in checks_workflow(elsewhere)


@pytest.mark.invariant("RG-92")
def test_checks_that_one_status_could_not_stand_for_are_refused_by_name() -> None:
    def codes(spec: str, **given: str) -> list[str]:
        with pytest.raises(InvalidInput) as raised:
            checks(spec, **given)
        return [problem.code for problem in raised.value.problems]

    assert codes(repository().content["specs/shop.yaml"].decode()) == ["checks-without-regions"]
    assert codes(spec_of(REGIONS), image="mysql:8.4") == ["image-not-pinned"]


def test_checks_below_the_top_keep_their_plans_where_they_lie() -> None:
    text = checks_workflow(checks(spec_of(REGIONS), below="db"))
    assert "directory: 'db'" in text
    assert "path: db/plans/" in text


def requests(spec: str, *, image: str | None = None) -> RequestsWorkflow:
    files = repository(spec=spec)
    loaded = Loaded(root=Path("/nowhere"), tree=files, keyspaces=load_repository(files))
    return requests_of(
        loaded, (), "production", action=ACTION, branch="main", below="", scratch_image=image
    )


@pytest.mark.invariant("RG-93")
def test_people_ask_a_fleet_without_regions_by_one_job_and_of_its_splits_as_well() -> None:
    alone = requests(repository().content["specs/shop.yaml"].decode())
    text = requests_workflow(alone)
    (choices,) = re.findall(r"options: \[(stop, [^]]*)\]", text)
    assert {"stop", "release-clean-up", "abandon", "revert"} <= set(choices.split(", "))
    assert "environment: 'production'" in text
    assert "region" not in text
    assert "keyspace" not in text
    several = replace(alone, names=("mail", "shop"))
    chosen = requests_workflow(several)
    assert "options: ['every keyspace', 'mail', 'shop']" in chosen
    assert "${{ inputs.keyspace != 'every keyspace' && inputs.keyspace || '' }}" in chosen
    (choices,) = re.findall(
        r"options: \[(stop, [^]]*)\]", requests_workflow(requests(spec_of(REGIONS)))
    )
    assert not {"release-clean-up", "abandon", "revert"} & set(choices.split(", "))
    with pytest.raises(InvalidInput) as raised:
        requests(spec_of(REGIONS), image=IMAGE)
    assert raised.value.problems[0].code == "image-of-regions"
