"""A plan, built from what was proven: change sets with their ceilings, merged, sorted, bound.

The same inputs in any order give the same core (PL-6).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.ddl.fingerprint import schema_fingerprint
from reconciler.model.fleet import in_key_order
from reconciler.model.object_id import ObjectId
from reconciler.model.observation import TableFacts
from reconciler.model.policy import Policy
from reconciler.model.quarantine import Quarantine
from reconciler.plan.commitment import statement_without_words, with_words
from reconciler.plan.model import (
    CarriedOut,
    ChangeSet,
    InputDigest,
    Leftover,
    ObjectBefore,
    PlanCore,
    PlannedStatement,
    RowCount,
    RuleVersions,
    VSchemaStep,
)
from reconciler.plan.readable import render_readable_sql
from reconciler.plan.row_ceiling import has_row_ceiling, row_ceiling, with_names

Facts = Mapping[str, TableFacts]


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforeState:
    """What some shards share before they change."""

    shards: tuple[str, ...]

    fingerprints: Mapping[ObjectId, str]
    """Of every managed object."""

    definitions: Mapping[ObjectId, str]
    """As the server prints them."""

    facts: Sequence[Facts]
    """Each shard's own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a plan is about, apart from what it changes."""

    environment: str
    keyspace: str
    server: str
    rules: RuleVersions
    inputs: tuple[InputDigest, ...]
    policy: Policy

    waves: tuple[tuple[str, ...], ...]
    """In the order they run; every shard is in one."""

    managed: frozenset[ObjectId]
    """Every managed object that git or a shard has."""

    desired: Mapping[ObjectId, str]
    """The fingerprints that every shard shall have."""

    cleans: tuple[Leftover, ...] = ()
    """What engines left, and is to go."""

    vschema: tuple[VSchemaStep, ...] = ()
    carried_out: CarriedOut = CarriedOut.BY_STATEMENT
    quarantine: tuple[Quarantine, ...] = ()


def change_set_for(
    before: BeforeState, statements: Sequence[PlannedStatement], desired: Mapping[ObjectId, str]
) -> ChangeSet:
    touched = sorted({effect.object_id for s in statements for effect in s.effects})
    return ChangeSet(
        before=schema_fingerprint(before.fingerprints),
        after=schema_fingerprint(desired),
        touched=tuple(
            ObjectBefore(object_id=table, definition=before.definitions.get(table))
            for table in touched
        ),
        statements=_with_ceilings(tuple(statements), before.facts),
        shards=before.shards,
    )


def build_core(subject: Subject, change_sets: Iterable[ChangeSet]) -> tuple[PlanCore, str]:
    """The core, bound to its words, and its readable SQL."""
    shards = in_key_order(tuple(shard for wave in subject.waves for shard in wave))
    order = {shard: position for position, shard in enumerate(shards)}
    sets = sorted(
        (
            replace(found, shards=tuple(sorted(found.shards, key=order.__getitem__)))
            for found in _merged(change_sets)
        ),
        key=lambda found: order[found.shards[0]],
    )
    changing = {shard for found in sets for shard in found.shards}
    # Tables that swap their names have a third name on the way.
    touched = {before.object_id for found in sets for before in found.touched}
    core = PlanCore(
        environment=subject.environment,
        keyspace=subject.keyspace,
        server=subject.server,
        rules=subject.rules,
        inputs=subject.inputs,
        policy=_sorted_policy(subject.policy),
        shards=tuple(shards),
        waves=subject.waves,
        managed=tuple(sorted(subject.managed | touched)),
        change_sets=tuple(sets),
        matching=tuple(shard for shard in shards if shard not in changing),
        after=schema_fingerprint(subject.desired),
        cleans=tuple(sorted(set(subject.cleans))),
        vschema=subject.vschema,
        carried_out=subject.carried_out,
        quarantine=subject.quarantine,
    )
    readable = render_readable_sql(core)
    return with_words(core, readable), readable


def row_totals(
    facts: Iterable[Facts], change_sets: Iterable[ChangeSet]
) -> tuple[tuple[str, int], ...]:
    """Over all shards; a table that is renamed is counted under its new name as well."""
    totals: dict[str, int] = {}
    for of_shard in facts:
        for table, found in of_shard.items():
            totals[table] = totals.get(table, 0) + (found.rows or 0)
    counted = dict(totals)
    for change_set in change_sets:
        for statement, names in with_names(change_set.statements):
            for name in sorted(names & {*counted}):
                totals.setdefault(statement.object_id.name, counted[name])
    return tuple(sorted(totals.items()))


def row_counts(
    facts: Mapping[str, Facts], change_sets: Sequence[ChangeSet]
) -> tuple[RowCount, ...]:
    """Of the tables that each change set changes, on its own shards; of one that is renamed, the
    rows that it has under any of its names. Where no shard was counted, nothing."""
    found = []
    for number, change_set in enumerate(change_sets, start=1):
        of_set = [facts[shard] for shard in change_set.shards if shard in facts]
        names: dict[str, frozenset[str]] = {}
        for statement, known in with_names(change_set.statements):
            table = statement.object_id.name
            names[table] = names.get(table, frozenset()) | known
        for table, known in sorted(names.items()):
            rows = [_largest(known, [one]) for one in of_set if known & {*one}]
            if rows:
                found.append(
                    RowCount(change_set=number, table=table, largest=max(rows), total=sum(rows))
                )
    return tuple(found)


def _with_ceilings(
    statements: tuple[PlannedStatement, ...], facts: Sequence[Facts]
) -> tuple[PlannedStatement, ...]:
    """With room for twice the largest live estimate."""
    return tuple(
        replace(statement, row_ceiling=row_ceiling(_largest(names, facts)))
        if has_row_ceiling(statement)
        else statement
        for statement, names in with_names(statements)
    )


def _largest(names: frozenset[str], facts: Sequence[Facts]) -> int:
    found = [of_shard[name].rows or 0 for of_shard in facts for name in names if name in of_shard]
    return max(found, default=0)


def _merged(change_sets: Iterable[ChangeSet]) -> tuple[ChangeSet, ...]:
    """Change sets with equal before-state and statements become one, in order of first shard."""
    merged: dict[object, ChangeSet] = {}
    for found in change_sets:
        alike = tuple(
            replace(statement_without_words(s), row_ceiling=None) for s in found.statements
        )
        key = (found.before, alike)
        other = merged.get(key)
        if other is None:
            merged[key] = found
            continue
        merged[key] = replace(
            other,
            shards=(*other.shards, *found.shards),
            statements=tuple(
                replace(a, row_ceiling=_larger(a.row_ceiling, b.row_ceiling))
                for a, b in zip(other.statements, found.statements, strict=True)
            ),
        )
    return tuple(merged.values())


def _larger(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else max(one, other)


def _sorted_policy(policy: Policy) -> Policy:
    """The order of permissions and patterns in the file has no meaning (PL-6)."""
    return replace(
        policy,
        ignore_tables=tuple(sorted(policy.ignore_tables)),
        allow=tuple(
            sorted(policy.allow, key=lambda a: (a.object_id, a.hazard, a.object or "", a.reason))
        ),
    )
