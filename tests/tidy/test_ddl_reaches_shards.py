"""The only way for DDL to a shard is the rollout of a plan that was checked (GD-8).

Read from the source: whoever adds a second way must come by here first.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from tests.tidy.source import PACKAGE, functions_of, name_of, nodes, python_files, relative

pytestmark = pytest.mark.invariant("GD-8")


def _callers(name: str, *, on: str = "") -> set[str]:
    """Files that call `name`; `on`: the last word of what it is called on."""
    return {
        relative(path)
        for path in python_files(PACKAGE)
        for node in nodes(path, ast.Call)
        if name_of(node.func) == name
        if not on or (isinstance(node.func, ast.Attribute) and name_of(node.func.value) == on)
    }


def _users(name: str) -> Iterator[str]:
    """Files that name it in code, wherever they define or import it."""
    for path in python_files(PACKAGE):
        if any(name_of(node) == name for node in nodes(path, ast.Name, ast.Attribute)):
            yield relative(path)


def test_one_function_sends_statements_and_one_session_calls_it() -> None:
    assert _callers("send", on="link") == {
        "reconciler/edges/engines/pt_osc/swapping.py",  # the copy that the statement asked for
        "reconciler/edges/mysql/engine_direct.py",
        "reconciler/edges/mysql/scratch_server.py",  # on scratch, a drop that nobody waits for
        "reconciler/edges/mysql/trigger_swap.py",  # the lock that its statement asks for
    }
    assert _callers("begin_swap") == _callers("finish_swap")
    assert _callers("finish_swap") == {"reconciler/edges/mysql/engine_direct.py"}
    assert _callers("execute_both") == {"reconciler/edges/mysql/trigger_swap.py"}
    assert _callers("ask_ahead", on="link") == {
        "reconciler/edges/mysql/looking_together.py",
        "reconciler/edges/mysql/reading.py",  # definitions of one shard
        "reconciler/edges/mysql/shown_ahead.py",  # texts of programs
    }
    assert _callers("DirectEngine") == {"reconciler/edges/shard_session.py"}
    assert _callers("start", on="engine") == {"reconciler/drive/shard/run.py"}


def test_sessions_that_can_send_are_built_in_one_place_and_used_by_the_rollout() -> None:
    assert _callers("MysqlShardSessions") == {"reconciler/cli/wire.py"}
    assert set(_users("sessions")) <= {
        "reconciler/cli/wire.py",
        "reconciler/drive/shard/settle.py",
        "reconciler/drive/shard/run.py",
        "reconciler/drive/shard/task.py",
    }
    assert _callers("engine", on="session") == {
        "reconciler/drive/shard/run.py",
        "reconciler/drive/shard/leftovers.py",
        "reconciler/drive/shard/settle.py",  # only to look
    }
    assert _callers("prepare") == {"reconciler/drive/shard/run.py"}
    assert _callers("cut_over", on="engine") == {"reconciler/drive/shard/in_hand.py"}


def test_a_rollout_starts_from_a_plan_that_was_checked_under_the_locks() -> None:
    assert _callers("RolloutDriver") == {"reconciler/drive/roll_out.py"}
    assert _callers("roll_out") == {"reconciler/flows/apply.py"}
    (apply,) = (
        function
        for function in functions_of(PACKAGE / "flows" / "apply.py")
        if function.name == "_apply_keyspace"
    )
    calls = [name_of(node.func) for node in ast.walk(apply) if isinstance(node, ast.Call)]
    at = {name: _line(apply, name) for name in ("take", "check_against_live", "roll_out")}
    assert at["take"] < at["check_against_live"] < at["roll_out"]
    assert calls.count("roll_out") == 1


def _line(function: ast.AST, name: str) -> int:
    return min(
        node.lineno
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and name_of(node.func) == name
    )


@pytest.mark.invariant("FZ-2")
def test_one_function_sends_a_vschema_and_one_run_calls_it() -> None:
    assert _callers("apply_vschema") == {"reconciler/drive/finalizer/task.py"}
    assert _callers("send", on="_task") == {"reconciler/drive/finalizer/run.py"}
    assert _callers("run_finalizer") <= {"reconciler/drive/finalizing.py"}
