"""The spec that `init` writes: it means what was asked, and a person can go on in it."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.object_id import table_id
from reconciler.model.programs import ManagedKind
from reconciler.spec.draft import draft_spec
from reconciler.spec.read import read_spec

CONNECTION = {"host": "db", "database": "shop_{shard}", "user": "${U}", "password": "${P}"}
SHARDS: tuple[Any, ...] = (
    ["-40", "40-80", "80-"],
    [{"name": "-40", "connection": {"port": "${A}"}}, {"name": "40-80"}, {"name": "80-"}],
)


@pytest.mark.parametrize("shards", SHARDS, ids=["names", "overrides"])
def test_a_draft_says_what_was_asked_in_one_line_for_each_shard(shards: list[Any]) -> None:
    text = draft_spec("shop", "production", {"connection": CONNECTION, "shards": shards})
    environment = read_spec(text, "specs/shop.yaml").environment("production")
    assert environment
    assert [shard.name for shard in environment.shards] == ["-40", "40-80", "80-"]
    assert text.count('"40-80"') == 1  # quoted, or an editor's next name goes without, too
    assert '"-40"' in next(line for line in text.splitlines() if "canary" in line)


def test_the_permission_in_the_draft_only_has_to_be_uncommented() -> None:
    text = draft_spec("shop", "production", {"connection": CONNECTION, "shards": SHARDS[0]})
    permitted = text.replace("# allow:", "allow:").replace("#   - {", "  - {")
    (permission,) = read_spec(permitted, "specs/shop.yaml").policy.allow
    assert permission.object_id == table_id("orders")


KINDS: tuple[dict[ManagedKind, str | None], ...] = (
    {ManagedKind.VIEWS: None},
    {ManagedKind.VIEWS: "app@%"},
    {ManagedKind.VIEWS: "\U0001f600@%"},
    {
        ManagedKind.VIEWS: "reports@%",
        ManagedKind.ROUTINES: None,
        ManagedKind.TRIGGERS: "app@%",
        ManagedKind.SEQUENCES: None,
    },
)


@pytest.mark.parametrize("kinds", KINDS)
def test_a_draft_says_which_kinds_are_managed_and_whose_rights_they_have(
    kinds: dict[ManagedKind, str | None],
) -> None:
    block = {"connection": CONNECTION, "shards": SHARDS[0]}
    assert "manage" not in draft_spec("shop", "production", block)
    text = draft_spec("shop", "production", block, manages=kinds)
    policy = read_spec(text, "specs/shop.yaml").policy
    assert policy.manage == (ManagedKind.TABLES, *kinds)
    assert {kind: policy.definer_of(kind) for kind in kinds} == kinds


def test_a_draft_of_a_cluster_says_its_kind_and_names_no_shard() -> None:
    block = {
        "vitess": {
            "vtgate": {"host": "vtgate", "port": 15306, "user": "${U}", "password": "${P}"},
            "vtctld": {"address": "vtctld:15999"},
        }
    }
    text = draft_spec("shop", "production", block)
    environment = read_spec(text, "specs/shop.yaml").environment("production")
    assert environment
    assert environment.vitess
    assert environment.vitess.vtgate.port == "15306"
    assert environment.shards == ()
    assert "canary" not in text.partition("policy:")[0]
