"""The text of a new spec, as `init` writes it: what a person would have written, with comments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import yaml

from reconciler.model.programs import ManagedKind
from reconciler.model.yaml_flow import in_yaml

# For editors that speak YAML, as a draft's first line says: beside the spec, and no spec itself.
EDITORS_SCHEMA = "specs/spec.schema.json"

_HEAD = """\
# yaml-language-server: $schema=spec.schema.json
# What the shards of keyspace {keyspace} should be. `reconciler schema` prints the JSON Schema of
# this file; docs/formats/spec.md explains every key.
version: 1
{kind}keyspace: {keyspace}
schema: schemas/{keyspace}
{manage}
"""
_POLICY = """
policy:
  ignore_tables: ["_*"]   # shadow tables of online schema changes; add what jobs make by themselves
  # A plan that would lose data or break code is refused, and shows the line to put here:
  # allow:
  #   - {table: orders, hazard: drop-column, object: legacy, reason: "unused since March"}
"""
_PLAIN = re.compile(
    r"[A-Za-z_][\w.]*"
)  # anything else is quoted: YAML reads a bare -40 as a number
_ROLLOUT = {"waves": ["25%", "100%"], "parallel": 4, "on_failure": "halt"}


def draft_spec(
    keyspace: str,
    environment: str,
    block: dict[str, Any],
    *,
    manages: Mapping[ManagedKind, str | None] | None = None,
) -> str:
    """`block` is the environment's own part: connection and shards, or vitess, and what else it
    needs. `manages` are the kinds beside tables, each with the account whose rights it has."""
    rollout = {"canary": [_first_shard(block)], **_ROLLOUT} if _first_shard(block) else _ROLLOUT
    settled = {**block, "rollout": block.get("rollout", rollout)}
    environments = yaml.dump(
        {"environments": {environment: _laid_out(settled)}},
        Dumper=_Dumper,
        sort_keys=False,
        width=100,
    )
    kind = "kind: vitess\n" if "vitess" in block else ""
    manage = _manage(manages) if manages else ""
    return _HEAD.format(keyspace=keyspace, kind=kind, manage=manage) + environments + _POLICY


def _manage(manages: Mapping[ManagedKind, str | None]) -> str:
    kinds = ", ".join((ManagedKind.TABLES, *manages))
    accounts = ", ".join(
        f"{kind}: {{account: {in_yaml(account)}}}"
        for kind, account in manages.items()
        if account is not None
    )
    return f"manage: [{kinds}]\n" + (f"definer: {{{accounts}}}\n" if accounts else "")


class _Line(dict[str, Any]):
    """A mapping that stands on one line."""


class _Names(list[Any]):
    """A list that stands on one line."""


class _Dumper(yaml.SafeDumper):
    """Our layout: quotes wherever YAML could read something else than text."""


_Dumper.add_representer(
    str,
    lambda dumper, text: dumper.represent_scalar(
        "tag:yaml.org,2002:str", text, style=None if _PLAIN.fullmatch(text) else '"'
    ),
)
_Dumper.add_representer(
    _Line,
    lambda dumper, line: dumper.represent_mapping(
        "tag:yaml.org,2002:map", line.items(), flow_style=True
    ),
)
_Dumper.add_representer(
    _Names,
    lambda dumper, names: dumper.represent_sequence(
        "tag:yaml.org,2002:seq", names, flow_style=True
    ),
)


def _laid_out(value: Any) -> Any:
    """Lists of plain values on one line; of mappings, such as shards, one line for each."""
    if isinstance(value, dict):
        return {key: _laid_out(inner) for key, inner in value.items()}
    if not isinstance(value, list):
        return value
    if any(isinstance(item, (dict, list)) for item in value):
        return [_Line(item) if isinstance(item, dict) else item for item in value]
    return _Names(value)


def _first_shard(block: dict[str, Any]) -> str | None:
    """The first one makes a canary, where shards are listed and there are several."""
    shards = block.get("shards")
    if not isinstance(shards, list) or len(shards) < 2:
        return None
    first = shards[0]
    return str(first["name"]) if isinstance(first, dict) else str(first)
