"""What is begun is what was reviewed: any difference refuses, and nothing else does."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest

from reconciler.reshard.job import Approval
from reconciler.reshard.plan.compare import compare_split_plans, is_same_split
from reconciler.reshard.plan.model import SplitCore
from tests.sample_split_plans import sample_core

CORE = sample_core()
FUNCTION = CORE.key_function
assert FUNCTION is not None, "rows are moved by keys"
#: Another value for every field: a new field fails here until somebody has decided.
OTHERS: dict[str, Any] = {
    "environment": "staging",
    "keyspace": "bank",
    "server": "mysql 8.4",
    "inputs": (replace(CORE.inputs[0], sha256="2" * 64),),
    "base": replace(CORE.base, version=2),
    "sources": (replace(CORE.sources[0], place="-80@3"),),
    "targets": ("-20", "20-80"),
    "key_function": replace(FUNCTION, selftest="sha256:" + "0" * 64),
    "tables": (replace(CORE.tables[0], definition="sha256:" + "0" * 64), *CORE.tables[1:]),
    "statements": (replace(CORE.statements[0], sql="CREATE TABLE `x`"), *CORE.statements[1:]),
    "terms": replace(CORE.terms, fence_budget_s=40),
    "approvals": (Approval.START, Approval.CLEANUP),
    "left_behind": (),
    "protocol": 2,
}
SAME = {"readable": "sha256:" + "0" * 64}
OF_VITESS = {"engine", "commands"}


def test_every_field_is_compared_or_is_only_words() -> None:
    names = {found.name for found in fields(SplitCore)}
    assert names == OTHERS.keys() | SAME.keys() | OF_VITESS


@pytest.mark.threat("TM-WRITER-36")
@pytest.mark.invariant("SP-72")
@pytest.mark.parametrize("name", OTHERS)
def test_any_difference_refuses(name: str) -> None:
    other = replace(CORE, **{name: OTHERS[name]})
    [refusal] = compare_split_plans(CORE, other)
    assert refusal.code == ("input-changed" if name == "inputs" else "split-plan-stale")
    assert refusal.expected != refusal.observed
    assert "reconciler plan --write" in refusal.recovery
    assert not is_same_split(CORE, other)


@pytest.mark.invariant("PL-14")
def test_other_words_refuse_nothing() -> None:
    other = replace(CORE, readable=SAME["readable"])
    assert compare_split_plans(CORE, other) == ()
    assert is_same_split(CORE, other)


@pytest.mark.invariant("SP-72")
def test_a_table_that_came_or_went_is_named() -> None:
    fewer = replace(CORE, tables=CORE.tables[:-1])
    [gone] = compare_split_plans(CORE, fewer)
    [come] = compare_split_plans(fewer, CORE)
    assert (gone.observed, come.expected) == ("nothing", "nothing")
    assert all("scratchpad" in refusal.message for refusal in (gone, come))


@pytest.mark.invariant("SP-72")
def test_a_statement_that_is_missing_is_a_difference() -> None:
    fewer = replace(CORE, statements=CORE.statements[:-1])
    [refusal] = compare_split_plans(CORE, fewer)
    assert refusal.observed == "no statement"
