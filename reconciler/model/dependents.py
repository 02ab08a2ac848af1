"""What uses a shard's tables and is not managed: programs on its server, and foreign keys of tables
that are ignored or in other databases."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.model.object_id import ObjectKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A view, trigger, routine or event as the catalogue has it.

    `database` None: the shard's own. `text` is its body, which no change of a table changes; None:
    hidden from the login. `table` is that of a trigger, which follows when it is renamed, and so
    does not tell one trigger from another.
    """

    kind: ObjectKind
    name: str
    text: str | None
    database: str | None = None
    table: str | None = field(default=None, compare=False)

    @property
    def place(self) -> str:
        """The name by which people find it."""
        return self.name if self.database is None else f"{self.database}.{self.name}"

    def __str__(self) -> str:
        return f"{self.kind} {self.place}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """A foreign key of table `table` that refers to a table of the shard. `database` None: the
    child is in the shard's own. What it refers to follows when it is renamed."""

    table: str
    name: str
    database: str | None = None
    parent: str = field(default="", compare=False)
    parent_columns: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def place(self) -> str:
        return self.table if self.database is None else f"{self.database}.{self.table}"

    def __str__(self) -> str:
        return f"foreign key {self.name} of table {self.place}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependents:
    """`sees_elsewhere`: the login sees all programs of the server's other databases."""

    programs: tuple[Program, ...] = ()
    references: tuple[Reference, ...] = ()
    sees_elsewhere: bool = True


NONE_SEEN = Dependents()
