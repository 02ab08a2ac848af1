"""Hostile and broken YAML: always an error with a place, never a crash or a wait."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.errors import InvalidInput, Problem
from reconciler.spec.yaml_text import read_yaml

LAUGHS = "a0: &a0 [x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 30)
)
MERGED_LAUGHS = "a0: &a0 {x: 1}\n" + "".join(
    f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 10)}]}}\n" for i in range(1, 30)
)


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("", "1:1", "the file is empty"),
        ("# only a comment\n", "1:1", "the file is empty"),
        ("a:\n\t- b\n", "2:1", "a tab is used for indentation"),
        ("a:\n  \tb: 1\n", "2:3", "a tab is used for indentation"),
        ("a: 'x\n", "2:1", "not valid YAML"),
        ("a: b: c\n", "1:5", "not valid YAML"),
        ("a: [1\n", "2:1", "not valid YAML"),
        ("a: @x\n", "1:4", "not valid YAML"),
        ("a: 1\n--- \nb: 2\n", "2:1", "second YAML document"),
        ("a: \x00\n", "1:4", "U+0000"),
        ("é: é\n  \x07", "2:3", "U+0007"),
        ("a: \ud800", "1:4", "U+D800"),
        ("a: 1\na: 2\n", "2:1", "'a' is given twice; the first is on line 1"),
        ('a: 1\n" a ": 2\n', "2:1", "'a' is given twice; the first is on line 1"),
        ("a: *b\n", "1:4", "alias (*)"),
        ("a: &a [*a]\n", "1:8", "alias (*)"),
        ("? [a]\n: 1\n", "1:3", "used as a key"),
        ("a: !!python/object/apply:os.system [ls]\n", "1:4", "tag"),
        ("a: !!binary aGk=\n", "1:4", "tag"),
        ("<<: [1]\n", "1:6", "`<<` merges"),
        ("[" * 200_000, "1:34", "nested more than"),
        ("- " * 5_000 + "x", "1:67", "nested more than"),
    ],
)
def test_broken_yaml_is_an_error_with_its_place(text: str, place: str, words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_yaml(text, "specs/k.yaml")
    (problem,) = caught.value.problems
    assert str(problem.where) == f"specs/k.yaml:{place}"
    assert words in problem.message


@pytest.mark.parametrize("text", [LAUGHS, MERGED_LAUGHS], ids=["lists", "merges"])
def test_aliases_of_aliases_end_at_a_bound(text: str) -> None:
    with pytest.raises(InvalidInput, match="yaml-too-large"):
        read_yaml(text, "specs/k.yaml")


def test_aliases_that_nest_end_at_a_bound() -> None:
    chain = "a0: &a0 x\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 9_999))
    with pytest.raises(InvalidInput, match="nested more than"):
        read_yaml(chain, "specs/k.yaml")


def test_all_duplicate_keys_are_reported_together() -> None:
    with pytest.raises(InvalidInput) as caught:
        read_yaml("a: 1\na: 2\nb: {c: 1, c: 2}\n", "s.yaml")
    assert len(caught.value.problems) == 2


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("~", None),
        ("a: ", {"a": None}),
        ("[true, False, yes, on, no]", [True, False, "yes", "on", "no"]),
        ("[010, -40, 0x10, 1_000, 1.5, 1e3]", [10, -40, "0x10", "1_000", 1.5, 1000.0]),
        ("[40-80, 2024-03-01, 12:30:45]", ["40-80", "2024-03-01", "12:30:45"]),
        ("['1', \"true\", !!str 40]", ["1", "true", "40"]),
        ("[' a ', \" b\"]", ["a", "b"]),
        ("password: ' a '", {"password": " a "}),
        ("9" * 18, int("9" * 18)),
        ("{x: &x {a: 1, b: 2}, y: {b: 3, <<: *x}}", {"x": {"a": 1, "b": 2}, "y": {"b": 3, "a": 1}}),
        (
            "{x: &x {a: 1}, y: &y {a: 2}, z: {<<: [*x, *y]}}",
            {"x": {"a": 1}, "y": {"a": 2}, "z": {"a": 1}},
        ),
    ],
)
def test_scalars_are_read_as_editors_show_them(text: str, value: object) -> None:
    assert read_yaml(text, "s.yaml").value == value


@given(st.text(alphabet=" \n\t:-[]{}&*!|>'\"%#,?@`abc10<\x00é", max_size=40))
def test_any_text_is_read_or_an_error(text: str) -> None:
    problems: tuple[Problem, ...] = ()
    try:
        read_yaml(text, "s.yaml")
    except InvalidInput as error:
        problems = error.problems
    assert all(problem.where and problem.where.line for problem in problems)
