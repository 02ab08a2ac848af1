"""The SQL of a step: its clauses put together in one ALTER TABLE."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.ddl.quote import quote_identifier
from reconciler.diff.model import Clause, ClauseKind, Operation, Step

# These end the statement, without a comma before them (MySQL's grammar, error 1064).
_LAST = frozenset({ClauseKind.PARTITION_BY, ClauseKind.REMOVE_PARTITIONING})


def step_sql(step: Step) -> str:
    """The whole step as one statement, in the only algorithm that means it where there is one."""
    if step.operation is not Operation.ALTER_TABLE:
        assert step.sql is not None, "all but ALTERs carry their SQL"
        return step.sql
    return alter_sql(step.table, step.clauses, algorithm=step.algorithm)


def alter_sql(
    table: str, clauses: Sequence[Clause], *, algorithm: str | None = None, lock: str | None = None
) -> str:
    """ALGORITHM and LOCK come first: partition clauses allow them nowhere else."""
    items = [
        *([f"ALGORITHM={algorithm}"] if algorithm else []),
        *([f"LOCK={lock}"] if lock else []),
        *(clause.sql for clause in clauses if clause.kind not in _LAST),
    ]
    last = [clause.sql for clause in clauses if clause.kind in _LAST]
    parts = [f"ALTER TABLE {quote_identifier(table)}", ", ".join(items), *last]
    return " ".join(filter(None, parts))
