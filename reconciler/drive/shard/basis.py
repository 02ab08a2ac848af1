"""What a shard was judged by when the whole keyspace was checked: what its statements are held
against until its last one has run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from reconciler.model.dependents import Dependents
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.server import Flavor, ServerSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedObject:
    """A managed object as the plan leaves it: its fingerprint, and its definition for people."""

    fingerprint: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShardBasis:
    """`fingerprint` reads a live definition of an object of the shard; it raises what a definition
    that is not understood raises. `is_managed` is what policy says of an object, known or not;
    `program_kinds` are those of programs that may be. `after` are all managed objects as they are
    once the plan has run, those that it leaves alone among them. `dependents` is what the plan's
    hazards were judged by. `server` is the one that was looked at, '' if that is not known;
    `settings` are those that statements were proven under, None for any."""

    fingerprint: Callable[[ObjectId, str], str]
    is_managed: Callable[[ObjectId], bool]
    after: Mapping[ObjectId, WantedObject]
    flavor: Flavor
    dependents: Dependents
    server: str = ""
    settings: ServerSettings | None = None
    program_kinds: frozenset[ObjectKind] = frozenset()
