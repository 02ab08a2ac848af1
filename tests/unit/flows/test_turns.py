"""`status` says of an order how far it has come, and who waits for whom."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import cast

import pytest

from reconciler.errors import InvalidInput, Problem, ReconcilerError
from reconciler.flows.turns import Records, turn_of
from reconciler.ledger.model import StoredApply
from reconciler.ledger.states import ApplyState
from reconciler.outcomes.apply import StatusOutcome
from reconciler.outcomes.turns import Turn, TurnWord
from reconciler.plan.files import plan_paths, read_plan
from reconciler.ports.ledger import Ledger
from reconciler.report.compose.apply import status_document
from reconciler.report.json import status_json
from reconciler.report.write.text import write_text
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Region
from reconciler.spec.regions import in_region
from tests.offline_fleet import (
    ENVIRONMENT,
    KEYSPACE,
    SPEC,
    Files,
    environment,
    fleet,
    no_ledger,
    repository,
    with_plan,
)
from tests.unit.flows.test_deployments import (
    FLEETS,
    NOW_S,
    Record,
    files_of,
    plan_of,
    with_plans,
)

PRIMARY, DR, TENANT = FLEETS


def turns(files: Files, record: Record | None) -> list[Turn]:
    found = files.keyspace()
    records = Records(
        loaded={KEYSPACE: found},
        tree=files,
        ledger_of=lambda _f, _e: cast(Ledger, record) if record is not None else no_ledger(),
        now_s=NOW_S,
    )
    told = [turn_of(records, found, environment(found, name)) for name in FLEETS]
    return [one for one in told if one is not None]


def said(*told: Turn) -> str:
    outcome = StatusOutcome(environment="production", applies=(), now_s=NOW_S, turns=told)
    assert len(json.loads(status_json(outcome))["turns"]) == len(told)
    return write_text(status_document(outcome))


@pytest.mark.invariant("RG-80")
def test_deployments_have_one_status_which_says_who_waits_for_whom() -> None:
    files = with_plans(files_of())
    text = said(*turns(files, Record({PRIMARY: (plan_of(files).plan_id, NOW_S - 60)})))
    assert "shop in production: 1 of 3 deployments done" in text
    assert f"{PRIMARY}: done" in text
    assert f"{DR}: not begun" in text
    assert f"{TENANT}: not begun; waits for {DR}, which is not begun" in text


@pytest.mark.invariant("RG-80")
def test_one_deployment_that_is_asked_for_alone_says_nothing_of_how_many_are_done() -> None:
    files = with_plans(files_of())
    first, second, _ = turns(files, Record({PRIMARY: (plan_of(files).plan_id, NOW_S - 60)}))
    assert "done" not in said(first), "it is its turn, and its apply is told by itself"
    text = said(turns(files, Record())[1])
    assert f"shop in {DR}: not its turn" in text
    assert f"waits for {PRIMARY}, which is not begun" in text
    assert "deployment" not in text + said(second)


@pytest.mark.invariant("RG-80")
def test_an_apply_on_its_way_and_a_soak_are_what_is_waited_for() -> None:
    files = with_plans(files_of(more=", soak: 10m"))
    record = Record({PRIMARY: (plan_of(files).plan_id, NOW_S - 60)}, ApplyState.PAUSED)
    first, second, third = turns(files, record)
    assert (first.stands.word, first.stands.state) == (TurnWord.BEGUN, ApplyState.PAUSED)
    assert [one.environment for one in second.waits_for] == [PRIMARY]
    assert f"waits for {PRIMARY}, which is paused, and for 1 more" in said(third)
    done = replace(record, state=ApplyState.COMPLETED)
    first, second, _ = turns(files, done)
    assert first.stands.is_done
    (waits,) = second.waits_for
    assert (waits.word, waits.until_s) == (TurnWord.RESTS, NOW_S + 540)
    assert "done, and in its soak until" in said(second)


@pytest.mark.invariant("RG-80")
def test_a_ledger_that_does_not_answer_says_nothing_is_done() -> None:
    found = turns(with_plans(files_of()), None)
    assert {one.stands.word for one in found} == {TurnWord.UNKNOWN}
    assert "0 of 3 deployments done" in said(*found)


@pytest.mark.invariant("RG-95")
def test_a_plan_file_that_is_not_sound_is_told_and_holds_what_comes_behind_it() -> None:
    files = with_plans(files_of())
    done = Record({PRIMARY: (plan_of(files).plan_id, NOW_S - 60)})
    path = plan_paths(PRIMARY, KEYSPACE).json
    files.write(path, files.content[path].replace(b'"statements"', b'"statement"', 1))
    first, second, _ = turns(files, done)
    assert (first.stands.word, first.stands.is_done) == (TurnWord.UNSOUND, False)
    assert [one.word for one in second.waits_for] == [TurnWord.UNSOUND]
    text = said(first, second)
    assert f"{PRIMARY}, which is held by a plan file that is not sound" in text
    files.write(path, b"")
    assert turns(files, done)[0].stands.word is TurnWord.UNSOUND


@pytest.mark.invariant("RG-80")
def test_a_keyspace_that_comes_after_another_waits_for_it_by_name() -> None:
    shop = with_plan(repository(), fleet())
    mail = with_plan(
        repository(spec=SPEC.replace("keyspace: shop", "keyspace: mail\nafter: [shop]")), fleet()
    )
    tree = Files({**shop.content, **mail.content})
    first, later = shop.keyspace(), mail.keyspace()
    broken = InvalidInput(Problem(code="yaml-syntax", message="no", recovery="mend it"))

    def told(record: Record, before: DesiredFiles | ReconcilerError = first) -> Turn | None:
        loaded: dict[str, DesiredFiles | ReconcilerError] = {KEYSPACE: before, "mail": later}
        records = Records(
            loaded=loaded, tree=tree, ledger_of=lambda _f, _e: cast(Ledger, record), now_s=NOW_S
        )
        return turn_of(records, later, environment(later))

    turn = told(Record())
    assert turn is not None
    text = said(turn)
    assert "mail in production: not its turn" in text
    assert "waits for shop, which is not begun" in text
    unread = told(Record(), broken)
    assert unread is not None
    assert "waits for shop, which is not known" in said(unread)
    plan = read_plan(shop, ENVIRONMENT, KEYSPACE)
    assert plan is not None
    assert told(Record({ENVIRONMENT: (plan.plan_id, NOW_S)})) is None, "it is its turn"


@dataclass
class PerRegion(Record):
    """Regions in which the part of the plan has ended."""

    done: tuple[str, ...] = ()

    def applies(
        self, environment: str, *, keyspace: str | None, limit: int, region: str = ""
    ) -> list[StoredApply]:
        found = super().applies(environment, keyspace=keyspace, limit=limit)
        return [replace(one, region=region) for one in found if region in self.done]


@pytest.mark.invariant("RG-80")
def test_in_a_region_it_is_told_of_that_region_s_part() -> None:
    """As the gate there looks at the region's own shards."""
    shop = with_plan(repository(), fleet())
    mail = with_plan(
        repository(spec=SPEC.replace("keyspace: shop", "keyspace: mail\nafter: [shop]")), fleet()
    )
    plan = read_plan(shop, ENVIRONMENT, KEYSPACE)
    assert plan is not None
    first, later = of_regions(shop.keyspace()), of_regions(mail.keyspace())
    record = PerRegion({ENVIRONMENT: (plan.plan_id, NOW_S)}, done=("eu",))
    records = Records(
        loaded={KEYSPACE: first, "mail": later},
        tree=Files({**shop.content, **mail.content}),
        ledger_of=lambda _f, _e: cast(Ledger, record),
        now_s=NOW_S,
    )

    def waits_for(region: str | None) -> list[TurnWord]:
        whole = environment(later)
        here = whole if region is None else in_region(whole, region)
        turn = turn_of(records, later, here)
        return [one.word for one in turn.waits_for] if turn is not None else []

    assert waits_for("eu") == [], "it is its turn there"
    assert waits_for("us") == waits_for(None) == [TurnWord.NOT_BEGUN]


def of_regions(files: DesiredFiles) -> DesiredFiles:
    """Of two, with a shard each."""
    regions = (Region(name="eu", shards=("-80",)), Region(name="us", shards=("80-",)))
    environments = tuple(
        replace(one, regions=regions) if one.name == ENVIRONMENT else one
        for one in files.spec.environments
    )
    return replace(files, spec=replace(files.spec, environments=environments))
