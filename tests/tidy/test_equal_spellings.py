"""Every rule of the normal form is on the page that users read, and is held by cases."""

from __future__ import annotations

import re

import pytest

from reconciler.ddl.normalize import RULES
from tests.sections import case_texts
from tests.tidy.source import ROOT

PAGE = (ROOT / "docs" / "equal-spellings.md").read_text()
_ROW = re.compile(r"^\| .+ \| `(\w+)` \|$", re.MULTILINE)
NAMES = tuple(rule.__module__.rpartition(".")[2] for rule in RULES)
CASES = case_texts("equal")


@pytest.mark.invariant("EQ-1")
def test_the_page_has_every_rule_and_no_other() -> None:
    assert set(_ROW.findall(PAGE)) == set(NAMES)


@pytest.mark.invariant("EQ-1")
@pytest.mark.parametrize("name", NAMES)
def test_a_rule_is_held_by_a_case(name: str) -> None:
    held = [case for case in CASES if case.headers["rule"] == name]
    assert any("differs" not in case.headers for case in held)


def test_a_case_is_of_a_rule_that_exists() -> None:
    assert {case.headers["rule"] for case in CASES} <= set(NAMES)


def test_the_promise_leads_to_the_page() -> None:
    assert "docs/equal-spellings.md" in (ROOT / "README.md").read_text()
