"""PyMySQL has the private parts that `edges/client` builds on, and calls ours instead.

A part that went would leave a method of ours that nobody calls, and with it a rule that holds no
more: that a server gets no file (CN-5), that an answer is bounded (CN-3).
"""

from __future__ import annotations

import ast
import inspect
import tomllib

import pymysql
import pytest
from pymysql.connections import Connection, MySQLResult

from reconciler.edges.client import answer, wire
from tests.tidy.source import PACKAGE, ROOT, tree_of

# Ours -> PyMySQL's, with the methods that are meant to take the place of PyMySQL's own.
OURS = {
    wire.Wire: (
        Connection,
        {
            "_execute_command",
            "_get_server_information",
            "_process_auth",
            "_read_ok_packet",
            "_read_packet",
            "_read_query_result",
            "connect",
        },
    ),
    # Read by our own methods alone, none of which stands in for one of PyMySQL's.
    answer.Answer: (MySQLResult, set()),
}
# Who must call what, or our own never runs.
CALLED = [
    (Connection.connect, "_get_server_information"),
    (Connection._request_authentication, "_process_auth"),  # type: ignore[attr-defined]
    (Connection._read_ok_packet, "_read_packet"),  # type: ignore[attr-defined]
]


@pytest.mark.parametrize("ours", OURS)
def test_each_method_of_ours_takes_the_place_of_one_or_is_new(ours: type) -> None:
    base, meant = OURS[ours]
    inherited = {name for name in vars(ours) if callable(getattr(base, name, None))}
    assert {name for name in inherited if not name.startswith("__")} == meant


@pytest.mark.parametrize("ours", OURS)
def test_a_method_of_ours_is_called_as_the_one_was(ours: type) -> None:
    base, meant = OURS[ours]
    for name in meant:
        theirs = list(inspect.signature(getattr(base, name)).parameters)
        assert list(inspect.signature(getattr(ours, name)).parameters) == theirs, name


@pytest.mark.parametrize(("caller", "called"), CALLED, ids=lambda v: getattr(v, "__name__", v))
def test_pymysql_calls_what_ours_takes_the_place_of(caller: object, called: str) -> None:
    assert f"self.{called}(" in inspect.getsource(caller)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("file", "declared", "base"),
    [("wire.py", "_PyMySql", Connection), ("answer.py", "_Result", MySQLResult)],
)
def test_what_is_declared_of_pymysql_is_there(file: str, declared: str, base: type) -> None:
    """The class that stands for PyMySQL's in the eyes of mypy claims nothing that is not."""
    (stub,) = (
        node
        for node in ast.walk(tree_of(PACKAGE / "edges" / "client" / file))
        if isinstance(node, ast.ClassDef) and node.name == declared
    )
    source = inspect.getsource(base)
    for claim in stub.body:
        match claim:
            case ast.FunctionDef(name=name):
                assert callable(getattr(base, name)), name
            case ast.AnnAssign(target=ast.Name(id=name)):
                assert f"self.{name} = " in source or hasattr(base, name), name


def test_the_version_that_was_looked_at_is_the_one_that_is_allowed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    (allowed,) = (one for one in project["dependencies"] if one.startswith("PyMySQL"))
    major, minor = map(int, pymysql.VERSION[:2])
    assert allowed == f"PyMySQL>={major}.{minor},<{major}.{minor + 1}"
