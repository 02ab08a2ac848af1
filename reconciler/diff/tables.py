"""The ALTERs that turn one table into another, foreign keys left aside.

One ALTER does all that can be done in one; behind it come the statements that the servers want
apart. Each is a step, and every step changes what SHOW CREATE TABLE prints: after a crash it must
be visible whether a statement ran.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from reconciler.diff.binding import bind
from reconciler.diff.checks import check_clauses
from reconciler.diff.columns import ColumnClauses, column_clauses, rename_column
from reconciler.diff.indexes import index_clauses
from reconciler.diff.mariadb_time import time_clauses
from reconciler.diff.model import Clause, ClauseKind, Operation, RequiredAlgorithm, Step
from reconciler.diff.options import changes_engine, option_clauses
from reconciler.diff.pairing import by_name, name_key
from reconciler.diff.partitions import partition_clauses
from reconciler.diff.renames import OldNames
from reconciler.model.schema import Table
from reconciler.model.server import Flavor, ServerVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePair:
    """`observed` is the table as it is; `before` the same under the names it will have. `written`
    is `after` with its options as the file has them."""

    observed: Table
    before: Table
    after: Table
    written: Table
    old_columns: OldNames = field(default_factory=dict)
    old_indexes: OldNames = field(default_factory=dict)
    counter: Clause | None = None  # AUTO_INCREMENT=n, no part of either table
    renamed_first: frozenset[str] = frozenset()  # columns, by their new names


@dataclass(frozen=True, slots=True, kw_only=True)
class TableSteps:
    """`alters`, then `partitions`; `untouched` are the folded names of the indexes left alone."""

    alters: tuple[Step, ...]
    partitions: tuple[Step, ...]
    untouched: frozenset[str]


def table_steps(
    pair: TablePair, version: ServerVersion, *, referenced: bool, foreign_key_checks: bool
) -> TableSteps:
    """`referenced`: some foreign key from or to this table stands all the while."""
    after = pair.after
    time = time_clauses(pair.before, after)
    before = time.before
    first = {new: old for new, old in pair.old_columns.items() if new in pair.renamed_first}
    later = {new: old for new, old in pair.old_columns.items() if new not in pair.renamed_first}
    columns = column_clauses(before, after, later, version)
    indexes = index_clauses(
        before,
        after,
        pair.old_indexes,
        columns.rebuilt | columns.unlisted,
        columns.unsettled,
        version,
    )
    checks = check_clauses(before, after, _under_checks(columns, version), version)
    partitions = partition_clauses(before, after, columns.rebuilt, version)
    main = [
        *checks.drops,
        *indexes.drops,
        *time.drops,
        *columns.drops,
        *option_clauses(before, after, pair.written),
        *([pair.counter] if pair.counter else []),
        *columns.changes,
        *indexes.changes,
        *time.adds,
        *indexes.adds,
        *checks.adds,
        *checks.changes,
    ]
    if partitions.whole is not None:
        main.append(partitions.whole)
    whole = partitions.whole is not None or changes_engine(before, after) or indexes.copies
    main_clauses = bind(main, before, after, referenced=referenced, whole=whole)

    def alter(*clauses: Clause, algorithm: RequiredAlgorithm | None = None) -> Step:
        return Step(
            operation=Operation.ALTER_TABLE,
            table=after.name,
            before=pair.observed,
            after=after,
            clauses=clauses,
            foreign_key_checks=foreign_key_checks,
            algorithm=algorithm,
        )

    def steps() -> Iterator[Step]:
        for clause in time.beforehand:
            yield alter(clause)
        if first:
            yield alter(*(rename_column(old, new) for new, old in first.items()))
        if indexes.beforehand:
            yield alter(*indexes.beforehand)
        if main_clauses:
            yield alter(*main_clauses, algorithm=RequiredAlgorithm.COPY if indexes.copies else None)
        if columns.afterwards:
            yield alter(*columns.afterwards)
        for clause in indexes.afterwards:
            yield alter(clause)

    touched = {
        name_key(clause.object)
        for clause in (*main_clauses, *indexes.afterwards)
        if clause.kind in (ClauseKind.ADD_INDEX, ClauseKind.RENAME_INDEX)
    }
    return TableSteps(
        alters=tuple(steps()),
        partitions=tuple(
            alter(clause, algorithm=_algorithm_of(clause, version))
            for clause in partitions.statements
        ),
        untouched=frozenset(by_name(after.indexes)) - touched,
    )


def _under_checks(columns: ColumnClauses, version: ServerVersion) -> frozenset[str]:
    """Columns whose checks must be written anew. MariaDB looks through generated columns at what
    they are made of (1054, MariaDB 11.8), MySQL does not for checks."""
    looks_through = version.flavor is Flavor.MARIADB
    return columns.rebuilt | (columns.unsettled if looks_through else columns.retyped)


def _algorithm_of(clause: Clause, version: ServerVersion) -> RequiredAlgorithm | None:
    """Only in place does MySQL's DROP PARTITION drop the rows; as a copy it would keep them all.
    MariaDB always drops them, and knows no ALGORITHM here."""
    if clause.kind is ClauseKind.DROP_PARTITION and version.flavor is Flavor.MYSQL:
        return RequiredAlgorithm.INPLACE
    return None
