"""When an ALTER is taken apart: only where each part is easier on the table than the whole."""

from __future__ import annotations

from reconciler.diff.model import Clause, ClauseKind
from reconciler.plan.model import Algorithm, ExecutionClass, Lock
from reconciler.plan.splitting import MeasuredGroup, clause_groups, is_cheap, split_of


def clause(name: str, bound_to: str | None = None) -> Clause:
    return Clause(kind=ClauseKind.OTHER, object=name, sql=name, bound_to=bound_to)


A, B, C = clause("a"), clause("b"), clause("c")
INSTANT = ExecutionClass(algorithm=Algorithm.INSTANT)
METADATA = ExecutionClass(algorithm=Algorithm.INPLACE, lock=Lock.NONE)
SHARED = ExecutionClass(algorithm=Algorithm.INPLACE, lock=Lock.SHARED)
REBUILD = ExecutionClass(algorithm=Algorithm.INPLACE, lock=Lock.NONE, rebuilds=True)
COPY = ExecutionClass(algorithm=Algorithm.COPY, lock=Lock.SHARED, rebuilds=True)


def measured(**classes: ExecutionClass) -> list[MeasuredGroup]:
    return [
        MeasuredGroup(clauses=(clause(name),), execution=execution)
        for name, execution in classes.items()
    ]


def test_clauses_bound_to_each_other_share_a_group() -> None:
    first, second = clause("x", "pk"), clause("y", "pk")
    assert clause_groups([first, A, second]) == ((first, second), (A,))


def test_cheap_parts_that_rebuild_only_together_are_taken_apart_cheapest_first() -> None:
    found = split_of([A, B], measured(a=METADATA, b=INSTANT), REBUILD)
    assert found == ((B,), (A,))


def test_when_a_rebuild_is_due_anyway_one_statement_does_it_all() -> None:
    assert split_of([A, B], measured(a=REBUILD, b=INSTANT), REBUILD) == ((A, B),)
    assert split_of([A, B], measured(a=COPY, b=METADATA), COPY) == ((A, B),)


def test_parts_are_apart_where_only_the_whole_blocks_writes() -> None:
    assert split_of([A, B], measured(a=REBUILD, b=INSTANT), COPY) == ((B,), (A,))


def test_all_rebuilding_parts_share_one_rebuild() -> None:
    exclusive = ExecutionClass(algorithm=Algorithm.COPY, lock=Lock.EXCLUSIVE, rebuilds=True)
    found = split_of([A, B, C], measured(a=REBUILD, b=INSTANT, c=COPY), exclusive)
    assert found == ((B,), (A, C))


def test_parts_of_one_cost_keep_their_order_in_one_statement() -> None:
    found = split_of([A, B, C], measured(a=METADATA, b=INSTANT, c=METADATA), REBUILD)
    assert found == ((B,), (A, C))


def test_an_index_that_blocks_writes_is_apart_from_what_does_not() -> None:
    found = split_of([A, B], measured(a=SHARED, b=INSTANT), COPY)
    assert found == ((B,), (A,))


def test_nothing_pays_on_a_statement_that_nobody_feels() -> None:
    assert is_cheap(INSTANT)
    assert is_cheap(METADATA)
    assert not is_cheap(SHARED)
    assert not is_cheap(REBUILD)
