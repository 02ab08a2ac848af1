"""A name that an engine takes and that something else has: refused in `plan` and in `verify`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import pytest

from reconciler.edges.ledger.sql import SqlLedger
from reconciler.flows.names_taken import nobody_to_ask
from reconciler.flows.plan import keep_plan, plan_keyspace
from reconciler.flows.verify import verify_keyspace
from reconciler.guard.model import Refusal
from reconciler.ledger.model import StatementEntry
from reconciler.ledger.states import StatementState
from reconciler.model.dependents import Dependents, Program
from reconciler.model.engine import EngineName, Handle
from reconciler.model.object_id import ObjectKind
from reconciler.model.observation import Observation, ObservedShard
from reconciler.model.schema import OtherObject
from reconciler.model.shadow_tables import is_shadow_named
from reconciler.outcomes.plan import PlanOutcome, VerifyState
from reconciler.plan.engines.gh_ost_names import names_of
from reconciler.ports.ledger import Ledger
from reconciler.ports.world import World
from reconciler.spec.model import ShardSpec
from tests.contract.ledgers import CREATED_S, by_engine, ended
from tests.offline_fleet import SETTINGS, SHARDS, SPEC, STATES, Files, Shards, environment, world
from tests.sim.run import close_ledgers, file_ledger
from tests.unit.flows.test_engine_programs import CopyingScratch, files_for
from tests.unit.flows.test_shadows import begun, left_by, with_shadows

GH_OST, SPIRIT, PT_OSC = EngineName.GH_OST, EngineName.SPIRIT, EngineName.PT_OSC


@dataclass
class Around(Shards):
    """The first shard with more than tables on it."""

    others: tuple[OtherObject, ...] = ()
    folds: str = "0"

    def observe(self, shards: Sequence[ShardSpec], *, parallel: int) -> list[Observation]:
        variables = tuple(
            {**dict(SETTINGS.variables), "lower_case_table_names": self.folds}.items()
        )
        seen = super().observe(shards, parallel=parallel)
        return [
            replace(
                one,
                settings=replace(SETTINGS, variables=variables),
                others=self.others if one.shard == SHARDS[0] else (),
                dependents=Dependents(programs=tuple(map(_program, self.others))),
            )
            for one in seen
            if isinstance(one, ObservedShard)
        ]


def _program(other: OtherObject) -> Program:
    return Program(kind=other.kind, name=other.name, text="", table=other.table)


def on_live(*tables: str, others: tuple[OtherObject, ...] = (), folds: str = "0") -> Around:
    shards = with_shadows(*tables, live=STATES[0])
    shards.shown[f"db-{SHARDS[1]}"] = {"users": STATES[0]}
    return Around(shards.shown, others=others, folds=folds)


def other(kind: ObjectKind, name: str, table: str | None = None) -> OtherObject:
    return OtherObject(kind=kind, name=name, definition="", table=table)


def copying(shards: Shards) -> World:
    return replace(world(shards), scratch=CopyingScratch())


def planned(
    engine: EngineName,
    shards: Shards,
    open_it: Callable[[], Ledger] = nobody_to_ask,
    *,
    files: Files | None = None,
) -> PlanOutcome:
    keyspace = (files or files_for(engine)).keyspace()
    return plan_keyspace(
        copying(shards),
        keyspace,
        environment(keyspace),
        protected=None,
        created_at="2026-01-02T03:04:05Z",
        tool_version="0",
        open_ledger=open_it,
    )


def refusal(outcome: PlanOutcome) -> Refusal:
    (found,) = outcome.refusals
    assert isinstance(found, Refusal)
    assert (found.code, found.shard) == ("engine-name-taken", SHARDS[0])
    return found


@pytest.fixture
def ledger() -> Iterator[SqlLedger]:
    yield file_ledger()
    close_ledgers()


NAMES = [
    *((GH_OST, name) for name in ("_users_gho", "_users_ghc", "_users_ghk", "_users_del")),
    *((SPIRIT, name) for name in ("_users_new", "_users_old", "_users_chkpnt")),
    (SPIRIT, "_spirit_sentinel"),
    *((PT_OSC, name) for name in ("_users_new", "_users_old")),
]


@pytest.mark.invariant("EN-81")
@pytest.mark.parametrize(("engine", "name"), NAMES)
@pytest.mark.parametrize("policy", ["", 'policy: {ignore_tables: ["_*"]}\n'])
def test_a_foreign_table_is_refused_by_shard_and_name_whatever_is_ignored(
    engine: EngineName, name: str, policy: str, ledger: SqlLedger
) -> None:
    files = files_for(engine)
    files.content["specs/shop.yaml"] += policy.encode()
    found = refusal(planned(engine, on_live(name), lambda: ledger, files=files))
    assert f"shard -80, users: table {name} is in the way of {engine}" in found.message
    assert "nobody's that the ledger knows" in found.message


@pytest.mark.invariant("EN-81")
@pytest.mark.parametrize("kind", [ObjectKind.VIEW, ObjectKind.SEQUENCE])
def test_what_is_no_table_is_never_an_engines(kind: ObjectKind, ledger: SqlLedger) -> None:
    lease = begun(ledger)
    ledger.record(lease, [by_engine(StatementState.INTENDED, shard=SHARDS[0])])
    shards = on_live(others=(other(kind, "_users_gho"),))
    found = refusal(planned(GH_OST, shards, lambda: ledger))
    assert f"{kind} _users_gho is in the way" in found.message
    assert planned(SPIRIT, shards).refusals == ()


@pytest.mark.invariant("EN-81")
@pytest.mark.parametrize("engine", [GH_OST, SPIRIT, PT_OSC])
def test_a_trigger_that_an_engine_left_is_in_the_way_of_all(
    engine: EngineName, ledger: SqlLedger
) -> None:
    trigger = other(ObjectKind.TRIGGER, "pt_osc_d_users_ins", table="users")
    found = refusal(planned(engine, on_live(others=(trigger,)), lambda: ledger))
    assert "trigger pt_osc_d_users_ins is in the way" in found.message


@pytest.mark.invariant("EN-81")
def test_names_are_compared_as_the_server_compares_them(ledger: SqlLedger) -> None:
    view = (other(ObjectKind.VIEW, "_Users_Gho"),)
    assert planned(GH_OST, on_live(others=view), lambda: ledger).refusals == ()
    assert refusal(planned(GH_OST, on_live(others=view, folds="1"), lambda: ledger))


@pytest.mark.invariant("EN-81")
def test_without_a_plan_for_that_engine_a_name_is_in_nobodys_way() -> None:
    assert planned(SPIRIT, on_live("_users_gho", "_users_del")).refusals == ()


@pytest.mark.invariant("EN-81")
def test_whose_it_is_is_not_guessed_where_nobody_can_be_asked() -> None:
    found = refusal(planned(GH_OST, on_live("_users_gho")))
    assert "nobody could be asked whose it is" in found.message
    assert "`reconciler drift`" in found.recovery


@pytest.mark.invariant("EN-81")
def test_what_an_apply_has_in_hand_is_in_no_ones_way(ledger: SqlLedger) -> None:
    lease = begun(ledger)
    ledger.record(lease, [by_engine(StatementState.INTENDED, shard=SHARDS[0])])
    assert planned(GH_OST, on_live("_users_gho"), lambda: ledger).refusals == ()
    assert refusal(planned(GH_OST, on_live("_users_ghc"), lambda: ledger))


@pytest.mark.invariant("EN-81")
@pytest.mark.invariant("EN-32")
def test_what_the_next_apply_clears_away_is_in_the_way_of_another_engine_alone(
    ledger: SqlLedger,
) -> None:
    lease = begun(ledger)
    row = by_engine(StatementState.NEVER_RAN, shard=SHARDS[0], helpers=("_users_new",)).row
    content = {"helpers": ["_users_new"], "since_s": CREATED_S}
    handle = Handle(engine=PT_OSC, version=1, content=json.dumps(content))
    ledger.record(lease, [StatementEntry(row=replace(row, handle=handle))])
    ended(ledger, lease)
    assert planned(PT_OSC, on_live("_users_new"), lambda: ledger).refusals == ()
    found = refusal(planned(SPIRIT, on_live("_users_new"), lambda: ledger))
    assert "what pt-osc left of table users in apply 1" in found.message
    assert "`reconciler clean --write`" in found.recovery


@pytest.mark.invariant("EN-81")
def test_the_table_as_it_was_is_in_the_way_until_it_is_cleaned_up(ledger: SqlLedger) -> None:
    left_by(ledger, "_users_del", settled_s=world(Shards({})).clock.now_s())
    files = files_for(GH_OST)
    kept = SPEC + "engine: {default: gh-ost, keep_old: 24h}\n"
    files.content["specs/shop.yaml"] = kept.encode()
    found = refusal(planned(GH_OST, on_live("_users_del"), lambda: ledger, files=files))
    assert "kept as a way back, of apply 1" in found.message
    assert "`keep_old`" in found.recovery


@pytest.mark.invariant("EN-81")
def test_verify_refuses_what_came_after_the_plan(ledger: SqlLedger) -> None:
    files = files_for(GH_OST)
    keep_plan(planned(GH_OST, on_live(), files=files), files, files)
    keyspace = files.keyspace()
    chosen = environment(keyspace)
    for shards, codes in ((on_live(), []), (on_live("_users_gho"), ["engine-name-taken"])):
        found = verify_keyspace(
            copying(shards), keyspace, chosen, tree=files, open_ledger=lambda: ledger
        )
        assert [one.code for one in found.refusals] == codes
        assert (found.state is VerifyState.REFUSED) == bool(codes)


@pytest.mark.invariant("EN-15")
def test_a_name_that_gh_ost_has_cut_is_an_engines() -> None:
    table = "a" + "é" * 30
    names = names_of(table)
    assert names is not None
    assert not names.ghost.startswith(f"_{table}")
    assert all(is_shadow_named(name, {table}) for name in names.all)
    assert not is_shadow_named("_aé_gho", {table})
