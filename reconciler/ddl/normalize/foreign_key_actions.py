"""RESTRICT, NO ACTION and nothing at all are one action: InnoDB checks at once in each case.

MySQL 9.7 prints RESTRICT and hides NO ACTION, MariaDB 11.8 the other way round.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.schema import Table
from reconciler.model.server import ServerVersion

_DEFAULTS = ("RESTRICT", "NO ACTION")


def without_default_actions(table: Table, version: ServerVersion) -> Table:
    keys = tuple(
        replace(key, on_delete=_action(key.on_delete), on_update=_action(key.on_update))
        for key in table.foreign_keys
    )
    return replace(table, foreign_keys=keys)


def _action(action: str | None) -> str | None:
    return None if action in _DEFAULTS else action
