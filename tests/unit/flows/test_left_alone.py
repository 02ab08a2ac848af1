"""What a shard in quarantine still needs: to be named, to be let alone, and a way back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import Refused
from reconciler.flows.check import check_against_live
from reconciler.flows.forge.workflow import requests_of
from reconciler.flows.keyspaces import Loaded
from reconciler.flows.last_look import last_look
from reconciler.flows.pull import Specified, pull_keyspace, specified_in
from reconciler.flows.reconcile_pass import begin_pass
from reconciler.flows.verify import verify_keyspace
from reconciler.observe.limits import QUARANTINE_DAYS_MAX
from reconciler.outcomes.advise import AdviseOutcome
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict, LeftAlone
from reconciler.outcomes.observe import ObserveOutcome
from reconciler.outcomes.parts import PartsOutcome
from reconciler.outcomes.plan import VerifyOutcome, VerifyState
from reconciler.plan.files import read_plan
from reconciler.report.compose.advise import advise_document
from reconciler.report.compose.apply import apply_document
from reconciler.report.compose.observe import observe_document
from reconciler.report.compose.parts import parts_document
from reconciler.report.requests_workflow import requests_workflow
from reconciler.report.write.text import write_text
from reconciler.spec.load import load_repository
from reconciler.spec.model import Ceilings
from tests.golden.samples import QUARANTINE
from tests.offline_fleet import (
    ENVIRONMENT,
    KEYSPACE,
    STATES,
    Files,
    environment,
    fleet,
    planned,
    repository,
    users,
    with_plan,
    world,
)
from tests.sample_regions import NAMES, REGIONS, spec_of
from tests.sim.fleet import SimClock
from tests.unit.flows.test_quarantine import (
    LAST_DAY,
    REASON,
    codes,
    half_dead,
    planned_after,
    spec,
    with_quarantine,
)


@pytest.mark.invariant("RG-62")
def test_a_quarantine_that_ended_while_all_ran_leaves_the_end_unconfirmed() -> None:
    files, clock = with_plan(with_quarantine(until="1970-01-12"), half_dead()), SimClock()
    reached = replace(world(half_dead(STATES[1])), clock=clock)
    begun = begin_pass(reached, files.keyspace(), environment(files.keyspace()))
    assert last_look(reached, begun).unseen == ()
    clock.now += 86_400
    assert [getattr(one, "code", "") for one in last_look(reached, begun).unseen] == [
        "quarantine-ended"
    ]


@pytest.mark.invariant("RG-69")
@pytest.mark.parametrize(("until", "refused"), [("1970-04-12", False), ("1970-04-13", True)])
def test_a_plan_is_made_for_a_quarantine_of_a_quarter_at_most(until: str, refused: bool) -> None:
    assert QUARANTINE_DAYS_MAX == 90  # behind 1970-01-12, where the clock stands
    found = planned(with_quarantine(until=until), half_dead())
    assert codes(found) == (["quarantine-too-long"] if refused else [])


RENAMED = f"-- reconciler: rename column years to age\n{STATES[1]}"


@pytest.mark.invariant("RG-69")
def test_an_annotation_stays_as_long_as_a_shard_at_rest_may_need_it() -> None:
    merged = repository(RENAMED, spec=spec())
    gone = repository(STATES[1], spec=spec())
    assert codes(planned_after(gone, merged, half_dead())) == ["rename-at-rest"]
    back_at_once = repository(STATES[1])
    assert "rename-at-rest" in codes(planned_after(back_at_once, merged, fleet()))
    assert codes(planned_after(merged, merged, half_dead())) == []
    awake = repository(RENAMED), repository(STATES[1])
    assert codes(planned_after(awake[1], awake[0], fleet())) == []


@pytest.mark.invariant("RG-69")
def test_a_change_of_nothing_but_an_annotation_needs_no_plan_and_is_refused_all_the_same() -> None:
    merged = repository(RENAMED, spec=spec()).keyspace()

    def told(files: Files) -> VerifyOutcome:
        keyspace, done = files.keyspace(), world(half_dead(STATES[1]))
        chosen = environment(keyspace)
        return verify_keyspace(done, keyspace, chosen, tree=files, merged=merged)

    assert codes(told(repository(STATES[1], spec=spec()))) == ["rename-at-rest"]
    assert told(repository(RENAMED, spec=spec())).state is VerifyState.NO_CHANGE


@pytest.mark.invariant("RG-69")
def test_what_was_renamed_is_found_by_its_name_and_not_in_the_text() -> None:
    def after(new: str, *columns: str) -> list[str]:
        merged = f"-- reconciler: rename column years to `{new}`\n{users(new)}"
        gone = repository(users(*columns), spec=spec())
        return codes(planned_after(gone, repository(merged, spec=spec()), half_dead()))

    assert "rename-at-rest" not in after("ag", "age"), "a part of a name is none"
    assert "rename-at-rest" in after("AGE", "age"), "a name is one in any case"
    assert "rename-at-rest" in after("a``g", "a``g"), "a sign in a name is written twice"


@pytest.mark.invariant("RG-69")
def test_a_day_too_far_is_refused_wherever_its_plan_came_from() -> None:
    files = with_plan(with_quarantine(until="1970-04-12"), half_dead())
    reached = replace(world(half_dead()), clock=SimClock())
    keyspace = files.keyspace()
    begun = begin_pass(reached, keyspace, environment(keyspace))
    plan = read_plan(files, ENVIRONMENT, KEYSPACE)
    assert plan is not None
    assert check_against_live(reached, begun, plan).refusals == ()
    reached.clock.now -= 86_400  # type: ignore[attr-defined]
    refusals = check_against_live(reached, begun, plan).refusals
    assert [getattr(one, "code", "") for one in refusals] == ["quarantine-too-long"]


@pytest.mark.invariant("RG-60")
def test_no_scratch_server_is_taken_on_the_server_of_a_shard_at_rest() -> None:
    scratch = '    scratch: {host: "DB-80-", user: u}\n'
    with pytest.raises(Refused, match="scratch-in-quarantine"):
        planned(repository(STATES[1], spec=spec(more=scratch)), half_dead())
    elsewhere = scratch.replace("DB-80-", "another")
    assert codes(planned(repository(STATES[1], spec=spec(more=elsewhere)), half_dead())) == []


@pytest.mark.invariant("RG-60")
def test_a_shard_at_rest_is_no_model_for_files() -> None:
    files = with_quarantine(STATES[0])
    found = specified_in(files)[KEYSPACE]
    assert isinstance(found, Specified)
    with pytest.raises(Refused, match="shard-at-rest"):
        pull_keyspace(
            world(half_dead(STATES[1])), found, environment(files.keyspace()), files, source="80-"
        )


@pytest.mark.invariant("RG-60")
def test_observe_parts_and_advise_name_what_they_leave_alone_and_apply_what_came_first() -> None:
    about: dict[str, Any] = {"environment": ENVIRONMENT, "keyspace": KEYSPACE}
    said = [
        write_text(
            observe_document(
                [ObserveOutcome(**about, region="eu", shards=1, quarantine=QUARANTINE)]
            )
        ),
        write_text(parts_document([PartsOutcome(**about, quarantine=QUARANTINE)])),
        write_text(
            advise_document(
                [AdviseOutcome(**about, ceilings=Ceilings(), loads=(), quarantine=QUARANTINE)]
            )
        ),
    ]
    before = LeftAlone(environment="staging", keyspace=KEYSPACE, quarantine=QUARANTINE)
    outcome = ApplyOutcome(**about, verdict=ApplyVerdict.COMPLETED, left_alone_before=(before,))
    said.append(write_text(apply_document([outcome])))
    assert "staging, which comes first" in said[-1]
    for text in said:
        assert QUARANTINE[0].shard in text
        assert QUARANTINE[0].reason in text


@pytest.mark.invariant("RG-60")
def test_a_region_that_rests_whole_can_still_be_asked_by_its_workflow() -> None:
    region, shards = next(iter(sorted(REGIONS.items())))
    entries = [f'{{shard: "{name}", until: {LAST_DAY}, reason: {REASON}}}' for name in shards]
    text = f"{spec_of(REGIONS)}    quarantine: [{', '.join(entries)}]\n".replace(
        f'canary: ["{NAMES[0]}"]', f'canary: ["{next(n for n in NAMES if n not in shards)}"]'
    )
    files = repository(spec=text)
    about = requests_of(
        Loaded(root=Path("/nowhere"), tree=files, keyspaces=load_repository(files)),
        (),
        "production",
        action=f"OWNER/reconciler@{'0' * 40}",
        branch="main",
        below="",
        scratch_image=None,
    )
    assert region in about.regions
    assert f"'{region}'" in requests_workflow(about)
