"""Every row of the threat model names a rule that exists and is shown by a test."""

from __future__ import annotations

import re

from tests.tidy.invariant_table import rules
from tests.tidy.threats import shown, threats

_RULE = re.compile(r"\b([A-Z]{2}-\d+)\b")


def test_a_threat_is_shown_by_a_test() -> None:
    assert sorted(threats().keys() - shown().keys()) == []


def test_a_mark_names_a_threat_of_the_model() -> None:
    assert sorted(shown().keys() - threats().keys()) == []


def test_a_threat_says_what_is_tried_what_it_could_reach_and_what_stops_it() -> None:
    assert {threat: cells for threat, cells in threats().items() if len(cells) != 3} == {}
    assert [threat for threat, cells in threats().items() if not all(cells)] == []


def test_what_stops_a_threat_is_a_rule_of_the_invariants() -> None:
    stopped_by = {threat: set(_RULE.findall(cells[-1])) for threat, cells in threats().items()}
    assert [threat for threat, named in stopped_by.items() if not named] == []
    assert {threat: named - rules().keys() for threat, named in stopped_by.items()} == {
        threat: set() for threat in stopped_by
    }
