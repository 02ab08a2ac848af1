"""What something is about: an object of a schema, by kind and name."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class ObjectKind(StrEnum):
    """What a schema is made of. The words are stored and shown; they never change."""

    TABLE = "table"
    VIEW = "view"
    TRIGGER = "trigger"
    PROCEDURE = "procedure"
    FUNCTION = "function"
    EVENT = "event"
    SEQUENCE = "sequence"
    VINDEX = "vindex"  # of a VSchema
    VSCHEMA = "vschema"  # a setting of the VSchema itself, by its name


@dataclass(frozen=True, slots=True, order=True)
class ObjectId:
    """Two objects of one name are told apart by their kind: a table and a procedure may share one.

    Shown as its bare name where it is a table, as `view users_of_today` where it is anything else.
    """

    kind: ObjectKind
    name: str

    def __str__(self) -> str:
        return self.name if self.kind is ObjectKind.TABLE else self.titled

    @property
    def titled(self) -> str:
        """With its kind in any case: `table users`."""
        return f"{self.kind} {self.name}"


SERVER_KINDS = frozenset(ObjectKind) - {ObjectKind.VINDEX, ObjectKind.VSCHEMA}
"""What a server's own catalogue lists."""


def table_id(name: str) -> ObjectId:
    return ObjectId(ObjectKind.TABLE, name)
