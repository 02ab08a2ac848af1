"""Ceilings leave room for estimates that move, and follow a table through its names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.diff.model import Operation
from reconciler.model.object_id import table_id
from reconciler.plan.limits import ROW_CEILING_MIN
from reconciler.plan.model import Effect, ExecutionClass, PlannedStatement
from reconciler.plan.row_ceiling import is_row_ceiling_of, row_ceiling, with_names


@given(st.integers(min_value=0, max_value=10**15))
def test_twice_the_rows_fit_under_a_ceiling(rows: int) -> None:
    ceiling = row_ceiling(rows)
    assert ceiling >= 2 * rows
    assert ceiling == ROW_CEILING_MIN or ceiling < 20 * rows


@given(st.integers(min_value=0, max_value=10**12), st.floats(min_value=0.5, max_value=2))
def test_an_estimate_that_moves_by_half_leaves_a_reviewed_ceiling_plausible(
    rows: int, factor: float
) -> None:
    assert is_row_ceiling_of(row_ceiling(rows), int(rows * factor) + 1)


@pytest.mark.parametrize("ceiling", [-1, 0, 1, 99_999, 150_000, 1_000_000])
def test_no_estimate_leads_to_another_number(ceiling: int) -> None:
    assert not is_row_ceiling_of(ceiling, 10_000)


def alter(table: str) -> PlannedStatement:
    return statement(
        table, Operation.ALTER_TABLE, Effect(object_id=table_id(table), before="1", after="2")
    )


def rename(old: str, new: str) -> PlannedStatement:
    """With a child whose foreign key the server rewrites."""
    return statement(
        old,
        Operation.RENAME_TABLE,
        Effect(object_id=table_id(old), before="1", after=None),
        Effect(object_id=table_id("child"), before="1", after="2"),
        Effect(object_id=table_id(new), before=None, after="1"),
    )


def statement(table: str, operation: Operation, *effects: Effect) -> PlannedStatement:
    return PlannedStatement(
        object_id=table_id(table),
        operation=operation,
        sql="",
        execution=ExecutionClass(),
        effects=effects,
    )


def names_of(statements: list[PlannedStatement]) -> tuple[frozenset[str], ...]:
    found = with_names(statements)
    assert [statement for statement, _ in found] == statements
    return tuple(names for _, names in found)


def test_a_table_has_all_its_names_at_every_statement() -> None:
    statements = [alter("a"), rename("a", "b"), alter("b"), alter("child")]
    both = frozenset({"a", "b"})
    assert names_of(statements) == (both, both, both, frozenset({"child"}))


def test_tables_that_swap_their_names_are_told_apart() -> None:
    ring = [rename("a", "t"), rename("b", "a"), rename("t", "b"), alter("a"), alter("b")]
    first, second = frozenset({"a", "t", "b"}), frozenset({"b", "a"})
    assert names_of(ring) == (first, second, first, second, first)


def test_a_name_that_is_taken_again_is_another_table() -> None:
    statements = [rename("a", "b"), alter("a")]
    assert names_of(statements) == (frozenset({"a", "b"}), frozenset({"a"}))
