"""VSchemas and the steps of a plan between them, small and sound."""

from __future__ import annotations

import json
from typing import Any

from reconciler.model.object_id import ObjectId, ObjectKind, table_id
from reconciler.model.policy import Hazard, HazardKind
from reconciler.plan.model import Moment, VSchemaStep
from reconciler.vschema.canonical import canonical_text, vschema_fingerprint
from reconciler.vschema.model import VSchemaChange, VSchemaChangeKind

EMPTY = canonical_text({})
SHARDED = canonical_text({"sharded": True})


def routed(*tables: str) -> str:
    """A sharded keyspace whose tables are spread by the hash of their `id`."""
    by_id = {"column_vindexes": [{"columns": ["id"], "name": "hash"}]}
    return canonical_text(
        {
            "sharded": True,
            "tables": dict.fromkeys(tables, by_id),
            "vindexes": {"hash": {"type": "hash"}},
        }
    )


def vschema_step(moment: Moment, found: str, document: str, *changes: VSchemaChange) -> VSchemaStep:
    return VSchemaStep(
        moment=moment,
        before=vschema_fingerprint(found),
        after=vschema_fingerprint(document),
        found=found,
        document=document,
        changes=changes or (table_added("users"),),
    )


def table_added(name: str, *reasons: str) -> VSchemaChange:
    """With a danger for each reason."""
    value: dict[str, Any] = {"column_vindexes": [{"columns": ["id"], "name": "hash"}]}
    return VSchemaChange(
        kind=VSchemaChangeKind.ADD_TABLE,
        object_id=table_id(name),
        before=None,
        after=json.dumps(value),
        hazards=tuple(
            Hazard(kind=HazardKind.RENAME, object=f"c{n}", reason=reason, needs_permission=True)
            for n, reason in enumerate(reasons)
        ),
    )


SHARDING = VSchemaChange(
    kind=VSchemaChangeKind.CHANGE_SETTING,
    object_id=ObjectId(ObjectKind.VSCHEMA, "sharded"),
    before="false",
    after="true",
)
FIRST = vschema_step(Moment.FIRST, EMPTY, SHARDED, SHARDING)
LAST = vschema_step(Moment.LAST, SHARDED, routed("users"))
