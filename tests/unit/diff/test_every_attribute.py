"""Nothing that a definition can say is changed unseen: of rich schemas every attribute of the model
is changed, one by one and wherever it stands, and every comparison is asked."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from functools import cache

import pytest

from reconciler.ddl.programs.facts import text_of
from reconciler.ddl.render import render_table
from reconciler.diff.comparable import policy_fingerprint
from reconciler.diff.schema_diff import diff_schemas
from reconciler.model.policy import Policy
from reconciler.model.schema import Check, Column, Index, OtherObject, Partition, Schema
from reconciler.model.server import ServerVersion
from tests.unit.diff.rich_schemas import rich_schema
from tests.unit.diff.tables import MARIADB, MYSQL
from tests.unit.model.mutants import (
    EVERY_ATTRIBUTE,
    Attribute,
    Mutant,
    mutants,
    without,
)

VERSIONS = (MYSQL, MARIADB)

# What changes nothing, or is told by another attribute, and why.
UNTOLD: dict[Attribute, str] = {
    (Index, "key_block_size"): "InnoDB takes it for a wish and does nothing with it",
    (Partition, "quoted"): "a name in quotes is the same name",
    (OtherObject, "table"): "a trigger's text names it",
    (OtherObject, "action_order"): "which trigger it `follows` tells the same, and stays the same",
}
# MariaDB has no checks that are not enforced.
NOT_OF_MARIADB = frozenset({(Check, "enforced")})

Comparison = Callable[[Schema, Schema, ServerVersion], bool]


def by_text(one: Schema, other: Schema, version: ServerVersion) -> bool:
    """What a look reads, and by which a text that was read before is known again."""
    return [render_table(table, version) for table in one.tables] != [
        render_table(table, version) for table in other.tables
    ]


def by_fingerprint(one: Schema, other: Schema, version: ServerVersion) -> bool:
    """What matching, drift, and the checks before and behind a statement ask."""
    return _prints(one, version) != _prints(other, version)


def by_diff(one: Schema, other: Schema, version: ServerVersion) -> bool:
    """What a plan is made of."""
    found = diff_schemas(one, other, policy=Policy(), renames=(), version=version)
    return bool(found.steps or found.refusals)


def by_program(one: Schema, other: Schema, version: ServerVersion) -> bool:
    """What of a program beside the tables is read and compared."""
    return _programs(one) != _programs(other)


def _prints(schema: Schema, version: ServerVersion) -> list[tuple[str, str]]:
    return [(t.name, policy_fingerprint(t, version, Policy())) for t in schema.tables]


def _programs(schema: Schema) -> dict[object, str]:
    return {other.object_id: text_of(other) for other in schema.others}


@cache
def changed(version: ServerVersion) -> tuple[Mutant, ...]:
    skipped = NOT_OF_MARIADB if version is MARIADB else frozenset()
    rich = rich_schema(version)
    return tuple(
        one
        for one in mutants(rich)
        if one.attribute not in skipped and not _marks_what_is_not_versioned(one, rich)
    )


def _marks_what_is_not_versioned(one: Mutant, rich: Schema) -> bool:
    """A mark of a column, which means nothing there."""
    _, changed_ones = _where_they_differ(rich, one.schema)
    is_mark = one.attribute == (Column, "system_versioned")
    return is_mark and not all(table.system_versioned for table in changed_ones.tables)


def missed(
    comparison: Comparison, version: ServerVersion, attributes: Collection[Attribute]
) -> dict[Attribute, str]:
    """Those of which some other value goes unseen, in git or on a shard, and where."""
    return {
        mutant.attribute: str(mutant)
        for mutant, old, new in _pairs(version, attributes)
        if not (comparison(old, new, version) and comparison(new, old, version))
    }


def noticed(
    comparison: Comparison, version: ServerVersion, attributes: Collection[Attribute]
) -> set[Attribute]:
    """Those of which some other value is seen."""
    pairs = _pairs(version, attributes)
    return {mutant.attribute for mutant, old, new in pairs if comparison(old, new, version)}


def _pairs(
    version: ServerVersion, attributes: Collection[Attribute]
) -> Iterator[tuple[Mutant, Schema, Schema]]:
    for mutant in changed(version):
        if mutant.attribute in attributes:
            yield mutant, *_where_they_differ(rich_schema(version), mutant.schema)


def _where_they_differ(one: Schema, other: Schema) -> tuple[Schema, Schema]:
    """Without the tables that both have: no comparison may need those."""
    same = {id(table) for table in one.tables} & {id(table) for table in other.tables}

    def rest(schema: Schema) -> Schema:
        return replace(schema, tables=tuple(t for t in schema.tables if id(t) not in same))

    return rest(one), rest(other)


COMPARED = frozenset(EVERY_ATTRIBUTE) - UNTOLD.keys()
OF_PROGRAMS = {one for one in COMPARED if one[0] is OtherObject or one == (Schema, "others")}
OF_TABLES = COMPARED - OF_PROGRAMS


def test_every_attribute_of_the_model_is_changed() -> None:
    """A new one of a type of which nobody has said what it can hold fails here."""
    tried = {mutant.attribute for version in VERSIONS for mutant in changed(version)}
    assert set(EVERY_ATTRIBUTE) - tried == set()


@pytest.mark.invariant("FZ-14")
@pytest.mark.parametrize("comparison", [by_fingerprint, by_diff])
@pytest.mark.parametrize("version", VERSIONS, ids=str)
def test_no_attribute_of_a_table_changes_unseen(
    comparison: Comparison, version: ServerVersion
) -> None:
    assert missed(comparison, version, OF_TABLES) == {}


@pytest.mark.invariant("FZ-14")
@pytest.mark.parametrize("version", VERSIONS, ids=str)
def test_no_attribute_of_a_program_changes_unseen(version: ServerVersion) -> None:
    assert missed(by_program, version, OF_PROGRAMS) == {}


@pytest.mark.invariant("FZ-14")
def test_every_attribute_of_a_table_stands_in_its_text() -> None:
    """In that of one of the two servers, which is all that is known of a table."""
    printed = set[Attribute]().union(*(noticed(by_text, v, OF_TABLES) for v in VERSIONS))
    assert OF_TABLES - printed == set()


@pytest.mark.parametrize("version", VERSIONS, ids=str)
def test_noise_is_none_that_anybody_compares(version: ServerVersion) -> None:
    noise = UNTOLD.keys()
    assert noticed(by_fingerprint, version, noise) | noticed(by_diff, version, noise) == set()


def test_a_comparison_that_overlooks_an_attribute_is_found_out() -> None:
    """Of the tests above themselves."""
    for attribute in sorted(OF_TABLES, key=str):
        blind = all_but(attribute)
        found = {**missed(blind, MYSQL, [attribute]), **missed(blind, MARIADB, [attribute])}
        assert found, attribute


def all_but(attribute: Attribute) -> Comparison:
    def blind(one: Schema, other: Schema, version: ServerVersion) -> bool:
        return bool(without(one, attribute) != without(other, attribute))

    return blind
