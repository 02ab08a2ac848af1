"""What of a change set hangs together: the steps of tables that know each other.

Tables know each other by foreign keys, before or after, and by constraint names, which are unique
in a schema. Everything else is proven apart, in a database of its own and side by side; around the
tables that change stand their neighbours, without which a server would judge otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from reconciler.ddl.quote import unquote_identifier
from reconciler.diff.model import Operation, Step
from reconciler.model.schema import Schema

# A foreign key to a table of the same database; a name in a comment at worst adds a neighbour.
_REFERENCE = re.compile(r"REFERENCES (`(?:[^`]|``)+`) \(")
_CONSTRAINT = re.compile(r"CONSTRAINT (`(?:[^`]|``)+`) ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """`steps` with their places in the whole; `tables` are all names that can occur, neighbours
    among them; `related` are, by table, those whose definition its change can change; `behind` is
    the place behind the whole."""

    steps: tuple[tuple[int, Step], ...]
    tables: frozenset[str]
    related: Mapping[str, frozenset[str]]
    behind: int

    def around(self, step: Step) -> frozenset[str]:
        names = names_of(step)
        return names.union(*(self.related.get(name, frozenset()) for name in names))


def parts_of(steps: Sequence[Step], texts: Mapping[str, str], desired: Schema) -> tuple[Part, ...]:
    """Every step is in exactly one part, in its order. `texts` are all definitions on the shard."""
    related = _related(texts, desired)
    touched = sorted({name for step in steps for name in names_of(step)})
    groups = _Groups(touched)
    for step in steps:
        groups.join(names_of(step))
    for name in touched:
        groups.join({name, *(related.get(name, frozenset()) & set(touched))})
    groups.join(_new_and_alone(steps, related))
    return tuple(_part(members, steps, related) for members in groups.all())


def _part(
    members: frozenset[str], steps: Sequence[Step], related: Mapping[str, frozenset[str]]
) -> Part:
    tables = members.union(*(related.get(name, frozenset()) for name in members))
    return Part(
        steps=tuple((place, step) for place, step in enumerate(steps) if names_of(step) <= members),
        tables=tables,
        related={name: related[name] for name in sorted(tables & related.keys())},
        behind=len(steps),
    )


def names_of(step: Step) -> frozenset[str]:
    """The names that the step's table has, before, meanwhile and after."""
    ends = (table.name for table in (step.before, step.after) if table is not None)
    meanwhile = () if step.renamed_to is None else (step.renamed_to,)
    return frozenset({step.table, *ends, *meanwhile})


class _Groups:
    """Names that belong together, joined bit by bit."""

    def __init__(self, names: Iterable[str]) -> None:
        self._group = {name: {name} for name in names}

    def join(self, names: Iterable[str]) -> None:
        first, *others = [self._group[name] for name in sorted(names)] or [set()]
        for other in others:
            if other is not first:
                first |= other
                self._group.update(dict.fromkeys(other, first))

    def all(self) -> list[frozenset[str]]:
        distinct = {id(group): group for group in self._group.values()}
        return sorted((frozenset(group) for group in distinct.values()), key=min)


def _related(texts: Mapping[str, str], desired: Schema) -> dict[str, frozenset[str]]:
    """Parents, children and those with a constraint of the same name, now and in the end."""
    pairs = _constraint_pairs(texts, desired)
    pairs |= {
        (table, unquote_identifier(parent))
        for table, text in texts.items()
        for parent in _REFERENCE.findall(text)
    }
    pairs |= {
        (table.name, key.parent_table)
        for table in desired.tables
        for key in table.foreign_keys
        if key.parent_database is None
    }
    found: dict[str, set[str]] = {}
    for child, parent in pairs:
        found.setdefault(child, set()).add(parent)
        found.setdefault(parent, set()).add(child)
    return {name: frozenset(names) for name, names in found.items()}


def _constraint_pairs(texts: Mapping[str, str], desired: Schema) -> set[tuple[str, str]]:
    """Tables with a constraint of one name: one must give it up before the other can have it."""
    users: dict[str, set[str]] = {}
    for table, text in texts.items():
        for name in _CONSTRAINT.findall(text):
            users.setdefault(unquote_identifier(name).lower(), set()).add(table)
    for wanted in desired.tables:
        names = [*(key.name for key in wanted.foreign_keys), *(c.name for c in wanted.checks)]
        for name in names:
            users.setdefault(name.lower(), set()).add(wanted.name)
    return {pair for tables in users.values() for pair in permutations(sorted(tables), 2)}


def _new_and_alone(steps: Iterable[Step], related: Mapping[str, frozenset[str]]) -> set[str]:
    """New tables without foreign keys: they need no copies, and one database serves them all."""
    return {
        step.table
        for step in steps
        if step.operation is Operation.CREATE_TABLE and not related.get(step.table)
    }
