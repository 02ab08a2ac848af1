"""The ALTERs that turn one table into another, foreign keys left aside.

One ALTER does all that can be done in one; behind it come the statements that the servers want
apart. Each is a step, and every step changes what SHOW CREATE TABLE prints: after a crash it must
be visible whether a statement ran.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from reconciler.diff.binding import bind, bound
from reconciler.diff.charset_spelling import Spellings
from reconciler.diff.checks import CheckClauses, check_clauses
from reconciler.diff.columns import (
    ColumnClauses,
    column_clauses,
    rename_column,
    restated_columns,
    written_again,
)
from reconciler.diff.indexes import IndexClauses, index_clauses
from reconciler.diff.mariadb_time import TimeClauses, time_clauses, versioned_whole
from reconciler.diff.model import Clause, ClauseKind, Operation, RequiredAlgorithm, Step
from reconciler.diff.options import changes_engine, charset_clause, option_clauses
from reconciler.diff.pairing import by_name, name_key
from reconciler.diff.partitions import PartitionClauses, partition_clauses
from reconciler.diff.renames import OldNames
from reconciler.model.schema import Table
from reconciler.model.server import Flavor, ServerVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class TablePair:
    """`observed` is the table as it is, `live` the same as printed; `before` is it under the names
    it will have. `written` is `after` as the file's table is printed."""

    observed: Table
    live: Table
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
    parts = _parts_of(pair, version)
    charset = parts.charset_first(pair)
    main = parts.main(pair, charset, referenced=referenced)
    alone = [(clause, _algorithm_of(clause, version)) for clause in parts.partitions.statements]

    def alter(clauses: tuple[Clause, ...], algorithm: RequiredAlgorithm | None = None) -> Step:
        return Step(
            operation=Operation.ALTER_TABLE,
            table=pair.after.name,
            before=pair.observed,
            after=pair.after,
            clauses=clauses,
            foreign_key_checks=foreign_key_checks,
            algorithm=algorithm,
        )

    versioned = versioned_whole(parts.time.before, pair.after)
    unversioned = restated_columns(versioned, pair.after, pair.written, version)
    main_algorithm = RequiredAlgorithm.COPY if parts.indexes.copies else None
    alters = [
        *(alter((clause,)) for clause in parts.time.beforehand),
        alter(parts.renames_first),
        alter(charset),
        alter(parts.indexes.beforehand),
        alter(main, main_algorithm),
        alter(parts.columns.afterwards),
        replace(alter(unversioned), before=versioned),
        *(alter((clause,)) for clause in parts.indexes.afterwards),
    ]
    touched = {
        name_key(clause.object)
        for clause in (*main, *parts.indexes.afterwards)
        if clause.kind in (ClauseKind.ADD_INDEX, ClauseKind.RENAME_INDEX)
    }
    return TableSteps(
        alters=tuple(step for step in alters if step.clauses),
        partitions=tuple(alter((clause,), algorithm) for clause, algorithm in alone),
        untouched=frozenset(by_name(pair.after.indexes)) - touched,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    """What each noun has to change."""

    time: TimeClauses
    renames_first: tuple[Clause, ...]
    columns: ColumnClauses
    unmarked: tuple[Clause, ...]
    indexes: IndexClauses
    checks: CheckClauses
    partitions: PartitionClauses

    def charset_first(self, pair: TablePair) -> tuple[Clause, ...]:
        """A new default character set in an ALTER of its own, where new columns take it: beside it
        they would rebuild the table (MySQL 9.7), before it they would take the old one."""
        adds = {
            name_key(clause.object)
            for clause in self.columns.changes
            if clause.kind is ClauseKind.ADD_COLUMN
        }
        if self._copied(pair) or self.columns.leaning.isdisjoint(adds):
            return ()
        return bound(self._charset(pair))

    def main(
        self, pair: TablePair, done: tuple[Clause, ...], *, referenced: bool
    ) -> tuple[Clause, ...]:
        """The clauses of the one ALTER that does most of it, in the order they must keep: the
        servers drop first whatever the order, but a reader does not know that. `done`: what an
        ALTER before it does of the character set."""
        before, after, whole = self.time.before, pair.after, self.partitions.whole
        clauses = [
            *self.checks.drops,
            *self.indexes.drops,
            *self.time.drops,
            *self.columns.drops,
            *(() if done else self._charset(pair)),
            *option_clauses(before, after, pair.written),
            *([pair.counter] if pair.counter else []),
            *self.columns.changes,
            *self.unmarked,
            *self.indexes.changes,
            *self.time.adds,
            *self.indexes.adds,
            *self.checks.adds,
            *self.checks.changes,
            *([whole] if whole else []),
        ]
        return bind(
            clauses,
            before,
            after,
            self.columns.leaning,
            referenced=referenced,
            whole=self._copied(pair),
        )

    def _charset(self, pair: TablePair) -> tuple[Clause, ...]:
        clause = charset_clause(self.time.before, pair.after)
        return () if clause is None else (clause, *self.columns.restated)

    def _copied(self, pair: TablePair) -> bool:
        again = self.partitions.whole is not None or self.indexes.copies
        return again or changes_engine(self.time.before, pair.after)


def _parts_of(pair: TablePair, version: ServerVersion) -> _Parts:
    after = pair.after
    time = time_clauses(pair.before, after)
    first = {new: old for new, old in pair.old_columns.items() if new in pair.renamed_first}
    later = {new: old for new, old in pair.old_columns.items() if new not in pair.renamed_first}
    spellings = Spellings(
        before=time.before,
        after=after,
        live=pair.live,
        written=pair.written,
        old_names=pair.old_columns,
        version=version,
    )
    restate = spellings.to_restate()
    versioned = versioned_whole(time.before, after)
    columns = column_clauses(time.before, versioned, pair.written, later, restate, version)
    return _Parts(
        time=time,
        renames_first=tuple(rename_column(old, new) for new, old in first.items()),
        columns=columns,
        unmarked=_unmarked(pair, columns, version),
        indexes=index_clauses(
            time.before,
            after,
            pair.written,
            pair.old_indexes,
            columns.rebuilt | columns.unlisted,
            columns.unsettled,
            version,
        ),
        checks=check_clauses(time.before, after, _under_checks(columns, version), version),
        partitions=partition_clauses(time.before, after, columns.rebuilt, version),
    )


def _unmarked(
    pair: TablePair, columns: ColumnClauses, version: ServerVersion
) -> tuple[Clause, ...]:
    """Where versioning begins: columns with a mark from an earlier time, written without it."""
    if pair.live.system_versioned or not pair.after.system_versioned:
        return ()
    marked = {name_key(c.name) for c in pair.live.columns if not c.system_versioned}
    marked -= {name_key(clause.object) for clause in (*columns.drops, *columns.changes)}
    own = [column for column in pair.after.columns if name_key(column.name) in marked]
    return written_again(pair.before, pair.after, pair.written, own, version)


def _under_checks(columns: ColumnClauses, version: ServerVersion) -> frozenset[str]:
    """Columns whose checks must be written again. MariaDB looks through generated columns at what
    they are made of (1054, MariaDB 11.8), MySQL does not for checks."""
    looks_through = version.flavor is Flavor.MARIADB
    return columns.rebuilt | (columns.unsettled if looks_through else columns.retyped)


def _algorithm_of(clause: Clause, version: ServerVersion) -> RequiredAlgorithm | None:
    """Only in place does MySQL's DROP PARTITION drop the rows; as a copy it would keep them all.
    MariaDB always drops them, and knows no ALGORITHM here."""
    if clause.kind is ClauseKind.DROP_PARTITION and version.flavor is Flavor.MYSQL:
        return RequiredAlgorithm.INPLACE
    return None
