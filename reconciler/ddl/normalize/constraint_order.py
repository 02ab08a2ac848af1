"""Checks and foreign keys are sets: every one must hold, in whatever order they are printed."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.schema import Table
from reconciler.model.server import ServerVersion


def with_sorted_constraints(table: Table, version: ServerVersion) -> Table:
    return replace(
        table,
        foreign_keys=tuple(sorted(table.foreign_keys, key=lambda key: key.name)),
        checks=tuple(sorted(table.checks, key=lambda check: check.name)),
    )
