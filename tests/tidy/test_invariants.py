"""Every rule that must always hold is enforced by a file that exists and carried by a test."""

from __future__ import annotations

import pytest

from tests.tidy.invariant_table import carried, enforced_by, rules
from tests.tidy.source import ROOT


def test_the_rules_were_found() -> None:
    assert {"PL-1", "DS-6", "GD-11", "RV-8", "ST-18", "RP-8", "FZ-6"} <= rules().keys()


@pytest.mark.parametrize("rule", rules())
def test_a_rule_is_carried_by_a_test(rule: str) -> None:
    assert carried().get(rule), f'mark a test that fails without it: invariant("{rule}")'


@pytest.mark.parametrize("rule", rules())
def test_a_rule_is_enforced_by_files_that_exist(rule: str) -> None:
    files = enforced_by(rule)
    assert files, "the last column names the file that enforces it"
    assert [file for file in files if not (ROOT / file).is_file()] == []


@pytest.mark.parametrize("rule", rules())
def test_a_rule_says_what_breaks_without_it(rule: str) -> None:
    assert len(rules()[rule]) == 3
    assert all(rules()[rule])


def test_a_mark_names_a_rule_that_exists() -> None:
    assert sorted(carried().keys() - rules().keys()) == []
