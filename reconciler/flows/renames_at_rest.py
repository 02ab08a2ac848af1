"""Annotations of renames that a shard in quarantine still needs when it comes back.

A shard that nobody looks at has the old name. Without the annotation its return drops what it has
under that name, with the rows, and adds the new one empty.
"""

from __future__ import annotations

from typing import assert_never

from reconciler.guard.model import Refusal
from reconciler.model.renames import Rename, RenameKind
from reconciler.observe.desired import Desired
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


def rename_refusals(
    merged: DesiredFiles, files: DesiredFiles, environment: Environment, desired: Desired | None
) -> tuple[Refusal, ...]:
    """`merged` is what the protected branch has, `desired` the files as a server reads them; None:
    none of the fleet's was seen. Also where the change that takes an annotation away brings the
    shard back."""
    was = merged.spec.environment(environment.name)
    at_rest = sorted(
        {
            found.shard
            for found in (*environment.quarantine, *(was.quarantine if was is not None else ()))
        }
    )
    if not at_rest:
        return ()
    kept = frozenset(files.renames)
    gone = [one for one in merged.renames if one not in kept and _is_wanted(one, desired)]
    return tuple(_refusal(one, at_rest[0]) for one in gone)


def _is_wanted(rename: Rename, desired: Desired | None) -> bool:
    """Whether the files still have what was renamed: what they drop may be dropped everywhere. An
    index that nobody named has a name as well, which only a server gives it."""
    if desired is None:
        return True
    tables = [table for table in desired.schema.tables if _is_same(table.name, rename.table)]
    match rename.kind:
        case RenameKind.TABLE:
            return bool(tables)
        case RenameKind.COLUMN:
            named = [column.name for table in tables for column in table.columns]
        case RenameKind.INDEX:
            named = [index.name for table in tables for index in table.indexes]
        case _:
            assert_never(rename.kind)
    return any(_is_same(name, rename.new) for name in named)


def _is_same(name: str, other: str) -> bool:
    """Tables' names are the same in any case on some servers, all others everywhere."""
    return name.casefold() == other.casefold()


def _refusal(rename: Rename, shard: str) -> Refusal:
    of = "" if rename.kind is RenameKind.TABLE else f" of {rename.table}"
    return Refusal(
        code="rename-at-rest",
        shard=shard,
        message=f"the annotation that renames {rename.kind}{of} {rename.old} to {rename.new} is"
        f" gone, and shard {shard}, which is in quarantine, may still have the old name: its return"
        " would drop that, and the rows in it",
        recovery="put the annotation back, and take it out when no shard is in quarantine any more"
        " and every one of them has been applied to",
    )
