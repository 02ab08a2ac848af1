"""Fingerprints: equal for two tables exactly when their canonical forms are equal.

The hash is taken over the fields of the model, not over SQL: a field that a renderer forgets, or
two values that happen to print alike, can then not hide a difference.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from operator import attrgetter
from typing import Any

from reconciler.ddl.normalize import NORMALIZER_VERSION, normalize_table
from reconciler.ddl.render import RENDERER_VERSION
from reconciler.model.object_id import ObjectId
from reconciler.model.schema import Table
from reconciler.model.server import ServerVersion

__all__ = [
    "NORMALIZER_VERSION",
    "RENDERER_VERSION",
    "canonical_fingerprint",
    "schema_fingerprint",
    "table_fingerprint",
    "value_fingerprint",
]

_TABLE = f"reconciler/table/v{NORMALIZER_VERSION}"
_SCHEMA = f"reconciler/schema/v{NORMALIZER_VERSION}"


def table_fingerprint(table: Table, version: ServerVersion) -> str:
    """`sha256:<hex>` of what the table means on this flavor of server."""
    return canonical_fingerprint(normalize_table(table, version), version)


def canonical_fingerprint(canonical: Table, version: ServerVersion) -> str:
    """The same for a table that `normalize_table` returned."""
    return _digest(f"{_TABLE}/{version.flavor}", _plain(canonical))


def schema_fingerprint(objects: Mapping[ObjectId, str]) -> str:
    """`sha256:<hex>` of a whole schema, from the fingerprints of its objects."""
    return _digest(_SCHEMA, {found.titled: fingerprint for found, fingerprint in objects.items()})


def value_fingerprint(prefix: str, value: object) -> str:
    """Of any other object of a schema that is a value; `prefix` says of which kind and version."""
    return _digest(prefix, _plain(value))


def _digest(prefix: str, value: object) -> str:
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(f"{prefix}\n{text}".encode()).hexdigest()


def _plain(value: Any) -> Any:
    """The value as JSON would hold it; a field at its default is left out, so that a field added
    to the model leaves the fingerprints of tables without it alone."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    names, defaults, values_of = _shape(value.__class__)
    items = zip(names, defaults, values_of(value), strict=True)
    return {name: _plain(item) for name, default, item in items if item != default}


@cache
def _shape(model: Any) -> tuple[tuple[str, ...], tuple[object, ...], attrgetter[tuple[Any, ...]]]:
    """A type's field names, their defaults, and a function that gets all the values of one."""
    every = fields(model)
    names = tuple(field.name for field in every)
    return names, tuple(field.default for field in every), attrgetter(*names)
