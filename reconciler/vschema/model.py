"""What changes between two VSchemas, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.object_id import ObjectId
from reconciler.model.policy import Hazard


class VSchemaChangeKind(StrEnum):
    """The words are stored in plans; they never change."""

    CHANGE_SETTING = "change-setting"  # of the keyspace: sharded, foreign_key_mode, ...
    ADD_VINDEX = "add-vindex"
    REMOVE_VINDEX = "remove-vindex"
    CHANGE_VINDEX = "change-vindex"  # in place: its type, a parameter, its owner
    ADD_TABLE = "add-table"
    REMOVE_TABLE = "remove-table"
    CHANGE_TABLE = "change-table"  # its type, its source, where it is pinned
    CHANGE_PRIMARY_VINDEX = "change-primary-vindex"
    ADD_COLUMN_VINDEX = "add-column-vindex"
    REMOVE_COLUMN_VINDEX = "remove-column-vindex"
    ORDER_COLUMN_VINDEXES = "order-column-vindexes"
    CHANGE_AUTO_INCREMENT = "change-auto-increment"
    CHANGE_COLUMNS = "change-columns"


@dataclass(frozen=True, slots=True, kw_only=True)
class VSchemaChange:
    """One difference: of a table, a vindex (`object_id`) or the keyspace itself, whose settings are
    objects of kind `vschema`. `part` is what of the object changes, '' for the whole of it. Both
    sides are JSON as in the canonical text; None: it is not there."""

    kind: VSchemaChangeKind
    object_id: ObjectId
    part: str = ""
    before: str | None
    after: str | None
    hazards: tuple[Hazard, ...] = ()
