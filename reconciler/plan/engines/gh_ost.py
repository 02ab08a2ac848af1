"""What gh-ost 1.1.10 cannot take: seen on MySQL 9.7, MariaDB 11.8 and 10.11."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.diff.model import ClauseKind
from reconciler.model.server import Flavor, ServerVersion
from reconciler.plan.engines.copying import (
    behind_vitess_obstacles,
    check_obstacles,
    copying_obstacles,
    family_of,
    foreign_key_obstacles,
    json_obstacles,
    key_obstacles,
    length_obstacles,
    parent_obstacles,
    trigger_obstacles,
    vector_obstacles,
)
from reconciler.plan.engines.gh_ost_names import names_of
from reconciler.plan.engines.lost_rows import loses
from reconciler.plan.engines.question import EngineQuestion
from reconciler.plan.engines.unique_keys import shape_of_table, unheld_keys
from reconciler.plan.hazards.column_type import Family

_LONGEST_AFFIX = "__gho"


def gh_ost_obstacles(question: EngineQuestion) -> Iterator[str]:
    yield from version_obstacles(question.version)
    yield from behind_vitess_obstacles(question)
    yield from copying_obstacles(question)
    yield from name_obstacles(question.context.step.table)
    yield from foreign_key_obstacles(question)
    yield from parent_obstacles(question)
    yield from trigger_obstacles(question)
    yield from check_obstacles(question)
    yield from key_obstacles(question)
    yield from json_obstacles(question)
    yield from vector_obstacles(question)
    yield from _of_values(question)
    if any(question.context.of_kind(ClauseKind.RENAME_COLUMN)):
        yield "it guesses from the statement's text which column a renamed one was"
    both = question.context.both
    if both is not None:
        yield from loses(*map(shape_of_table, both))
        for name in unheld_keys(*both):
            yield f"it may lose rows that are equal in {name}, by values that no row holds yet"
        if any("`" in column.name for column in both[0].columns):
            yield "it does not quote a backquote in a column's name"


def version_obstacles(version: ServerVersion) -> Iterator[str]:
    if version.flavor is Flavor.MARIADB and not version.at_least(11, 1):
        yield f"it does not work with {version.series}, which lacks variables that it asks for"


def name_obstacles(table: str) -> Iterator[str]:
    yield from length_obstacles(table, longest_affix=_LONGEST_AFFIX)
    if "`" in table:
        yield "it does not quote a backquote in the table's name"
    if "'" in table:
        yield "it does not escape a quote in the table's name"
    if names_of(table) is None:
        yield "it counts bytes, and would cut the name of its copy inside a character"


def _of_values(question: EngineQuestion) -> Iterator[str]:
    context = question.context
    for clause in context.of_kind(ClauseKind.DROP_COLUMN):
        column = context.column_before(clause.object)
        if column is not None and family_of(column) is Family.VECTOR:
            yield f"it cannot read rows with a vector (column {column.name})"
    for _, old, new in context.changed_columns():
        if family_of(new) is Family.JSON and family_of(old) is not Family.JSON:
            yield f"it writes bytes, of which the server makes no JSON (column {new.name})"
