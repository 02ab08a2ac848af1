"""Where Skeema and Spirit have a rule too, ours says the same of what theirs is documented to say,
or the case tells why it does not: `tests/cases/lint_peers/TOOL.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.unit.lint.test_rules import asked_alone
from tests.yaml_cases import read_yaml

_FOLDER = Path(__file__).parents[2] / "cases" / "lint_peers"
_PEERS = {path.stem: read_yaml(path) for path in _FOLDER.glob("*.yaml")}
_CASES = [
    pytest.param(case, id=f"{peer}-{case['theirs']}-{at}")
    for peer, told in sorted(_PEERS.items())
    for at, case in enumerate(told["cases"])
    if "rule" in case
]


@pytest.mark.invariant("LN-5")
@pytest.mark.parametrize("case", _CASES)
def test_a_rule_agrees_with_its_peer_or_says_why_not(case: dict[str, Any]) -> None:
    said = [one.about for one in asked_alone(case["rule"], case).remarks]
    assert said == case["about"]
    assert ("they_say" in case) == ("unlike" in case)
    assert case.get("they_say") != said


@pytest.mark.parametrize("peer", sorted(_PEERS))
def test_every_linter_of_a_peer_has_a_case_or_a_place_elsewhere(peer: str) -> None:
    cases = _PEERS[peer]["cases"]
    assert sorted({case["theirs"] for case in cases}) == _PEERS[peer]["linters"]
    assert all(("rule" in case) != ("elsewhere" in case) for case in cases)
