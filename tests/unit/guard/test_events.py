"""PG-32: an end that is over before its event begins is refused before anything is sent."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from reconciler.guard.events import ended_events, event_over, open_end_notes
from reconciler.model.programs import CreatedWith, event_id
from reconciler.plan.model import PlanCore
from tests.sample_plans import sample_plan, statement

END = "'2030-01-01 00:00:00'"


def core_with(schedule: str, zone: str) -> PlanCore:
    sql = f"CREATE DEFINER=`a`@`b` EVENT `e` ON SCHEDULE {schedule} ON COMPLETION PRESERVE ENABLE"
    made = CreatedWith(
        character_set_client="utf8mb4", collation_connection="utf8mb4_bin", time_zone=zone
    )
    found = statement("e", 1, f"{sql} DO SELECT 1")
    session = replace(found.session, created_with=made)
    core = sample_plan().core
    sent = replace(found, object_id=event_id("e"), session=session)
    return replace(core, change_sets=(replace(core.change_sets[0], statements=(sent,)),))


def is_refused(schedule: str, zone: str, now: str) -> bool:
    found = ended_events(
        core_with(schedule, zone), now_s=datetime.fromisoformat(f"{now}+00:00").timestamp()
    )
    assert all(refusal.code == "event-over" and END in refusal.message for refusal in found)
    return bool(found)


@pytest.mark.invariant("PG-32")
@pytest.mark.parametrize(
    ("zone", "before", "behind"),
    [
        ("+00:00", "2029-12-31 23:59:59", "2030-01-01 00:00:00"),
        ("-08:00", "2030-01-01 07:59:59", "2030-01-01 08:00:00"),
        ("+05:30", "2029-12-31 18:29:59", "2029-12-31 18:30:00"),
        ("SYSTEM", "2029-12-31 09:59:59", "2029-12-31 10:00:00"),
    ],
)
def test_an_end_that_may_be_over_is_refused_by_name(zone: str, before: str, behind: str) -> None:
    assert not is_refused(f"EVERY 1 DAY ENDS {END}", zone, before)
    assert is_refused(f"EVERY 1 DAY ENDS {END}", zone, behind)


@pytest.mark.invariant("PG-32")
def test_an_event_that_starts_before_its_end_is_taken() -> None:
    assert not is_refused(f"EVERY 1 DAY STARTS '2029-01-01' ENDS {END}", "+00:00", "2035-01-01")
    assert not is_refused(f"AT {END}", "+00:00", "2035-01-01")


@pytest.mark.invariant("PG-32")
def test_an_end_that_passes_while_others_have_their_turn_is_told_of_the_shard_at_hand() -> None:
    statements = core_with(f"EVERY 1 DAY ENDS {END}", "+00:00").change_sets[0].statements
    behind_s = datetime.fromisoformat("2030-01-01 00:00:00+00:00").timestamp()
    assert event_over("80-", statements, now_s=behind_s - 1) is None
    told = event_over("80-", statements, now_s=behind_s)
    assert told is not None
    assert (told.code, told.shard) == ("event-over", "80-")
    assert told.message.startswith("shard 80-, event e: nothing was sent to it; its end, ")
    assert "STARTS" in told.recovery
    (note,) = open_end_notes((*statements, *statements))
    assert END in note
    assert [*open_end_notes(core_with(f"AT {END}", "+00:00").change_sets[0].statements)] == []
