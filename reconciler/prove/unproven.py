"""What the proof had to leave open, because something could not be seen: it needs permission."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.diff.model import ClauseKind, Operation
from reconciler.model.policy import HazardKind, Unused
from reconciler.prove.chain import Ran
from reconciler.prove.cross_database import assumed_parents
from reconciler.prove.finding import Finding, finding
from reconciler.prove.request import ProofRequest
from reconciler.prove.row_versions import row_versions_left

_TAKES_A_NAME = (ClauseKind.DROP_COLUMN, ClauseKind.RENAME_COLUMN)
# Settled by the statements that use them; the rest of what was not seen are programs.
_ROW_VERSIONS = "row versions "
_SETTLED = (_ROW_VERSIONS, "table ", "foreign keys ")
# What was not seen of each kind begins so.
UNSEEN_OF = {
    Unused.VIEWS: "texts of views (",
    Unused.ROUTINES: "routines (",
    Unused.TRIGGERS: "triggers (",
    Unused.EVENTS: "events (",
    Unused.ELSEWHERE: "views, triggers, routines and events of other databases (",
}


def unproven_findings(request: ProofRequest, statements: Sequence[Ran]) -> Iterator[Finding]:
    yield from _row_versions(request, statements)
    yield from _outside_parents(request, statements)
    yield from _unseen_programs(request, statements)


def _row_versions(request: ProofRequest, statements: Sequence[Ran]) -> Iterator[Finding]:
    versions = row_versions_left(request.observed, request.version)
    unseen = (words for shard in request.observed for words in shard.unseen)
    missing = sorted({words for words in unseen if words.startswith(_ROW_VERSIONS)})
    why = "; ".join(missing) or "InnoDB spells a name beyond ASCII in a form of its own"
    for ran in statements:
        if versions.is_unknown(ran.step.table, ran.clauses, ran.execution):
            reason = (
                "how many INSTANT changes the live table can still take could not be read"
                f" ({why}); a shard that can take none stops the rollout with error 4092"
            )
            yield _unproven(ran, reason)


def _outside_parents(request: ProofRequest, statements: Sequence[Ran]) -> Iterator[Finding]:
    for ran in statements:
        for key in assumed_parents(request, ran.step.after):
            if ran.step.operation is Operation.CREATE_TABLE or any(
                clause.kind is ClauseKind.ADD_FOREIGN_KEY and clause.object == key.name
                for clause in ran.clauses
            ):
                parent = f"{key.parent_database}.{key.parent_table}"
                yield _unproven(ran, f"table {parent} could not be seen: it was assumed to fit")


def _unseen_programs(request: ProofRequest, statements: Sequence[Ran]) -> Iterator[Finding]:
    """Views and programs that a login may not see can be broken unseen: one finding, whatever is
    unseen, for one permission answers it. None of kinds of which the spec says that there are none
    (GD-17)."""
    settled = (*_SETTLED, *(UNSEEN_OF[word] for word in request.policy.unused))
    unseen = sorted(
        {
            words
            for shard in request.observed
            for words in shard.unseen
            if not words.startswith(settled)
        }
    )
    for ran in statements:
        takes_a_name = ran.step.operation in (Operation.DROP_TABLE, Operation.RENAME_TABLE) or any(
            clause.kind in _TAKES_A_NAME for clause in ran.clauses
        )
        if takes_a_name and unseen:
            reason = "whether it breaks any is not known, for these were not seen: "
            yield _unproven(ran, reason + "; ".join(unseen))


def _unproven(ran: Ran, reason: str) -> Finding:
    return finding(ran, HazardKind.UNPROVEN, ran.step.table, reason)
