"""What a spec says of policy and of managed kinds -> the values of `model.policy`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.model.object_id import ObjectId, ObjectKind, table_id
from reconciler.model.policy import (
    Allow,
    AutoIncrement,
    ColumnOrder,
    HazardKind,
    PartitionLists,
    Policy,
    Unused,
)
from reconciler.model.programs import MANAGED_AS, ManagedKind


def policy_of(spec: Mapping[str, Any]) -> Policy:
    value = spec.get("policy", {})
    kinds = frozenset(spec.get("manage", (ManagedKind.TABLES,)))
    return Policy(
        ignore_tables=tuple(value.get("ignore_tables", ())),
        allow=tuple(
            dict.fromkeys(allow for entry in value.get("allow", ()) for allow in _allowed(entry))
        ),
        partition_lists=PartitionLists(value.get("partition_lists", PartitionLists.GIT)),
        column_order=ColumnOrder(value.get("column_order", ColumnOrder.EXACT)),
        auto_increment=AutoIncrement(value.get("auto_increment", AutoIncrement.IGNORE)),
        manage=tuple(kind for kind in ManagedKind if kind in kinds),
        definers=definers_of(spec),
        unused=tuple(word for word in Unused if word in spec.get("unused", ())),
    )


def definers_of(spec: Mapping[str, Any]) -> tuple[tuple[ManagedKind, str], ...]:
    return tuple(
        (ManagedKind(kind), definer["account"])
        for kind, definer in sorted(spec.get("definer", {}).items())
    )


def _allowed(entry: Mapping[str, Any]) -> Iterator[Allow]:
    """One permission for each table or object that the entry names: together or apart, they permit
    the same (RV-7)."""
    hazard, reason = HazardKind(entry["hazard"]), entry["reason"]
    for table, names in entry.get("objects", {}).items():
        for name in names:
            yield Allow(object_id=table_id(table), hazard=hazard, reason=reason, object=name)
    for kind in (ObjectKind.VINDEX, ObjectKind.VSCHEMA):
        if kind in entry:
            about = ObjectId(kind, entry[kind])
            yield Allow(object_id=about, hazard=hazard, reason=reason)
    for kind in (kind for kind in MANAGED_AS if kind in entry):
        about = ObjectId(kind, entry[kind])
        yield Allow(object_id=about, hazard=hazard, reason=reason, object=entry.get("object"))
    for table in entry.get("tables", [entry["table"]] if "table" in entry else []):
        yield Allow(
            object_id=table_id(table), hazard=hazard, reason=reason, object=entry.get("object")
        )
