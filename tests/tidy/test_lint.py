"""The spec's schema and the page of lint say of every rule what the rule says of itself."""

from __future__ import annotations

import ast

import pytest

from reconciler.lint.rules import RULES
from tests.tidy.source import PACKAGE, python_files, tree_of
from tests.tidy.write_lint import PAGE, SCHEMA, page_text, schema_text

# What reads rules and outlines, and ends in nothing but words.
_READERS = ("lint", "ddl/outline", "spec", "outcomes", "report", "flows/lint", "cli/lint")


def test_the_schema_and_the_page_have_every_rule() -> None:
    assert SCHEMA.read_text(encoding="utf-8") == schema_text(), "python -m tests.tidy.write_lint"
    assert PAGE.read_text(encoding="utf-8") == page_text(), "python -m tests.tidy.write_lint"


def test_names_of_rules_are_those_of_their_files() -> None:
    modules = {rule.name: rule.check.__module__.rsplit(".", 1)[-1] for rule in RULES}
    assert {name: name.replace("-", "_") for name in modules} == modules


def test_a_rule_says_what_happens_in_one_sentence() -> None:
    for rule in RULES:
        assert rule.source
        assert not rule.reason.endswith(".")
        assert len(rule.reason) <= 160


@pytest.mark.invariant("LN-1")
def test_nothing_that_decides_what_runs_knows_of_rules_or_outlines() -> None:
    known = ("reconciler.lint", "reconciler.ddl.outline")
    others = [
        path
        for path in python_files(PACKAGE)
        if not path.relative_to(PACKAGE).as_posix().startswith(_READERS)
    ]
    assert len(others) > 300
    readers = [
        path
        for path in others
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(known)
    ]
    assert readers == []
