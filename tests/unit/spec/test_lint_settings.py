"""`lint` of a spec: what it may say, and every mistake at its place."""

from __future__ import annotations

import pytest

from reconciler.errors import ReconcilerError
from reconciler.lint.model import Severity
from reconciler.lint.settings import LintException, RuleSetting
from reconciler.spec.model import SpecFile
from reconciler.spec.read import read_spec

HEAD = """version: 1
keyspace: commerce
schema: schemas/commerce
environments:
  production:
    connection: {host: db, database: d, user: u}
    shards: [one]
"""


def spec(text: str) -> SpecFile:
    return read_spec(HEAD + text, "specs/commerce.yaml")


def problems_of(text: str) -> list[str]:
    with pytest.raises(ReconcilerError) as raised:
        spec(text)
    return [f"{problem}; {problem.recovery}" for problem in raised.value.problems]


def test_rules_have_a_weight_or_two_and_options() -> None:
    read = spec(
        "lint:\n"
        "  rules:\n"
        "    float: off\n"
        "    primary-key: {severity: info, new: warning}\n"
        "    charset: {allowed: [utf8mb4]}\n"
        "  allow:\n"
        "    - {rule: float, table: 'geo_*', object: lat, reason: measured values}\n"
        "  baseline: specs/commerce.baseline\n"
        "sharding_key: shop\n"
    )
    assert read.lint.rules == (
        ("charset", RuleSetting(options={"allowed": ("utf8mb4",)})),
        ("float", RuleSetting(severity=Severity.OFF)),
        ("primary-key", RuleSetting(severity=Severity.INFO, new=Severity.WARNING)),
    )
    assert read.lint.allow == (
        LintException(rule="float", table="geo_*", object="lat", reason="measured values"),
    )
    assert (read.lint.baseline, read.sharding_key) == ("specs/commerce.baseline", "shop")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("lint: {rules: {primry-key: error}}\n", "did you mean 'primary-key'?"),
        ("lint: {rules: {float: fatal}}\n", "known: error, warning, info, off"),
        ("lint: {rules: {index-count: {least: 4}}}\n", "unknown key 'least'"),
        ("lint: {rules: {index-count: {most: many}}}\n", "a whole number"),
        ("lint: {rules: {naming: {index: '('}}}\n", "is no regular expression"),
        ("lint: {allow: [{rule: flot, table: t, reason: measured}]}\n", "did you mean 'float'?"),
        ("lint: {allow: [{rule: float, table: t, reason: todo}]}\n", "gives no reason"),
        ("lint: {allow: [{rule: float, table: t}]}\n", "reason"),
        ("lint: {baseline: ../elsewhere}\n", "path-outside-repository"),
        (
            "sharding_key: a\nkey_function: hash\ntables: {t: {shard_by: a}}\n",
            "both say by which column",
        ),
    ],
)
def test_a_mistake_is_told_with_what_to_write(text: str, said: str) -> None:
    (told,) = problems_of(text)
    assert said in told
    assert told.startswith("specs/commerce.yaml:")
