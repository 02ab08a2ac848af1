"""Which questions are left of a shard that a run has brought part of the way.

Rule (PF-7): a question is about the table as it is now. What a statement that has run already has
made (a column that rows have been written into since, a key that is gone) is there, or is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.ddl.normalize import normalize_table
from reconciler.diff.model import Clause, ClauseKind, Operation
from reconciler.model.schema import Table
from reconciler.preflight.change import Change
from reconciler.preflight.model import Probe
from reconciler.preflight.questions import probes_of


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedChange:
    """`statement` is its place in the shard's change set."""

    change: Change
    statement: int


def probes_left(
    placed: Sequence[PlacedChange], next_index: int, live: Mapping[str, Table]
) -> tuple[Probe, ...]:
    """Of the statements from that place on. `live` are the shard's tables as they were seen."""
    done = [one for one in placed if one.statement < next_index]
    left = [one for one in placed if one.statement >= next_index]
    return tuple(
        probe
        for one in left
        for probe in probes_of(_as_of_now(one.change, done, left, live), one.statement)
    )


def _as_of_now(
    change: Change,
    done: Sequence[PlacedChange],
    left: Sequence[PlacedChange],
    live: Mapping[str, Table],
) -> Change:
    step = change.context.step
    ran = [one.change for one in done if one.change.context.step.before == step.before]
    if step.before is None or not ran:
        return change
    name = step.before.name
    for one in ran:
        name = one.context.step.renamed_to or name
    table = live.get(name)
    if table is None:
        return change  # it is not the table that was seen, which whoever asks it finds out
    to_run = [one.change for one in left if one.change.context.step.before == step.before]
    renamed = {clause.object for clause in _clauses(to_run, ClauseKind.RENAME_COLUMN)}
    has_run = set(_clauses(ran))
    context = replace(
        change.context,
        step=replace(
            step,
            before=normalize_table(table, change.settings.version),
            clauses=tuple(clause for clause in step.clauses if clause not in has_run),
        ),
        old_columns={new: old for new, old in change.context.old_columns.items() if new in renamed},
    )
    return replace(change, context=context)


def _clauses(changes: Sequence[Change], *kinds: ClauseKind) -> Iterator[Clause]:
    for change in changes:
        if change.context.step.operation is Operation.ALTER_TABLE:
            yield from (c for c in change.context.clauses if not kinds or c.kind in kinds)
