"""From one schema to another: the steps, in the order that keeps every one of them valid.

Names first, then everything that ties tables together goes, then tables go, come and change, each
by itself, and at last the ties come back (MySQL checks a foreign key at every statement):
counters raised, renames, foreign keys and wandering checks dropped, tables dropped (children first)
and created (parents first), ALTERs, partitions, foreign keys added.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from reconciler.ddl.normalize import normalize_table
from reconciler.diff.checks import drop_check, wandering_checks
from reconciler.diff.counters import (
    CounterClauses,
    counter_clauses,
    swap_refusals,
    without_counter,
)
from reconciler.diff.creation import creation_steps, refers_to_nothing
from reconciler.diff.foreign_keys import (
    ForeignKeyChanges,
    add_foreign_keys,
    drop_foreign_keys,
    foreign_key_changes,
)
from reconciler.diff.likely_renames import likely_rename_notes
from reconciler.diff.mariadb_time import bound_refusals
from reconciler.diff.model import Clause, DiffRefusal, Operation, SchemaDiff, Step
from reconciler.diff.options import option_refusals
from reconciler.diff.removal import removal_steps
from reconciler.diff.renames import Renamed, apply_renames, rename_steps
from reconciler.diff.tables import TablePair, TableSteps, table_steps
from reconciler.diff.target import target_table
from reconciler.model.object_id import ObjectKind
from reconciler.model.policy import Policy
from reconciler.model.renames import Rename
from reconciler.model.schema import Check, ForeignKey, Schema, Table
from reconciler.model.server import ServerVersion


def diff_schemas(
    observed: Schema,
    desired: Schema,
    *,
    policy: Policy,
    renames: tuple[Rename, ...],
    version: ServerVersion,
    claimed: Collection[str] = (),
) -> SchemaDiff:
    """Tables as read from SHOW CREATE TABLE on both sides; `observed` with the objects around.
    `claimed` are tables that are to go, though policy leaves those of such names alone."""
    seen, wanted = _comparable_schemas(observed, desired, policy, version, claimed)
    renamed = apply_renames(seen, wanted, renames, version.flavor)
    before = {table.name: table for table in renamed.schema.tables}
    after: dict[str, Table] = {}
    notes = list(renamed.notes)
    for table in wanted.tables:
        after[table.name], found = target_table(before.get(table.name), table, policy)
        notes += found
    refusals = (
        *renamed.refusals,
        *_refusals(before, after, observed),
        *swap_refusals(renamed.tables, {t.name: t for t in desired.tables}, policy.auto_increment),
    )
    if refusals:
        return SchemaDiff(refusals=refusals, notes=tuple(notes))
    raw = {table.name: table for table in desired.tables}
    live = {table.name: table for table in observed.tables}
    staying = [
        (live[renamed.old_table_name(name)], before[name], raw[name])
        for name in sorted(before.keys() & after.keys())
    ]
    plan = _Plan(
        observed={table.name: table for table in seen.tables},
        live=live,
        before=before,
        after=after,
        written=raw,
        new={
            name: without_counter(raw[name], policy.auto_increment)
            for name in sorted(after.keys() - before.keys())
        },
        renamed=renamed,
        counters=counter_clauses(staying, policy.auto_increment),
        version=version,
    )
    notes += likely_rename_notes(before, after)
    return SchemaDiff(steps=tuple(plan.steps()), notes=tuple(notes))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """Everything the steps are made from; tables by the names they will have."""

    observed: Mapping[str, Table]  # by the names they still have
    live: Mapping[str, Table]  # the same, as printed
    before: Mapping[str, Table]
    after: Mapping[str, Table]
    written: Mapping[str, Table]  # the same, as printed
    new: Mapping[str, Table]  # as printed, without what policy leaves out
    renamed: Renamed
    counters: CounterClauses
    version: ServerVersion

    def steps(self) -> Iterator[Step]:
        changes = foreign_key_changes(
            self.before, self.after, self.renamed.columns, self.version.flavor
        )
        wandering = wandering_checks(self.before, self.after, self.version.flavor)
        altered = self._altered(changes, wandering)
        changing = frozenset(name for name, steps in altered.items() if steps.alters)
        settled = frozenset(self.before.keys() & self.after.keys()) - changing
        creation = creation_steps(self.after, self.new, settled, self.version)

        for name, clause in self.counters.first.items():
            yield replace(self._alter(name, (clause,)), table=self.renamed.old_table_name(name))
        yield from rename_steps(self.renamed.tables, self.observed, self.after)
        for name, keys in sorted(changes.drops.items()):
            yield self._alter(name, drop_foreign_keys(keys))
        gone = frozenset(self.before.keys() - self.after.keys())
        yield from removal_steps(self.before, gone, self.after)
        for name, checks in wandering.items():
            drops = tuple(drop_check(check, self.version.flavor) for check in checks)
            yield self._alter(name, drops)
        yield from creation.steps
        for _, steps in sorted(altered.items()):
            yield from steps.alters
        for _, steps in sorted(altered.items()):
            yield from steps.partitions
        adds = {**changes.adds, **creation.deferred}
        for name, keys in sorted(adds.items()):
            untouched = altered[name].untouched if name in altered else frozenset()
            yield from self._add_foreign_keys(name, keys, untouched)

    def _altered(
        self, changes: ForeignKeyChanges, wandering: Mapping[str, tuple[Check, ...]]
    ) -> dict[str, TableSteps]:
        standing = self._under_standing_keys(changes)
        altered = {}
        for name in self.before.keys() & self.after.keys():
            before, after = self.before[name], self.after[name]
            if before == after and not self._also_changes(name, changes):
                continue
            dropped = wandering.get(name, ())
            pair = TablePair(
                observed=self.observed[self.renamed.old_table_name(name)],
                live=self.live[self.renamed.old_table_name(name)],
                before=replace(before, checks=tuple(c for c in before.checks if c not in dropped)),
                after=after,
                written=self.written[name],
                old_columns=self.renamed.columns.get(name, {}),
                old_indexes=self.renamed.indexes.get(name, {}),
                counter=self.counters.along.get(name),
                renamed_first=changes.renamed_first.get(name, frozenset()),
            )
            altered[name] = table_steps(
                pair,
                self.version,
                referenced=name in standing,
                foreign_key_checks=name not in changes.unchecked,
            )
        return altered

    def _also_changes(self, name: str, changes: ForeignKeyChanges) -> bool:
        """What two equal tables do not show: new names, a counter, a key that comes back."""
        renamed = name in self.renamed.columns or name in self.renamed.indexes
        return renamed or name in self.counters.along or name in changes.adds

    def _under_standing_keys(self, changes: ForeignKeyChanges) -> frozenset[str]:
        """Tables at either end of a key that stands from the first step to the last."""
        names: set[str] = set()
        for name, table in self.before.items():
            if name not in self.after:
                continue
            dropped = changes.drops.get(name, ())
            for key in table.foreign_keys:
                if key not in dropped:
                    names.add(name)
                    if key.parent_database is None:
                        names.add(key.parent_table)
        return frozenset(names)

    def _add_foreign_keys(
        self, name: str, keys: tuple[ForeignKey, ...], untouched: frozenset[str]
    ) -> Iterator[Step]:
        """Checked against the rows, but for keys whose parent is not there."""
        for checked in (True, False):
            some = tuple(k for k in keys if refers_to_nothing(k, self.after) is not checked)
            if some:
                after, written = self.after[name], self.written[name]
                clauses = add_foreign_keys(after, written, some, untouched, self.version)
                yield replace(self._alter(name, clauses), foreign_key_checks=checked)

    def _alter(self, name: str, clauses: tuple[Clause, ...]) -> Step:
        return Step(
            operation=Operation.ALTER_TABLE,
            table=name,
            before=self.observed.get(self.renamed.old_table_name(name)),
            after=self.after[name],
            clauses=clauses,
        )


def _comparable_schemas(
    observed: Schema,
    desired: Schema,
    policy: Policy,
    version: ServerVersion,
    claimed: Collection[str],
) -> tuple[Schema, Schema]:
    """Both in normal form and without ignored tables. Most tables of most schemas read the same to
    the letter; those stay as they are, which changes nothing but the time it takes."""

    def managed(schema: Schema) -> dict[str, Table]:
        return {
            table.name: table
            for table in schema.tables
            if table.name in claimed
            or not any(fnmatchcase(table.name, pattern) for pattern in policy.ignore_tables)
        }

    old, new = managed(observed), managed(desired)
    same = {name for name in old.keys() & new.keys() if old[name] == new[name]}

    def comparable(schema: Schema, tables: dict[str, Table]) -> Schema:
        return replace(
            schema,
            tables=tuple(
                new[name] if name in same else _canonical(table, version)
                for name, table in tables.items()
            ),
        )

    return comparable(observed, old), comparable(desired, new)


def _canonical(table: Table, version: ServerVersion) -> Table:
    """The normal form, but with the indexes as printed: the order of those that may cluster the
    table decides which of them does once others are gone."""
    normal = normalize_table(table, version)
    place = {index.name: position for position, index in enumerate(table.indexes)}
    indexes = tuple(sorted(normal.indexes, key=lambda index: place[index.name]))
    return replace(normal, indexes=indexes)


def _refusals(
    before: Mapping[str, Table], after: Mapping[str, Table], observed: Schema
) -> Iterator[DiffRefusal]:
    views = {o.name for o in observed.others if o.kind in (ObjectKind.VIEW, ObjectKind.SEQUENCE)}
    for name, table in sorted(after.items()):
        if name in before:
            yield from option_refusals(before[name], table)
            yield from bound_refusals(before[name], table)
        elif name in views:
            yield DiffRefusal(
                table=name,
                object=name,
                reason="a view or sequence of this name is there, so no table can be made (1050)",
                recovery="drop or rename the view first, or give the table another name",
            )
