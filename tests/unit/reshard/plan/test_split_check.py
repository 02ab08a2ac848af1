"""A plan of a move that makes no sense is refused as a whole, whatever its id says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.errors import Refused
from reconciler.reshard.job import Approval
from reconciler.reshard.plan.check import check_split_core, check_split_plan, split_core_errors
from reconciler.reshard.plan.model import BaseRoutes, PlannedRoute, SplitCore, SplitTerms
from reconciler.spec.model import ReshardLayout, TableUse
from tests.sample_split_plans import sample_core, sample_readable, sample_split_plan

CORE = sample_core()
FUNCTION = CORE.key_function
assert FUNCTION is not None, "rows are moved by keys"
COUNTRY, ORDERS, SCRATCHPAD = CORE.tables
ELSEWHERE = PlannedRoute(shard="-80", place="-80@4")
TERMS = SplitTerms(
    fence_budget_s=0,
    grace_s=30,
    retain_s=1,
    rows_per_chunk=1,
    layout=ReshardLayout.RETIRE_SOURCE,
)


def of_tables(*tables: object) -> SplitCore:
    return replace(CORE, tables=tables)  # type: ignore[arg-type]


def test_the_sample_is_sound() -> None:
    assert not list(split_core_errors(CORE))


@pytest.mark.threat("TM-WRITER-36")
@pytest.mark.invariant("SP-70")
@pytest.mark.parametrize(
    "core",
    [
        replace(CORE, keyspace="a b"),
        replace(CORE, environment="a;b"),
        replace(CORE, inputs=(replace(CORE.inputs[0], sha256="1"),)),
        replace(CORE, key_function=replace(FUNCTION, selftest="")),
        replace(CORE, base=replace(CORE.base, version=0)),
        replace(CORE, base=BaseRoutes(version=1, routes=())),
        replace(CORE, base=BaseRoutes(version=1, routes=CORE.base.routes[:1])),
        replace(CORE, base=BaseRoutes(version=1, routes=(*CORE.base.routes, ELSEWHERE))),
        replace(CORE, sources=()),
        replace(CORE, sources=(ELSEWHERE,)),
        replace(CORE, targets=()),
        replace(CORE, targets=("-40",)),
        replace(CORE, targets=("-40", "40-90")),
        replace(CORE, targets=("-40", "-40", "40-80")),
        replace(CORE, targets=("-40", "40_80")),
        of_tables(ORDERS, COUNTRY, SCRATCHPAD),
        of_tables(COUNTRY, ORDERS, ORDERS, SCRATCHPAD),
        of_tables(COUNTRY, replace(ORDERS, name=" orders"), SCRATCHPAD),
        of_tables(COUNTRY, replace(ORDERS, shard_by=None), SCRATCHPAD),
        of_tables(COUNTRY, replace(ORDERS, shard_by=" "), SCRATCHPAD),
        of_tables(replace(COUNTRY, shard_by="id"), ORDERS, SCRATCHPAD),
        of_tables(COUNTRY, replace(ORDERS, key=()), SCRATCHPAD),
        of_tables(COUNTRY, replace(ORDERS, key=("",)), SCRATCHPAD),
        of_tables(COUNTRY, replace(ORDERS, definition=None), SCRATCHPAD),
        of_tables(COUNTRY, replace(ORDERS, definition="sha256:1"), SCRATCHPAD),
        of_tables(COUNTRY, replace(ORDERS, number=7), SCRATCHPAD),
        of_tables(COUNTRY, replace(ORDERS, number=None), SCRATCHPAD),
        of_tables(COUNTRY, ORDERS, replace(SCRATCHPAD, number=3)),
        of_tables(COUNTRY, ORDERS, replace(SCRATCHPAD, use=TableUse.REFERENCE)),
        of_tables(SCRATCHPAD),
        replace(CORE, left_behind=("view b", "view a")),
        replace(CORE, statements=CORE.statements[::-1]),
        replace(CORE, statements=(replace(CORE.statements[0], sql=" "), *CORE.statements[1:])),
        replace(CORE, terms=TERMS),
        replace(CORE, terms=replace(TERMS, fence_budget_s=1, rows_per_chunk=0)),
        replace(CORE, terms=replace(TERMS, fence_budget_s=1, retain_s=-1)),
        replace(CORE, approvals=(Approval.START,)),
        replace(CORE, approvals=(Approval.CUTOVER, Approval.CLEANUP)),
        replace(CORE, approvals=(Approval.START, Approval.START, Approval.CLEANUP)),
        replace(CORE, approvals=(Approval.CLEANUP, Approval.START)),
    ],
)
def test_what_makes_no_sense_refuses_the_whole_plan(core: SplitCore) -> None:
    with pytest.raises(Refused) as refused:
        check_split_core(core)
    [problem] = refused.value.problems
    assert problem.code == "plan-malformed"


@pytest.mark.invariant("SP-70")
def test_a_merge_and_a_relocation_make_sense() -> None:
    routes = (
        PlannedRoute(shard="-40", place="-40"),
        PlannedRoute(shard="40-80", place="40-80"),
        CORE.base.routes[1],
    )
    merge = replace(
        CORE, base=BaseRoutes(version=2, routes=routes), sources=routes[:2], targets=("-80",)
    )
    check_split_core(merge)
    check_split_core(replace(CORE, targets=("-80",)))


@pytest.mark.invariant("SP-70")
@pytest.mark.parametrize(
    ("environment", "keyspace", "code"),
    [
        ("staging", "shop", "plan-of-another-environment"),
        ("production", "bank", "plan-of-another-keyspace"),
    ],
)
def test_a_plan_is_of_its_own_keyspace(environment: str, keyspace: str, code: str) -> None:
    with pytest.raises(Refused) as refused:
        check_split_plan(
            sample_split_plan(),
            environment=environment,
            keyspace=keyspace,
            readable_sql=sample_readable(),
        )
    assert refused.value.problems[0].code == code
