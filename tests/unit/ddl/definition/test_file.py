"""Each file of tests/cases/statements/definitions says which problems it has: place and code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.ddl.definition.file import DefinitionFile, read_definition_file
from reconciler.errors import InvalidInput, Problem
from reconciler.model.renames import Rename, RenameKind
from tests.sections import CASES

FILES = sorted(
    (CASES / "statements" / "definitions").glob("*.sql"),
)


def read_case(name: str) -> DefinitionFile:
    path = next(path for path in FILES if path.stem == name)
    return read_definition_file(path.read_text(encoding="utf-8"), path.name)


def problems_of(text: str) -> tuple[Problem, ...]:
    with pytest.raises(InvalidInput) as caught:
        read_definition_file(text, "schemas/k/t.sql")
    return caught.value.problems


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_file_has_exactly_the_problems_it_names(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    expected = re.findall(r"^-- expect (.*)$", text, re.MULTILINE)
    found = []
    try:
        read_definition_file(re.sub(r"^-- expect .*\n", "", text, flags=re.MULTILINE), "t.sql")
    except InvalidInput as error:
        for problem in error.problems:
            assert problem.recovery
            place = str(problem.where).removeprefix("t.sql:")
            found.append(f"{place} {problem.code}")
    assert found == expected


def test_the_statement_is_verbatim_and_knows_its_line() -> None:
    file = read_case("plain")
    assert (file.table, file.first_line) == ("users", 3)
    assert file.statement.startswith("CREATE TABLE users (\n  id bigint")
    assert file.statement.endswith("PARTITION BY HASH (id) PARTITIONS 4")
    assert "-- the key" in file.statement


def test_renames_are_read_from_comments_and_nowhere_else() -> None:
    assert read_case("renames").renames == tuple(
        Rename(kind=kind, table="users", old=old, new=new)
        for kind, old, new in (
            (RenameKind.TABLE, "people", "users"),
            (RenameKind.COLUMN, "full name", "name"),
            (RenameKind.COLUMN, "nick", "nick_name"),
            (RenameKind.INDEX, "a", "by name"),
            (RenameKind.COLUMN, "x", "id"),
        )
    )


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("-- reconciler: renmae column a to b\n", "did you mean 'rename'?"),
        ("-- reconciler: rename colunm a to b\n", "did you mean 'column'?"),
        ("-- reconciler: rename idx a to b\n", "'index'"),
    ],
)
def test_a_misspelt_annotation_is_answered_with_the_likely_one(text: str, meant: str) -> None:
    (problem,) = problems_of(f"{text}CREATE TABLE t (b int)")
    assert meant in problem.recovery or "write one of" in problem.recovery


@pytest.mark.parametrize(
    "name", ["a'b", 'a"b', "a`b", "a.b", "a b", "naïve", "表", "1a", "a$b", "a" * 64, "--", "a/*b"]
)
def test_any_name_the_server_takes_is_taken(name: str) -> None:
    quoted = "`" + name.replace("`", "``") + "`"
    file = read_definition_file(f"CREATE TABLE {quoted} (id int)", "t.sql")
    assert file.table == name


@pytest.mark.parametrize("name", ["`" + "a" * 65 + "`", "``", "` a`", "`a `", "'a'", '"a"', "a-b"])
def test_any_other_name_is_an_error(name: str) -> None:
    assert problems_of(f"CREATE TABLE {name} (id int)")


@pytest.mark.parametrize("text", ["", " \n\t", "-- only\n", ";", "CREATE TABLE t (a int)\0"])
def test_nothing_and_binary_are_errors(text: str) -> None:
    assert problems_of(text)


def test_a_definition_of_four_thousand_columns_is_read_at_once() -> None:
    columns = ",\n".join(
        f"`column_{i:060d}` int NOT NULL COMMENT 'number {i}'" for i in range(4096)
    )
    file = read_definition_file(f"CREATE TABLE t (\n{columns}\n)", "t.sql")
    assert file.statement.count("\n") == 4097


@given(st.text(alphabet="CREATE TABLE(),;`'\"-/*!#\n int=0", max_size=60))
def test_any_text_is_read_or_an_error_with_its_file(text: str) -> None:
    problems: tuple[Problem, ...] = ()
    try:
        read_definition_file(text, "t.sql")
    except InvalidInput as error:
        problems = error.problems
    assert all(problem.where and problem.where.path == "t.sql" for problem in problems)
