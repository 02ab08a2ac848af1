"""A code is for people and for programs outside: what is decided rests on types and kinds.

A code can be renamed where it is made, and every decision that compares it with a text would go on
as if nothing had happened, the other way.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

import pytest

from tests.tidy.source import PACKAGE, every_node, nodes, python_files, relative, tree_of

_DECIDING = (ast.Compare, ast.Match, ast.MatchClass, ast.Call)


def decisions_on_codes(found: Iterable[ast.AST]) -> Iterator[int]:
    """The lines on which a `.code` is compared with a text, or taken apart by one."""
    for node in found:
        match node:
            case ast.Compare(left=left, comparators=others):
                sides = [left, *others]
                if any(map(_is_a_code, sides)) and any(map(_has_a_text, sides)):
                    yield node.lineno
            case ast.Match(subject=subject) if _is_a_code(subject):
                yield node.lineno
            case ast.MatchClass(kwd_attrs=names, kwd_patterns=patterns):
                named = zip(names, patterns, strict=True)
                if any(name == "code" and _has_a_text(pattern) for name, pattern in named):
                    yield patterns[0].lineno
            case ast.Call(func=ast.Attribute(value=held, attr="startswith" | "endswith")):
                if _is_a_code(held):
                    yield node.lineno


def _is_a_code(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "code"


def _has_a_text(node: ast.AST) -> bool:
    return any(
        isinstance(inner, ast.Constant) and isinstance(inner.value, str) for inner in ast.walk(node)
    )


def test_nothing_is_decided_by_the_text_of_a_code() -> None:
    found = [
        f"{relative(path)}:{line}"
        for path in python_files(PACKAGE)
        for line in decisions_on_codes(nodes(path, *_DECIDING))
    ]
    assert found == [], "give the value a kind, or a type of its own"


@pytest.mark.parametrize(
    "mutant",
    [
        "superseded = refusals[0].code == 'superseded'",
        "passes = refusal.code in ('replica-lag', 'threads-running')",
        "if 'lease-lost' != refused.problems[0].code: pass",
        "any(problem.code == 'path-outside-repository' for problem in problems)",
        "late = flaw.problem.code.startswith('spec-')",
        "match problem.code:\n    case 'drift': pass",
        "match problem:\n    case Problem(code='drift'): pass",
    ],
)
def test_a_decision_on_a_code_would_be_found(mutant: str) -> None:
    assert list(decisions_on_codes(ast.walk(ast.parse(mutant)))) != []


def test_a_code_may_be_shown_and_sorted_by() -> None:
    shown = "told = f'{problem.message} [{problem.code}]'\nends = end.code is ExitCode.FINE"
    assert list(decisions_on_codes(ast.walk(ast.parse(shown)))) == []


def test_every_node_of_a_file_is_looked_at() -> None:
    """In the order in which Python's own walk goes."""
    tree = tree_of(PACKAGE / "ddl" / "lexer.py")
    assert every_node(tree) == list(ast.walk(tree))
