"""The file of what was there when the rules came: every rule, and what it found then.

It is for schemas that are older than their rules: only what comes is told of, and what is listed
can be put right one by one. It holds names alone, sorted, so that a merge of two is read easily.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.lint.judge import Key, key_of
from reconciler.lint.model import Remark
from reconciler.model.yaml_flow import in_yaml

_HEAD = (
    "# What lint had found when its rules came; written by `reconciler lint --write-baseline`.\n"
)
_VERSION = 1


def baseline_text(remarks: Iterable[Remark]) -> str:
    """A line for each, as YAML: a rule, its tables, and of each the objects; "" is the table
    itself."""
    known: dict[str, dict[str, list[str]]] = {}
    for rule, table, about in sorted({key_of(remark) for remark in remarks}):
        known.setdefault(rule, {}).setdefault(table, []).append(about)
    lines = [f"version: {_VERSION}", "known:" if known else "known: {}"]
    for rule, tables in known.items():
        lines.append(f"  {rule}:")
        lines += [f"    {in_yaml(table)}: {in_yaml(found)}" for table, found in tables.items()]
    return _HEAD + "\n".join(lines) + "\n"


def baseline_keys(value: object) -> frozenset[Key] | None:
    """Of a file's value; None where it is no baseline."""
    if not isinstance(value, Mapping) or value.get("version") != _VERSION:
        return None
    known = value.get("known")
    if not isinstance(known, Mapping) or set(value) != {"version", "known"}:
        return None
    keys = set()
    for rule, tables in known.items():
        if not isinstance(tables, Mapping):
            return None
        for table, found in tables.items():
            if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
                return None
            keys |= {(str(rule), str(table), about) for about in found}
    return frozenset(keys)
