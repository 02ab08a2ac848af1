"""What stands beside the tables and is managed like them: programs, each a value of its own kind.

A value holds everything by which two programs differ and nothing that says on which shard they
are: the shard's own database is left out of their texts, and an account is a digest (PL-12).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from reconciler.model.object_id import ObjectId, ObjectKind


class ManagedKind(StrEnum):
    """The words of `manage` in a spec."""

    TABLES = "tables"
    VIEWS = "views"


class Security(StrEnum):
    """Whose rights a program has when somebody uses it."""

    DEFINER = "DEFINER"
    INVOKER = "INVOKER"


@dataclass(frozen=True, slots=True, kw_only=True)
class CreatedWith:
    """What a server keeps of the session that made a program, and gives its literals meaning by."""

    character_set_client: str
    collation_connection: str

    def __str__(self) -> str:
        return (
            f"character_set_client={self.character_set_client}"
            f" collation_connection={self.collation_connection}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """`columns` are its list of names, where the server prints one; `query` is the server's text
    behind AS, with its CHECK OPTION. `definer` is the digest of the account whose rights it has;
    None where it has those of whoever asks."""

    name: str
    algorithm: str
    security: Security
    definer: str | None
    columns: tuple[str, ...]
    query: str
    created_with: CreatedWith

    @property
    def object_id(self) -> ObjectId:
        return view_id(self.name)


ManagedProgram = View
"""Any program that can be managed."""

MANAGED_AS = {ObjectKind.VIEW: ManagedKind.VIEWS}
"""The word of `manage` for each kind of program."""

LIKE_TABLES = frozenset({ObjectKind.TABLE, ObjectKind.VIEW, ObjectKind.SEQUENCE})
"""Kinds that share their names."""

FOLDERS = {ManagedKind.VIEWS: "views"}
"""Where the files of each kind stand, in the schema folder."""


def view_id(name: str) -> ObjectId:
    return ObjectId(ObjectKind.VIEW, name)
