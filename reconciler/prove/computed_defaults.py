"""Adding a column whose default the binary log cannot carry, in two statements instead of one.

With row-based logging MySQL refuses ADD COLUMN ... DEFAULT (uuid()): it would compute the default
for each existing row (1674). Adding the column without it, and the default behind that, ends at the
same definition; existing rows are left with NULL, which is another meaning and needs permission.
"""

from __future__ import annotations

from dataclasses import replace

from reconciler.ddl.quote import quote_identifier
from reconciler.diff.model import Clause, ClauseKind, Step
from reconciler.plan.hazards.statement_context import find_column

UNSAFE_FOR_THE_BINARY_LOG = 1674


def with_defaults_behind(step: Step) -> tuple[Step, Step] | None:
    """The two steps; None if the step adds no column with a computed default."""
    clauses: list[Clause] = []
    behind: list[Clause] = []
    for clause in step.clauses:
        default = _computed_default(step, clause)
        if default is None or clause.sql.count(f" DEFAULT {default}") != 1:
            clauses.append(clause)
            continue
        clauses.append(replace(clause, sql=clause.sql.replace(f" DEFAULT {default}", "")))
        name = quote_identifier(clause.object)
        behind.append(
            Clause(
                kind=ClauseKind.SET_DEFAULT,
                object=clause.object,
                sql=f"ALTER COLUMN {name} SET DEFAULT {default}",
            )
        )
    if not behind:
        return None
    return replace(step, clauses=tuple(clauses)), replace(step, clauses=tuple(behind))


def _computed_default(step: Step, clause: Clause) -> str | None:
    if clause.kind is not ClauseKind.ADD_COLUMN:
        return None
    column = find_column(step.after, clause.object)
    default = column.default_sql if column is not None else None
    return default if default is not None and default.startswith("(") else None
