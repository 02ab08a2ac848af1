"""The names of what a copy by pt-online-schema-change has beside the table, and on it."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyNames:
    """`guards` refuse, during the swap, what would leave children without a parent."""

    table: str
    new: str
    old: str
    syncing: tuple[str, ...]
    guards: tuple[str, ...]

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.new, self.old)

    @property
    def helpers(self) -> tuple[str, ...]:
        return (*self.tables, *self.triggers)

    @property
    def triggers(self) -> tuple[str, ...]:
        return (*self.syncing, *self.guards)


def names_of(database: str, table: str) -> CopyNames:
    syncing = trigger_names(database, table)
    stem = syncing[0].removesuffix("_del")
    return CopyNames(
        table=table,
        new=f"_{table}_new",
        old=f"_{table}_old",
        syncing=syncing,
        guards=(f"{stem}_kd", f"{stem}_ku"),
    )


def trigger_names(database: str, table: str) -> tuple[str, ...]:
    """As the program makes them itself."""
    stem = re.sub(r"\W", "_", f"pt_osc_{database}_{table}", flags=re.ASCII)[:60]
    return tuple(f"{stem}_{event}" for event in ("del", "upd", "ins"))
