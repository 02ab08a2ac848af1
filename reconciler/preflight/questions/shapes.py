"""Geometries of another type or reference system, and vectors that are too long."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ddl.quote import quote_string
from reconciler.ddl.row_questions import other_srid_sql
from reconciler.plan.hazards.column_type import (
    GEOMETRY_HOLDS,
    ColumnType,
    Family,
    fixed_or_longest,
)
from reconciler.preflight.change import Change
from reconciler.preflight.model import Effect, QuestionKind, Raised, RowCondition
from reconciler.preflight.questions.of_values import Unfit


def has_other_srid(change: Change) -> Iterator[Raised]:
    for _, old, new in change.context.changed_columns():
        if new.srid is not None and old.srid != new.srid:
            yield Raised(
                kind=QuestionKind.GEOMETRY,
                object=new.name,
                effect=Effect.FAILS,
                what=f"geometries of another SRID than {new.srid}",
                question=RowCondition(other_srid_sql(old.name, new.srid)),
            )


def _geometry(value: str, old: ColumnType, new: ColumnType, _change: Change) -> Iterator[Unfit]:
    held = GEOMETRY_HOLDS.get(new.name, frozenset())
    if old.name == new.name or old.name in held:
        return
    # Servers call a collection by either of its names.
    names = sorted(name.upper() for name in {new.name, *held})
    listed = ", ".join(map(quote_string, names))
    yield Unfit(
        kind=QuestionKind.GEOMETRY,
        what=f"geometries that are no {new.name}",
        sql=f"UPPER(ST_GeometryType({value})) NOT IN ({listed})",
        effect=Effect.FAILS,
    )


def _vector(value: str, old: ColumnType, new: ColumnType, _change: Change) -> Iterator[Unfit]:
    """Of four bytes for each dimension."""
    if fixed_or_longest(new) < fixed_or_longest(old):
        yield Unfit(
            kind=QuestionKind.LENGTH,
            what=f"vectors of more than {fixed_or_longest(new)} dimensions",
            sql=f"LENGTH({value}) > {4 * fixed_or_longest(new)}",
            effect=Effect.FAILS,
        )


SHAPE_RULES = {
    (Family.GEOMETRY, Family.GEOMETRY): _geometry,
    (Family.VECTOR, Family.VECTOR): _vector,
}
