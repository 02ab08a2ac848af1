"""What an engine's adapter refuses before it begins is known to the plan or the guard, or is of the
moment: nothing else can be refused there, so that `plan` says what `apply` would (EN-55)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.edges.engines.find import PROGRAMS
from reconciler.edges.engines.fitness import Moment
from tests.tidy.source import PACKAGE, ROOT, functions_of, name_of, python_files, relative

ENGINES = PACKAGE / "edges" / "engines"
#: Of those that are programs: Vitess' is asked of its cluster, and has no facts of ours.
ADAPTERS = [ENGINES / name.replace("-", "_") / "engine.py" for name in sorted(PROGRAMS)]
GATE = "prepared_under_claim"
REFUSING = {"Failed", "failed", "refused", "not_sent", "not_claimed", "in_the_way", "cannot_take"}


def called(tree: ast.AST) -> set[str]:
    return {name_of(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}


def names_in(tree: ast.AST | None) -> set[str]:
    return {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)} if tree else set()


def preparing() -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """Functions that may find that it is not the moment."""
    for path in python_files(ENGINES):
        for function in functions_of(path):
            if "NotNow" in names_in(function.returns):
                yield relative(path), function


@pytest.mark.invariant("EN-55")
@pytest.mark.parametrize("path", ADAPTERS, ids=lambda path: path.parent.name)
def test_an_adapter_refuses_through_the_one_gate_alone(path: Path) -> None:
    (prepare,) = [one for one in functions_of(path) if one.name == "prepare"]
    assert GATE in called(prepare)
    assert not called(prepare) & REFUSING


@pytest.mark.invariant("EN-55")
def test_behind_the_gate_only_the_moment_can_refuse() -> None:
    found = list(preparing())
    assert {path.split("/")[3] for path, _ in found} == {path.parent.name for path in ADAPTERS}
    for path, function in found:
        assert "Failed" not in names_in(function.returns), f"{path}: {function.name}"


@pytest.mark.invariant("EN-55")
def test_the_gate_has_no_reason_of_its_own() -> None:
    """All that it says is what `plan/engines/` or `guard/engine_ground.py` says."""
    (unfit,) = [one for one in functions_of(ENGINES / "fitness.py") if one.name == "_unfit"]
    said = [
        node.value
        for statement in unfit.body[1:]
        for node in ast.walk(statement)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert said == []


@pytest.mark.invariant("EN-55")
@pytest.mark.parametrize("moment", Moment)
def test_every_moment_is_refused_by_some_engine_and_told_to_users(moment: Moment) -> None:
    assert any(
        isinstance(node, ast.Attribute) and node.attr == moment.name
        for _, function in preparing()
        for node in ast.walk(function)
    )
    assert f"| {moment} |" in (ROOT / "docs" / "engines.md").read_text(encoding="utf-8")
