"""What a statement does to tables of other databases that refer to the shard's, and what nobody can
tell of them.

What they make impossible, scratch has refused already. Left are the changes that a server carries
into their definitions without a word, and children that could not be seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.diff.model import ClauseKind, Operation
from reconciler.diff.pairing import name_key
from reconciler.model.observation import CrossDatabaseChild
from reconciler.model.policy import HazardKind
from reconciler.model.schema import Table
from reconciler.prove.chain import Ran
from reconciler.prove.cross_database import children_for
from reconciler.prove.finding import Finding, finding
from reconciler.prove.part import names_of
from reconciler.prove.request import ProofRequest

_OF_COLUMNS = frozenset(
    {ClauseKind.DROP_COLUMN, ClauseKind.MODIFY_COLUMN, ClauseKind.RENAME_COLUMN}
)
_OF_THE_TABLE = frozenset(
    {ClauseKind.DROP_INDEX, ClauseKind.PARTITION_BY, ClauseKind.REMOVE_PARTITIONING}
)


def cross_database_child_findings(
    request: ProofRequest, statements: Sequence[Ran]
) -> Iterator[Finding]:
    for ran in statements:
        for child in children_for(request, names_of(ran.step)):
            if child.table is None:
                yield from _unread(ran, child)
            elif _takes_along(ran, child.table):
                reason = (
                    f"table {child} of another database refers to it: its foreign key follows to"
                    " the new name, and so its definition changes, too"
                )
                yield finding(ran, HazardKind.BREAKS_OBJECT, str(child), reason)
        if request.shard.cross_database_children is None and _may_meet_child(ran):
            reason = (
                "whether tables of other databases refer to it could not be read (it needs"
                " PROCESS); if one does, the server may refuse the statement"
            )
            yield finding(ran, HazardKind.UNPROVEN, ran.step.table, reason)


def _unread(ran: Ran, child: CrossDatabaseChild) -> Iterator[Finding]:
    if _may_meet_child(ran):
        reason = f"table {child} refers to it and could not be read: the server may refuse this"
        yield finding(ran, HazardKind.UNPROVEN, str(child), reason)


def _takes_along(ran: Ran, child: Table) -> bool:
    if ran.step.operation is Operation.RENAME_TABLE:
        return True
    referred = {name_key(column) for key in child.foreign_keys for column in key.parent_columns}
    return any(
        clause.kind is ClauseKind.RENAME_COLUMN and name_key(clause.renamed_from or "") in referred
        for clause in ran.clauses
    )


def _may_meet_child(ran: Ran) -> bool:
    """Whether a foreign key to the table could stand in the way; it is to columns of an index."""
    if ran.step.operation in (Operation.DROP_TABLE, Operation.RENAME_TABLE):
        return True
    before = ran.step.before
    if before is None:
        return False
    indexed = {name_key(part.column or "") for index in before.indexes for part in index.parts}
    return any(
        clause.kind in _OF_THE_TABLE
        or (clause.kind is ClauseKind.TABLE_OPTION and clause.object == "ENGINE")
        or (
            clause.kind in _OF_COLUMNS and name_key(clause.renamed_from or clause.object) in indexed
        )
        for clause in ran.clauses
    )
