"""Every rule that must always hold is enforced by a file that exists and carried by a test."""

from __future__ import annotations

from tests.tidy.invariant_table import carried, enforced_by, rules
from tests.tidy.source import ROOT


def test_the_rules_were_found() -> None:
    assert {"PL-1", "DS-6", "GD-11", "RV-8", "ST-18", "RP-8", "FZ-6"} <= rules().keys()


def test_a_rule_is_carried_by_a_test() -> None:
    """Mark one that fails without it: `@pytest.mark.invariant("GD-12")`."""
    assert [rule for rule in rules() if not carried().get(rule)] == []


def test_a_rule_is_enforced_by_files_that_exist() -> None:
    """The last column names them."""
    assert [rule for rule in rules() if not enforced_by(rule)] == []
    gone = {
        rule: missing
        for rule in rules()
        if (missing := [file for file in enforced_by(rule) if not (ROOT / file).is_file()])
    }
    assert gone == {}


def test_a_rule_says_what_breaks_without_it() -> None:
    assert [rule for rule, cells in rules().items() if len(cells) != 3 or not all(cells)] == []


def test_a_mark_names_a_rule_that_exists() -> None:
    assert sorted(carried().keys() - rules().keys()) == []
