"""`lint` of a spec: what a JSON Schema cannot say of it, and its values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.errors import Problem, nearest
from reconciler.lint.model import Severity
from reconciler.lint.rules import BY_NAME
from reconciler.lint.settings import LintException, LintSettings, RuleSetting
from reconciler.model.policy import says_nothing
from reconciler.spec.secrets import Path, dotted
from reconciler.spec.tree import outside_reason, path_outside
from reconciler.spec.yaml_text import Document

_WEIGHTS = ("severity", "new")


def check_lint(document: Document, sound: Mapping[str, Any]) -> Iterator[Problem]:
    lint = sound.get("lint", {})
    for number, entry in enumerate(lint.get("allow", ())):
        yield from _exception(document, ("lint", "allow", number), entry)
    for rule, setting in lint.get("rules", {}).items():
        if isinstance(setting, Mapping):
            yield from _patterns(document, ("lint", "rules", rule), setting)
    outside = outside_reason(lint["baseline"]) if "baseline" in lint else None
    if outside is not None:
        yield path_outside(lint["baseline"], outside, document.where(("lint", "baseline")))
    if "sharding_key" in sound and "tables" in sound:
        yield Problem(
            code="spec-bad-value",
            message="sharding_key and tables both say by which column rows are sharded",
            recovery="take sharding_key out: `tables` says it of each table",
            where=document.where_key(("sharding_key",)),
        )


def _exception(document: Document, at: Path, entry: Mapping[str, Any]) -> Iterator[Problem]:
    rule = entry["rule"]
    if rule not in BY_NAME:
        likely = nearest(rule, BY_NAME)
        yield Problem(
            code="spec-bad-value",
            message=f"{dotted((*at, 'rule'))} is no rule of lint: {rule!r}",
            recovery=f"did you mean {likely!r}?" if likely else "see docs/lint.md for all of them",
            where=document.where((*at, "rule")),
        )
    if says_nothing(entry["reason"]):
        yield Problem(
            code="permission-without-reason",
            message=f"{dotted((*at, 'reason'))} gives no reason ({entry['reason'].strip()[:80]})",
            recovery="write why this is meant, in words that whoever reads the schema in a year can"
            " hold you to",
            where=document.where((*at, "reason")),
        )


def _patterns(document: Document, at: Path, setting: Mapping[str, Any]) -> Iterator[Problem]:
    """Every option that is a text is a regular expression."""
    for option, value in setting.items():
        if option in _WEIGHTS or not isinstance(value, str):
            continue
        try:
            re.compile(value)
        except re.error as error:
            yield Problem(
                code="spec-bad-value",
                message=f"{dotted((*at, option))} is no regular expression: {error.msg}",
                recovery="write one as Python reads it, such as `idx_.+`",
                where=document.where((*at, option)),
            )


def lint_settings(value: Mapping[str, Any]) -> LintSettings:
    rules = value.get("rules", {})
    return LintSettings(
        rules=tuple((name, _rule_setting(rules[name])) for name in sorted(rules)),
        allow=tuple(LintException(**entry) for entry in value.get("allow", ())),
        baseline=value.get("baseline"),
    )


def _rule_setting(value: str | Mapping[str, Any]) -> RuleSetting:
    if isinstance(value, str):
        return RuleSetting(severity=Severity(value))
    return RuleSetting(
        severity=Severity(value["severity"]) if "severity" in value else None,
        new=Severity(value["new"]) if "new" in value else None,
        options={
            name: tuple(given) if isinstance(given, list) else given
            for name, given in value.items()
            if name not in _WEIGHTS
        },
    )
