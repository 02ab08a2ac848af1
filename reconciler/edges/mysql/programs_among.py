"""What programs use of shards that are not in their own database, once every shard was looked at.

Rule (PG-34): of a fleet's databases each look has read the programs, and nobody reads them again
but those of one that could not be looked at: whose are not seen, counts as not seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.edges.client.target import Target
from reconciler.edges.mysql.dependents import (
    ELSEWHERE,
    LookedAt,
    ProgramsByName,
    ProgramsElsewhere,
    by_name,
)
from reconciler.model.dependents import Program
from reconciler.model.observation import Observation, ObservedShard
from reconciler.spec.model import ShardSpec

Place = tuple[tuple[str, int, str], str]


@dataclass(frozen=True, slots=True)
class _Seen:
    observed: ObservedShard
    target: Target

    @property
    def database(self) -> str:
        """As the server's catalogues spell it."""
        return self.observed.place.partition("/")[2]

    @property
    def server(self) -> tuple[str, Place]:
        return (self.observed.server, (self.target.address, self.target.user))

    def programs(self) -> Iterator[Program]:
        database = self.database
        for one in self.observed.dependents.programs:
            if one.database is None:
                yield Program(
                    kind=one.kind, name=one.name, text=one.text, database=database, table=one.table
                )


def looked_at(targets: Sequence[tuple[ShardSpec, Target]]) -> LookedAt:
    """The databases of these shards, by where one comes to them."""
    found: dict[Place, set[str]] = {}
    for _, target in targets:
        if target.database:
            found.setdefault((target.address, target.user), set()).add(target.database)
    return {place: frozenset(names) for place, names in found.items()}


def with_programs_among(
    seen: Mapping[str, Observation],
    targets: Sequence[tuple[ShardSpec, Target]],
    elsewhere: ProgramsElsewhere,
    read: Callable[[Target, str, frozenset[str]], ProgramsByName | None],
) -> dict[str, Observation]:
    """The same, with what programs of other databases, the fleet's and all others, use of each.
    `read` gives those of databases that were not looked at; None: not seen."""
    together: dict[tuple[str, Place], list[_Seen]] = {}
    for shard, target in targets:
        observed = seen.get(shard.name)
        if isinstance(observed, ObservedShard):
            one = _Seen(observed, target)
            together.setdefault(one.server, []).append(one)
    found = {**seen}
    for (identity, place), ones in together.items():
        wanted = elsewhere.looked_at.get(place, frozenset())
        lost = wanted.difference(one.target.database or "" for one in ones)
        target = ones[0].target
        left = read(target, identity, lost) if lost else by_name(())
        more = (*elsewhere.beside(identity, target), *(left.programs if left is not None else ()))
        found |= {one.shard: one for one in _among(ones, more, is_blind=left is None)}
    return found


def _among(
    ones: Sequence[_Seen], more: Sequence[Program], *, is_blind: bool
) -> Iterator[ObservedShard]:
    """`more` are of databases that are not theirs; `is_blind`: not all of those were seen."""
    every = by_name(dict.fromkeys((*more, *(p for one in ones for p in one.programs()))))
    for one in ones:
        observed, name, fold = one.observed, one.database, one.observed.settings.fold
        own = (p for p in observed.dependents.programs if p.database is None)
        others = sorted(every.using(name, fold), key=lambda p: (p.kind, p.database or "", p.name))
        programs = (*own, *others)
        is_open = every.is_open_but(name, fold)
        sees = observed.dependents.sees_elsewhere and is_open and not is_blind
        told = () if sees or ELSEWHERE in observed.unseen else (ELSEWHERE,)
        yield replace(
            observed,
            unseen=(*observed.unseen, *told),
            dependents=replace(observed.dependents, programs=programs, sees_elsewhere=sees),
        )
