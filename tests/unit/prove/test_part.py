"""What is proven together, and what apart."""

from __future__ import annotations

from reconciler.diff.model import Operation, Step
from reconciler.model.schema import Check, Column, ForeignKey, Schema, Table
from reconciler.prove.part import Part, names_of, parts_of


def table(name: str, *parents: str, check: str | None = None) -> Table:
    return Table(
        name=name,
        columns=(Column(name="id", sql_type="int"),),
        foreign_keys=tuple(
            ForeignKey(name=f"{name}_{p}", columns=("id",), parent_table=p, parent_columns=("id",))
            for p in parents
        ),
        checks=(Check(name=check, expression="true"),) if check else (),
    )


def text(found: Table) -> str:
    lines = [
        f"  CONSTRAINT `{key.name}` FOREIGN KEY (`id`) REFERENCES `{key.parent_table}` (`id`)"
        for key in found.foreign_keys
    ] + [f"  CONSTRAINT `{check.name}` CHECK (true)" for check in found.checks]
    return "\n".join([f"CREATE TABLE `{found.name}` (", *lines, ") ENGINE=InnoDB"])


def alter(name: str) -> Step:
    return Step(operation=Operation.ALTER_TABLE, table=name, before=table(name), after=table(name))


def create(found: Table) -> Step:
    return Step(
        operation=Operation.CREATE_TABLE, table=found.name, before=None, after=found, sql="CREATE"
    )


def parts(steps: list[Step], before: list[Table], after: list[Table]) -> tuple[Part, ...]:
    texts = {found.name: text(found) for found in before}
    return parts_of(steps, texts, Schema(tables=tuple(sorted(after, key=lambda t: t.name))))


def members(found: tuple[Part, ...]) -> list[list[str]]:
    return [[step.table for _, step in part.steps] for part in found]


def test_tables_that_do_not_know_each_other_are_proven_apart() -> None:
    tables = [table("a"), table("b")]
    assert members(parts([alter("a"), alter("b")], tables, tables)) == [["a"], ["b"]]


def test_parent_and_child_are_proven_together() -> None:
    tables = [table("child", "parent"), table("parent")]
    assert members(parts([alter("child"), alter("parent")], tables, tables)) == [
        ["child", "parent"]
    ]


def test_a_foreign_key_that_is_yet_to_come_ties_as_well() -> None:
    before, after = [table("a"), table("b")], [table("a", "b"), table("b")]
    assert members(parts([alter("a"), alter("b")], before, after)) == [["a", "b"]]


def test_neighbours_that_do_not_change_stand_around() -> None:
    tables = [table("child", "parent"), table("parent", "grand"), table("grand")]
    (part,) = parts([alter("child")], tables, tables)
    assert part.tables == {"child", "parent"}
    assert part.around(alter("child")) == {"child", "parent"}


def test_two_children_of_one_parent_that_does_not_change_are_apart() -> None:
    tables = [table("a", "parent"), table("b", "parent"), table("parent")]
    assert members(parts([alter("a"), alter("b")], tables, tables)) == [["a"], ["b"]]


def test_a_constraint_name_that_wanders_ties_both_tables() -> None:
    """The one must give the name up before the other can have it."""
    before = [table("a", check="c"), table("b")]
    after = [table("a"), table("b", check="C")]
    assert members(parts([alter("a"), alter("b")], before, after)) == [["a", "b"]]


def test_new_tables_by_themselves_share_one_database() -> None:
    new = [table("a"), table("b"), table("c", "a")]
    found = parts([create(found) for found in new], [], new)
    assert members(found) == [["a", "c"], ["b"]]
    alone = [table("x"), table("y")]
    assert members(parts([create(found) for found in alone], [], alone)) == [["x", "y"]]


def test_both_names_of_a_renamed_table_are_one_table() -> None:
    rename = Step(
        operation=Operation.RENAME_TABLE,
        table="old",
        before=table("old"),
        after=table("new"),
        sql="RENAME",
    )
    assert names_of(rename) == {"old", "new"}
    found = parts([rename, alter("new")], [table("old")], [table("new")])
    assert members(found) == [["old", "new"]]


def test_every_step_is_in_exactly_one_part_and_keeps_its_place() -> None:
    tables = [table("a"), table("b", "a"), table("c"), table("d", "c")]
    steps = [alter(name) for name in ("d", "a", "c", "b", "a")]
    found = parts(steps, tables, tables)
    places = [place for part in found for place, _ in part.steps]
    assert sorted(places) == [0, 1, 2, 3, 4]
    assert all(
        [place for place, _ in part.steps] == sorted(place for place, _ in part.steps)
        for part in found
    )
