"""What code scanning reads: rules that say what they are, and findings known again in the next
run."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import Location
from reconciler.lint.rules import BY_NAME
from reconciler.report.findings import Finding, Level
from reconciler.report.sarif import sarif
from reconciler.report.sarif_rules import sarif_rule
from tests.golden.write import HERE

GOLDEN = sorted(HERE.glob("*.sarif"))
FOUND = Finding(
    level=Level.WARNING,
    code="index-count",
    message="orders has 17 indexes",
    where=Location(path="schemas/shop/orders.sql", line=3),
    about=("orders", ""),
)


def run_of(*findings: Finding) -> dict[str, Any]:
    run: dict[str, Any] = json.loads(sarif(findings, tool_version="0"))["runs"][0]
    return run


def known(*findings: Finding) -> list[str]:
    prints = [result["partialFingerprints"] for result in run_of(*findings)["results"]]
    assert all(len(set(each.values())) == 1 for each in prints)
    return [each["primaryLocationLineHash"] for each in prints]


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.name)
def test_each_result_has_its_rule_and_a_fingerprint_of_its_own(path: Path) -> None:
    [run] = json.loads(path.read_text())["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert all(result["ruleId"] == rules[result["ruleIndex"]]["id"] for result in run["results"])
    prints = [tuple(result["partialFingerprints"].values()) for result in run["results"]]
    assert len(set(prints)) == len(prints)


@pytest.mark.parametrize("code", [*BY_NAME, "drifted", "drop-column", "input-changed", "foreign"])
def test_a_rule_says_what_it_is(code: str) -> None:
    rule = sarif_rule(code)
    texts = (rule["shortDescription"], rule["fullDescription"], rule["help"])
    assert all(text["text"].strip() and "`" not in rule["help"]["text"] for text in texts)
    assert code in rule["help"]["markdown"]
    assert rule["defaultConfiguration"]["level"] in ("error", "warning", "note")
    assert len(rule["fullDescription"]["text"]) <= 1024


def test_a_rule_of_lint_gives_its_reason_and_its_weight() -> None:
    rule = sarif_rule("duplicate-index")
    assert rule["fullDescription"]["text"].lower().startswith(BY_NAME["duplicate-index"].reason)
    assert rule["defaultConfiguration"] == {"level": "warning"}
    assert sarif_rule("enum")["defaultConfiguration"] == {"enabled": False, "level": "warning"}


def test_a_finding_is_the_same_where_its_line_or_its_words_change() -> None:
    moved = replace(
        FOUND,
        message="orders has 18 indexes",
        where=Location(path="schemas/shop/orders.sql", line=9, column=2),
    )
    assert known(FOUND) == known(moved)


def test_findings_of_other_rules_objects_or_files_are_others() -> None:
    others = (
        replace(FOUND, code="index-parts"),
        replace(FOUND, about=("orders", "by_day")),
        replace(FOUND, where=Location(path="schemas/mail/orders.sql", line=3)),
        replace(FOUND, about=()),
        replace(FOUND, about=(), message="something else"),
        FOUND,
    )
    assert len(set(known(FOUND, *others))) == 1 + len(others)
