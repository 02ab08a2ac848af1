"""Every rule finds what its cases say, and lets be what they say: `tests/cases/lint/RULE.yaml`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reconciler.ddl.definition.file import read_definition_file
from reconciler.ddl.outline.read import read_outline
from reconciler.lint.judge import Judgement, judge
from reconciler.lint.model import Ground, Keyspace, LiveTable, Severity
from reconciler.lint.rules import BY_NAME, RULES
from reconciler.lint.settings import LintSettings, RuleSetting
from reconciler.model.index_use import TableReads
from tests.yaml_cases import read_yaml

_FOLDER = Path(__file__).parents[2] / "cases" / "lint"
_CASES = {path.stem: read_yaml(path) for path in _FOLDER.glob("*.yaml")}
_FINDS = [(rule, case) for rule, cases in sorted(_CASES.items()) for case in cases["finds"]]
_LETS_BE = [
    (rule, case) for rule, cases in sorted(_CASES.items()) for case in cases["finds_nothing"]
]


def keyspace(case: dict[str, Any]) -> Keyspace:
    return _keyspace(case, case["tables"])


def _keyspace(case: dict[str, Any], tables: list[str]) -> Keyspace:
    files = [
        read_definition_file(f"-- a file\n{sql}", f"s/{at}.sql") for at, sql in enumerate(tables)
    ]
    return Keyspace(
        tables={file.table.lower(): read_outline(file) for file in files},
        ground=Ground(case.get("ground", "mysql")),
        shard_by=case.get("shard_by", {}),
        sharded=case.get("sharded", False),
        copied=case.get("copied", False),
        live={
            table: {shard: _live(seen) for shard, seen in shards.items()}
            for table, shards in case.get("live", {}).items()
        },
    )


def _live(seen: dict[str, Any]) -> LiveTable:
    reads = {"reads": TableReads(**seen["reads"])} if "reads" in seen else {}
    return LiveTable(**(seen | reads))


def asked_alone(rule: str, case: dict[str, Any]) -> Judgement:
    """With every other rule off; a rule that is off by itself stays so unless the case says. Where
    it has `before`, that is what the tables were."""
    options = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in case.get("options", {}).items()
    }
    severity = Severity(case["severity"]) if "severity" in case else None
    settings = [(one.name, RuleSetting(severity=Severity.OFF)) for one in RULES if one.name != rule]
    own = (rule, RuleSetting(severity=severity, options=options))
    as_it_was = case | {"shard_by": case.get("shard_by_before", case.get("shard_by", {}))}
    before = _keyspace(as_it_was, case["before"]) if "before" in case else None
    return judge(keyspace(case), LintSettings(rules=(*settings, own)), before=before)


def test_every_rule_has_cases_for_and_against_it() -> None:
    assert sorted(_CASES) == sorted(BY_NAME)
    assert all(cases["finds"] and cases["finds_nothing"] for cases in _CASES.values())


@pytest.mark.parametrize(
    ("rule", "case"), _FINDS, ids=lambda x: x if isinstance(x, str) else x["name"]
)
def test_a_rule_finds_what_it_is_for(rule: str, case: dict[str, Any]) -> None:
    said = [f"{one.about} {one.message}" for one in asked_alone(rule, case).remarks]
    assert said == case["remarks"]


@pytest.mark.parametrize(
    ("rule", "case"), _LETS_BE, ids=lambda x: x if isinstance(x, str) else x["name"]
)
def test_a_rule_lets_be_what_is_fine(rule: str, case: dict[str, Any]) -> None:
    assert asked_alone(rule, case).remarks == ()
