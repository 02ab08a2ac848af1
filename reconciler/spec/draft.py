"""The text of a new spec, as `init` writes it: what a person would have written, with comments."""

from __future__ import annotations

from typing import Any

import yaml

_HEAD = """\
# What the shards of keyspace {keyspace} should be. `reconciler schema` prints the JSON Schema of
# this file; docs/formats/spec.md explains every key.
version: 1
keyspace: {keyspace}
schema: schemas/{keyspace}

"""
_POLICY = """
policy:
  ignore_tables: ["_*"]   # shadow tables of online schema changes; add what jobs make by themselves
  allow: []               # a plan that needs permission says which line to add here
"""
_ROLLOUT = {"waves": ["25%", "100%"], "parallel": 4, "on_failure": "halt"}


def draft_spec(keyspace: str, environment: str, block: dict[str, Any]) -> str:
    """`block` is the environment's own part: connection, shards and what else it needs."""
    rollout = {"canary": [_first_shard(block)], **_ROLLOUT} if _first_shard(block) else _ROLLOUT
    settled = {**block, "rollout": block.get("rollout", rollout)}
    environments = yaml.safe_dump(
        {"environments": {environment: settled}}, sort_keys=False, width=100
    )
    return _HEAD.format(keyspace=keyspace) + environments + _POLICY


def _first_shard(block: dict[str, Any]) -> str | None:
    """The first one makes a canary, where shards are listed and there are several."""
    shards = block.get("shards")
    if not isinstance(shards, list) or len(shards) < 2:
        return None
    first = shards[0]
    return str(first["name"]) if isinstance(first, dict) else str(first)
