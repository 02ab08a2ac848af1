"""A shard that leaves the spec, or comes into it, is told in a line."""

from __future__ import annotations

import re

import pytest

from reconciler.flows.shards_moved import shards_moved
from reconciler.spec.load import DesiredFiles, load_repository
from tests.tidy.source import ROOT
from tests.unit.spec.test_load import MemoryTree

SPEC = """version: 1
keyspace: commerce
schema: schemas/commerce
environments:
  production:
    connection: {{database: "commerce_{{shard}}", user: reader, password: "${{SCHEMA_PASSWORD}}"}}
    shards: [{shards}]
"""


def files(*shards: str) -> DesiredFiles:
    names = ", ".join(f'"{shard}"' for shard in shards)
    tree = MemoryTree(
        {
            "specs/commerce.yaml": SPEC.format(shards=names).encode(),
            "schemas/commerce/users.sql": b"CREATE TABLE users (id int PRIMARY KEY);\n",
        }
    )
    found = load_repository(tree)["commerce"]
    assert isinstance(found, DesiredFiles), found
    return found


def notes(before: DesiredFiles | None, now: DesiredFiles) -> tuple[str, ...]:
    environment = now.spec.environment("production")
    assert environment is not None
    return shards_moved(before, environment)


def test_a_shard_that_leaves_and_those_that_come_are_told_by_name() -> None:
    gone, come = notes(files("-80", "80-"), files("-80", "80-c0", "c0-"))
    assert gone.startswith("shard 80- leaves the spec: nothing looks there any more")
    assert come == "shards 80-c0, c0- are new in the spec, which had 2 shards"


def test_nothing_is_told_where_nothing_moves_or_nobody_knows() -> None:
    assert notes(files("-80", "80-"), files("-80", "80-")) == ()
    assert notes(None, files("-80", "80-")) == ()


@pytest.mark.parametrize("page", ["README.md", "docs/formats/spec.md", "docs/github-setup.md"])
def test_a_pattern_for_hosts_makes_names_of_hosts_whatever_the_shard(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    patterns = set(re.findall(r"[\w.-]*\{shard\}[\w.-]*\.internal", text))
    assert patterns
    for pattern in patterns:
        for shard in ("-40", "40-80", "c0-"):
            for label in pattern.replace("{shard}", shard).split("."):
                assert re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", label), label
