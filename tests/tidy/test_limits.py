"""Bounds stand beside what they bound, each with the reason for its value."""

from __future__ import annotations

import ast

from tests.tidy.bounds import bounds, bounds_in, readers, room_of
from tests.tidy.source import PACKAGE, python_files, relative, tree_of

SHARED = "reconciler/limits.py"
BOUNDS = tuple(bounds())


def test_a_bound_has_a_reason_and_somebody_who_keeps_it() -> None:
    assert len(BOUNDS) > 100
    assert [bound for bound in BOUNDS if len(bound.reason) <= 10] == [], "say why it is this value"
    assert [bound for bound in BOUNDS if (bound.path, bound.name) not in readers()] == []


def test_a_bound_has_one_place() -> None:
    names = [bound.name for bound in BOUNDS]
    assert sorted(names) == sorted(set(names))


def test_a_bound_that_one_room_keeps_stands_in_that_room() -> None:
    for (place, name), files in readers().items():
        rooms = {room_of(path) for path in files}
        if place == SHARED:
            assert len(rooms) > 1, f"{name} is for {rooms} alone"
        else:
            assert rooms == {room_of(place)}, f"{name} is for {rooms}: put it into {SHARED}"


def test_a_file_of_bounds_holds_nothing_else() -> None:
    for path in python_files(PACKAGE):
        if path.name == "limits.py":
            told, *rest = tree_of(path).body
            assert isinstance(told, ast.Expr), relative(path)
            assert all(isinstance(node, ast.Assign) for node in rest), relative(path)


def test_a_bound_without_a_reason_would_be_found() -> None:
    text = '"""Bounds."""\n\n# Long enough for anybody.\nA_S = 1\nB_S = 2\n\nC_S = 3\n'
    assert [(b.name, bool(b.reason)) for b in bounds_in(text, "x")] == [
        ("A_S", True),
        ("B_S", True),
        ("C_S", False),
    ]
