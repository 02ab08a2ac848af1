"""By the spec's rules, among those that can take it, and as it was reviewed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.engine import EngineName
from reconciler.model.server import ServerVersion
from reconciler.plan.engines.choose import NoEngine, choose_engine
from reconciler.plan.engines.question import EngineQuestion
from reconciler.plan.model import Algorithm, ExecutionClass, Lock
from reconciler.spec.model import EngineRule, EngineRules
from tests.unit.plan.engines.test_obstacles import CASES, question

DIRECT, GH_OST, SPIRIT = EngineName.DIRECT, EngineName.GH_OST, EngineName.SPIRIT
GIB = 1 << 30
BIG = EngineRules(rebuild=EngineRule(use=(SPIRIT,), over_bytes=GIB))


def of_case(name: str, size_bytes: int | None = GIB) -> EngineQuestion:
    (case,) = [case for case in CASES if case.text.name == name]
    return replace(question(case), size_bytes=size_bytes)


def executed(asked: EngineQuestion, execution: ExecutionClass) -> EngineQuestion:
    return replace(asked, context=replace(asked.context, execution=execution))


WIDEN = of_case("widen_column")


def test_size_decides_whether_the_rule_for_large_tables_holds() -> None:
    assert choose_engine(WIDEN, BIG) is SPIRIT
    assert choose_engine(replace(WIDEN, size_bytes=GIB - 1), BIG) is DIRECT


def test_a_size_that_nobody_could_read_may_be_any() -> None:
    assert choose_engine(replace(WIDEN, size_bytes=None), BIG) is SPIRIT


def test_what_moves_metadata_alone_is_the_server_s_own() -> None:
    instant = executed(WIDEN, ExecutionClass(algorithm=Algorithm.INSTANT))
    everything = EngineRules(default=(GH_OST,), tables=(("*", (GH_OST,)),))
    assert choose_engine(instant, everything) is DIRECT


def test_a_table_named_goes_before_every_rule_and_the_first_pattern_holds() -> None:
    rules = replace(BIG, tables=(("t", (GH_OST,)), ("*", (DIRECT,))))
    assert choose_engine(WIDEN, rules) is GH_OST
    assert choose_engine(WIDEN, replace(rules, tables=(("*", (DIRECT,)),))) is DIRECT


def test_the_first_that_can_take_it() -> None:
    rules = EngineRules(rebuild=EngineRule(use=(SPIRIT, GH_OST)))
    assert choose_engine(of_case("unique_key_only"), rules) is GH_OST
    assert choose_engine(of_case("trigger"), EngineRules(default=(SPIRIT, DIRECT))) is DIRECT


@pytest.mark.invariant("EN-13")
def test_where_none_can_each_says_why() -> None:
    rules = EngineRules(rebuild=EngineRule(use=(SPIRIT, GH_OST)))
    refused = choose_engine(of_case("trigger"), rules)
    assert isinstance(refused, NoEngine)
    assert [name for name, _ in refused.reasons] == [SPIRIT, GH_OST]
    assert all("trigger audit" in why[0] for _, why in refused.reasons)


def test_indexes_have_a_rule_of_their_own() -> None:
    (case,) = [case for case in CASES if case.text.name == "new_auto_increment"]
    asked = executed(question(case), ExecutionClass(algorithm=Algorithm.INPLACE, lock=Lock.NONE))
    assert asked.builds_index
    assert choose_engine(asked, BIG) is DIRECT
    refused = choose_engine(asked, EngineRules(index=EngineRule(use=(GH_OST,))))
    assert isinstance(refused, NoEngine)


@pytest.mark.invariant("EN-13")
def test_a_table_that_grows_over_the_bound_keeps_the_engine_that_was_reviewed() -> None:
    small = replace(WIDEN, size_bytes=1)
    assert choose_engine(small, BIG, reviewed=SPIRIT) is SPIRIT
    assert choose_engine(WIDEN, BIG, reviewed=DIRECT) is DIRECT


def test_an_engine_that_no_rule_gives_is_not_kept_for_having_been_reviewed() -> None:
    assert choose_engine(WIDEN, BIG, reviewed=GH_OST) is SPIRIT
    assert choose_engine(WIDEN, EngineRules(), reviewed=SPIRIT) is DIRECT


def test_what_a_reviewed_engine_can_no_longer_take_it_does_not_get() -> None:
    refused = choose_engine(of_case("trigger"), BIG, reviewed=SPIRIT)
    assert isinstance(refused, NoEngine)


def test_versions_are_told_apart() -> None:
    ten = replace(WIDEN, version=ServerVersion(WIDEN.version.flavor, 8, 0, 40))
    assert choose_engine(ten, BIG) is SPIRIT
