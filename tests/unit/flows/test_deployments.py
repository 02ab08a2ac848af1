"""One schema on several fleets: each is changed when those before it are done and have rested."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import pytest

from reconciler.controller.model import Place
from reconciler.errors import InvalidInput, Problem, UsageError
from reconciler.flows.controller.wanted import wanted_of
from reconciler.flows.deployments import environment_gates
from reconciler.flows.keyspaces import Loaded, choose_environment, one_environment
from reconciler.flows.plan import keep_plan
from reconciler.guard.model import Refusal, RefusalKind
from reconciler.ledger.model import StoredApply
from reconciler.ledger.states import ApplyState
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.plan.files import plan_paths, read_plan
from reconciler.plan.model import Plan
from reconciler.ports.ledger import Ledger
from reconciler.rollout.promotion import CheckAnswer, Measured, Unmeasured
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment, ShardSpec
from reconciler.spec.promotion import PromotionCheck
from tests.offline_fleet import (
    KEYSPACE,
    STATES,
    Files,
    Shards,
    environment,
    no_ledger,
    planned,
    predecessors,
    repository,
)
from tests.sim.fleet import SimClock

SPEC = """\
version: 1
keyspace: shop
schema: schemas/shop
environments:
  production:
    connection: {{host: "none", database: d, user: u}}
    shards: {{count: 2}}
    rollout: {{waves: [100%]{more}}}
    deployments:
      - {{name: primary, connection: {{host: "db-{{shard}}"}}}}
      - {{name: dr, connection: {{host: "dr-{{shard}}"}}}}
      - {{name: tenant, connection: {{host: "tenant-{{shard}}"}}}}
"""
CHECK = '{name: orders come in, query: "SELECT 1", expect: {min: 1}}'
FLEETS = {"production.primary": "db", "production.dr": "dr", "production.tenant": "tenant"}
HOLDS = Measured(1.0, "-80")
NOW_S = SimClock().now_s()


def files_of(more: str = "") -> Files:
    return repository(spec=SPEC.format(more=more))


def shards_at(**states: str) -> Shards:
    """Each fleet at this state, the others at git's."""
    shown = {
        f"{fleet}-{shard}": {"users": states.get(fleet, STATES[1])}
        for fleet in FLEETS.values()
        for shard in ("-80", "80-")
    }
    return Shards(dict(shown))


@dataclass
class Record:
    """As much of a ledger as says how the last apply ended, or where it is."""

    ended: dict[str, tuple[str, float]] = field(default_factory=dict)
    state: ApplyState = ApplyState.COMPLETED

    def applies(
        self, environment: str, *, keyspace: str | None, limit: int, region: str = ""
    ) -> list[StoredApply]:
        if environment not in self.ended:
            return []
        plan_id, ended_s = self.ended[environment]
        return [
            StoredApply(
                apply_id=1,
                environment=environment,
                keyspace=str(keyspace),
                plan_id=plan_id,
                commit="c",
                waves=(),
                state=self.state,
                version=1,
                started_s=0.0,
                completed_s=ended_s,
            )
        ]


@dataclass
class Checks:
    answer: CheckAnswer = HOLDS
    asked: list[str] = field(default_factory=list)

    def ask(
        self, check: PromotionCheck, shards: Sequence[ShardSpec], *, parallel: int
    ) -> tuple[CheckAnswer, ...]:
        self.asked += [shard.connection.host for shard in shards]
        return (self.answer,)


def asked(
    shards: Shards,
    name: str,
    files: Files | None = None,
    record: Record | None = None,
    checks: Checks | None = None,
) -> tuple[Refusal, ...]:
    tree = files or files_of()
    found = tree.keyspace()
    before = predecessors(
        shards,
        tree=tree,
        ledger_of=lambda _one: cast(Ledger, record) if record is not None else no_ledger(),
        checks=checks or Checks(),
    )
    gates = environment_gates(before, found, environment(found, name))
    plan = plan_of(with_plans(files_of()))
    return tuple(refusal for gate in gates for refusal in gate(plan))


def plan_of(files: Files) -> Plan:
    found = read_plan(files, "production.primary", KEYSPACE)
    assert found is not None
    return found


def with_plans(files: Files, *names: str) -> Files:
    for name in names or FLEETS:
        outcome = planned(files, shards_at(**dict.fromkeys(FLEETS.values(), STATES[0])), name)
        assert outcome.refusals == ()
        keep_plan(outcome, files, files)
    return files


@pytest.mark.invariant("RG-76")
def test_it_is_its_turn_when_every_one_before_it_is_as_git_says() -> None:
    assert asked(shards_at(tenant=STATES[0]), "production.tenant") == ()
    for behind in ("db", "dr"):
        (refusal,) = asked(shards_at(**{behind: STATES[0]}), "production.tenant")
        assert refusal.code == "not-promoted"
    (refusal,) = asked(shards_at(db=STATES[0], dr=STATES[0]), "production.tenant")
    assert "production.primary" in refusal.message, "the first that is not done is told"


@pytest.mark.invariant("RG-76")
def test_the_first_waits_for_none_and_what_was_not_seen_is_not_done() -> None:
    shards = shards_at(db=STATES[0])
    assert asked(shards, "production.primary") == ()
    assert shards.looks == 0
    shards = shards_at()
    shards.shown["db-80-"] = None
    assert [one.code for one in asked(shards, "production.dr")] == ["shard-unreachable"]


@pytest.mark.invariant("RG-76")
def test_it_rests_for_the_soak_of_the_one_before_counted_from_its_end() -> None:
    files = with_plans(files_of(more=", soak: 10m"), "production.primary")
    plan_id = plan_of(files).plan_id

    def of(ended: dict[str, tuple[str, float]]) -> list[str]:
        return [one.code for one in asked(shards_at(), "production.dr", files, Record(ended))]

    assert of({"production.primary": (plan_id, NOW_S - 601)}) == []
    assert of({"production.primary": (plan_id, NOW_S - 599)}) == ["deployment-soaks"]
    assert of({}) == ["deployment-end-unknown"], "its record was lost"
    assert of({"production.primary": ("sha256:other", NOW_S - 601)}) == ["deployment-end-unknown"]


@pytest.mark.invariant("RG-95")
def test_a_plan_file_of_the_one_before_that_is_not_sound_counts_no_soak() -> None:
    files = with_plans(files_of(more=", soak: 10m"), "production.primary")
    rested = Record({"production.primary": (plan_of(files).plan_id, NOW_S - 601)})
    assert asked(shards_at(), "production.dr", files, rested) == ()
    path = plan_paths("production.primary", KEYSPACE).json
    files.write(path, files.content[path].replace(b'"statements"', b'"statement"', 1))
    (refusal,) = asked(shards_at(), "production.dr", files, rested)
    assert path in refusal.message


@pytest.mark.invariant("RG-76")
def test_what_had_nothing_to_do_owes_no_soak_but_that_of_what_it_did_last() -> None:
    files = files_of(more=", soak: 10m")
    assert asked(shards_at(), "production.dr", files, Record()) == ()
    lately = Record({"production.primary": ("sha256:other", NOW_S - 1)})
    (refusal,) = asked(shards_at(), "production.dr", files, lately)
    assert refusal.code == "deployment-soaks"
    assert refusal.kind is RefusalKind.PASSES
    again = asked(shards_at(), "production.dr", files, lately)
    assert again == (refusal,), "it is told once, so it says when and not how long"


@pytest.mark.invariant("RG-76")
def test_what_the_spec_measures_must_hold_on_the_shards_of_the_one_before() -> None:
    files = files_of(more=f", promote_if: [{CHECK}]")
    checks = Checks()
    assert asked(shards_at(), "production.dr", files, checks=checks) == ()
    assert checks.asked == ["db-{shard}", "db-{shard}"]
    for answer, kind in (
        (Measured(0.0, "-80"), RefusalKind.STANDS),
        (Unmeasured("no answer", "-80"), RefusalKind.PASSES),
    ):
        (refusal,) = asked(shards_at(), "production.dr", files, checks=Checks(answer))
        assert (refusal.code, refusal.kind) == ("deployment-not-held", kind)
        assert "-80" in refusal.message


# --- which of them a verb works on ---


def loaded(*specs: DesiredFiles | InvalidInput) -> Loaded:
    named = {one.spec.keyspace if isinstance(one, DesiredFiles) else "broken": one for one in specs}
    return Loaded(root=cast("object", None), tree=files_of(), keyspaces=named)  # type: ignore[arg-type]


def mail_with(text: str) -> DesiredFiles:
    found = repository(spec=text).keyspace()
    return replace(found, spec=replace(found.spec, keyspace="mail"))


def turns(of: Loaded, name: str | None, *keyspaces: str) -> list[str]:
    def work(files: DesiredFiles, chosen: Environment) -> str:
        return f"{files.spec.keyspace} in {chosen.name}"

    found = of.each(name, keyspaces, work)
    return [
        f"{one.keyspace}: {one.problems[0].code}" if isinstance(one, KeyspaceFailed) else one
        for one in found
    ]


PLAIN = SPEC.partition("    deployments")[0].format(more="").replace("none", "m-{shard}")
SHOP = files_of().keyspace()
BROKEN = InvalidInput(Problem(code="yaml-syntax", message="no", recovery="mend it"))


@pytest.mark.invariant("RG-75")
def test_their_environment_s_name_means_all_of_them_in_their_order() -> None:
    one = loaded(SHOP)
    assert turns(one, None) == turns(one, "production") == [f"shop in {name}" for name in FLEETS]
    assert turns(one, "production.dr") == ["shop in production.dr"]
    assert one.environments(["production"]) == sorted(FLEETS)
    with pytest.raises(UsageError):
        choose_environment(one.keyspaces, "production.dR")


@pytest.mark.invariant("RG-75")
def test_each_of_them_is_done_with_in_all_keyspaces_before_the_next() -> None:
    first = '      - {name: primary, connection: {host: "db-{shard}"}}\n'
    fewer = SPEC.format(more="").replace(first, "")
    both = loaded(SHOP, mail_with(fewer))
    assert turns(both, "production") == [
        "shop in production.primary",
        "mail in production.dr",
        "shop in production.dr",
        "mail in production.tenant",
        "shop in production.tenant",
    ]
    assert turns(both, "production", "mail")[0] == "mail in production.dr"
    mixed = turns(loaded(SHOP, mail_with(PLAIN)), "production")
    assert "mail in production" in mixed
    assert len(mixed) == 4


@pytest.mark.invariant("RG-73")
def test_what_is_not_divided_comes_behind_all_deployments_of_what_comes_before_it() -> None:
    of_shop = [f"shop in {name}" for name in FLEETS]
    after_shop = mail_with(PLAIN.replace("schema:", "after: [shop]\nschema:"))
    assert turns(loaded(SHOP, after_shop), "production") == [*of_shop, "mail in production"]
    after_mail = replace(SHOP, spec=replace(SHOP.spec, after=("mail",)))
    both = loaded(after_mail, mail_with(PLAIN))
    assert turns(both, "production") == ["mail in production", *of_shop]
    zoo = replace(SHOP, spec=replace(SHOP.spec, keyspace="zoo"))
    several = turns(loaded(SHOP, after_shop, zoo), "production")
    assert several[:2] == ["shop in production.primary", "zoo in production.primary"]
    assert several[-1] == "mail in production"


@pytest.mark.invariant("RG-73")
@pytest.mark.invariant("RG-78")
def test_a_controller_knows_where_the_keyspace_before_it_is() -> None:
    after_shop = mail_with(PLAIN.replace("schema:", "after: [shop]\nschema:"))
    wanted = wanted_of(loaded(SHOP, after_shop), "c")
    behind = {one.place: one.behind for one in wanted}
    assert behind[Place("production", "mail")] == tuple(Place(name, "shop") for name in FLEETS)
    assert behind[Place("production.dr", "shop")] == ()
    after_mail = replace(SHOP, spec=replace(SHOP.spec, after=("mail",)))
    wanted = wanted_of(loaded(after_mail, mail_with(PLAIN)), "c")
    assert {one.behind for one in wanted if one.place.keyspace == "shop"} == {
        (Place("production", "mail"),)
    }


@pytest.mark.invariant("RG-75")
def test_who_goes_over_environments_meets_each_place_once() -> None:
    mixed = loaded(SHOP, mail_with(PLAIN))
    met = [
        place
        for name in mixed.environments([])
        for place in mixed.within(name, (), lambda files, at: (files.spec.keyspace, at.name))
    ]
    assert met == [("mail", "production"), *(("shop", name) for name in sorted(FLEETS))]


@pytest.mark.invariant("RG-75")
def test_what_cannot_be_read_or_has_none_of_them_is_said_once() -> None:
    of = loaded(SHOP, BROKEN, mail_with(PLAIN.replace("production", "lab")))
    assert turns(of, "production")[0] == "broken: yaml-syntax"
    assert len(turns(of, "production")) == 4
    assert turns(of, "production", "mail") == ["mail: environment-unknown"]
    with pytest.raises(UsageError, match="absent"):
        turns(of, "production", "absent")


@pytest.mark.invariant("RG-77")
def test_what_is_of_one_fleet_names_one() -> None:
    one = loaded(SHOP)
    with pytest.raises(UsageError) as raised:
        one_environment(one.keyspaces, None, (), "a wave")
    (problem,) = raised.value.problems
    assert problem.code == "deployment-not-chosen"
    assert "production.primary, production.dr, production.tenant" in problem.recovery
    assert one_environment(one.keyspaces, "production.dr", (), "a wave") == "production.dr"


@pytest.mark.invariant("RG-77")
def test_a_keyspace_without_deployments_is_of_one_fleet_whatever_others_list() -> None:
    mixed = loaded(SHOP, mail_with(PLAIN)).keyspaces
    assert one_environment(mixed, "production", ("mail",), "a wave") == "production"
    for named in ((), ("mail", "shop")):
        with pytest.raises(UsageError) as raised:
            one_environment(mixed, "production", named, "a wave")
        (problem,) = raised.value.problems
        assert "--environment: production.primary" in problem.recovery
        assert "name only keyspaces that have none: mail" in problem.recovery
    with pytest.raises(UsageError) as raised:
        one_environment(mixed, "production", None, "a look at a region")
    (problem,) = raised.value.problems
    assert "mail" not in problem.recovery, "such a verb is given no keyspaces"
