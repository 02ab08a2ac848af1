"""What a kind of keyspace has no use for: refused where it stands, with what to write instead.

A key that is read and then not kept would be a limit that nobody keeps (GD-10): behind Vitess there
is no server of a shard to count threads on by its address, and no engine but Vitess' own (VT-11);
PlanetScale runs what it deploys by itself, on all shards at once (PS-12).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.errors import Problem
from reconciler.spec.model import KeyspaceKind
from reconciler.spec.secrets import Path, dotted
from reconciler.spec.yaml_text import Document

_BEHIND_VITESS = ("direct", "vitess")  # words of `EngineName`
_ONLY_BEHIND_VITESS = "vitess"
_BLOCKS = {KeyspaceKind.VITESS: "vitess", KeyspaceKind.PLANETSCALE: "planetscale"}
_ADDRESSES = {
    KeyspaceKind.VITESS: {
        "connection": "name vtgate and vtctld in `vitess`; the spec has no connection to a shard",
        "regions": "remove it: vtgate leads to every shard, wherever it is",
        "preflight": "remove it: rows behind vtgate are not asked",
        "quarantine": "remove it: vtgate leads queries to every shard, with one VSchema for all",
    },
    KeyspaceKind.PLANETSCALE: {
        "connection": "name the database in `planetscale`; PlanetScale gives the logins",
        "shards": "remove it: the shards are PlanetScale's",
        "regions": "remove it: PlanetScale deploys to all shards at once",
        "retiring": "remove it: the shards are PlanetScale's",
        "quarantine": "remove it: PlanetScale deploys to all shards at once",
        "reshard": "remove it: the shards are PlanetScale's",
        "preflight": "remove it: the rows are PlanetScale's, behind its own checks",
        "engine": "remove it: PlanetScale runs what it deploys by itself",
    },
}
_OF_SPEC = {
    KeyspaceKind.VITESS: {
        "key_function": "remove it: vindexes of the VSchema give rows their shards",
        "tables": "remove it: the VSchema says what each table is spread by",
        "manage": "remove it: behind vtgate only tables are managed",
        "definer": "remove it: behind vtgate only tables are managed",
    },
    KeyspaceKind.PLANETSCALE: {
        "key_function": "remove it: PlanetScale gives rows their shards",
        "tables": "remove it: PlanetScale gives rows their shards",
        "manage": "remove it: PlanetScale deploys tables alone",
        "definer": "remove it: PlanetScale deploys tables alone",
        "engine": "remove it: PlanetScale runs what it deploys by itself",
    },
}
_RESHARD = {
    KeyspaceKind.VITESS: {
        "fence_budget": "remove it: Vitess itself keeps writes waiting while it switches",
        "rows_per_chunk": "remove it: VReplication chooses how much it copies at a time",
        "layout": "remove it: Vitess' targets are always new shards",
        "ceilings": "remove it: shards behind vtgate are not measured",
    },
}
_BY_ITSELF = "remove it: PlanetScale runs what it deploys by itself"
_ALL_AT_ONCE = "remove it: PlanetScale deploys to all shards at once"
_ROLLOUT = {
    KeyspaceKind.VITESS: {
        "parallel_per_host": "remove it: shards are reached over vtgate; `parallel` bounds them",
        "replica_lag_max": "remove it: Vitess' own throttler watches the replicas",
        "kill_blockers": "remove it: vtgate ends no session of a shard's server",
    },
    KeyspaceKind.PLANETSCALE: {
        **dict.fromkeys(("canary", "waves", "soak", "gate"), _ALL_AT_ONCE),
        **dict.fromkeys(("promote_if", "on_failure"), _ALL_AT_ONCE),
        **dict.fromkeys(("parallel", "parallel_per_host"), _ALL_AT_ONCE),
        **dict.fromkeys(("lock_wait", "lock_retries", "run_limit"), _BY_ITSELF),
        **dict.fromkeys(("replica_lag_max", "threads_running_max"), _BY_ITSELF),
        **dict.fromkeys(("disk_free_min", "kill_blockers"), _BY_ITSELF),
    },
}


def check_kind(document: Document, sound: Mapping[str, Any]) -> Iterator[Problem]:
    """Of a file whose `kind` is sound; `sound` as in `checks`."""
    stated = isinstance(document.value, dict) and "kind" in document.value
    if stated and "kind" not in sound:
        return
    kind = KeyspaceKind(sound.get("kind", KeyspaceKind.MYSQL))
    yield from _without_meaning(document, (), sound, kind, _OF_SPEC)
    if kind is not KeyspaceKind.PLANETSCALE:
        yield from _engines(document, ("engine",), sound.get("engine", {}), kind)
    for name, environment in sound.get("environments", {}).items():
        at = ("environments", name)
        if kind is not KeyspaceKind.PLANETSCALE:
            yield from _engines(document, (*at, "engine"), environment.get("engine", {}), kind)
        yield from _environment(document, at, environment, kind)


def _environment(
    document: Document, at: Path, value: Mapping[str, Any], kind: KeyspaceKind
) -> Iterator[Problem]:
    for other, block in _BLOCKS.items():
        if block in value and other is not kind:
            what = f"{dotted((*at, block))} is for a keyspace of `kind: {other}`"
            instead = f"name {_own_blocks(kind)} instead"
            recovery = f"write `kind: {other}` at the top of the spec, or {instead}"
            yield _problem(document, (*at, block), what, recovery)
    yield from _without_meaning(document, at, value, kind, _ADDRESSES)
    if kind is KeyspaceKind.VITESS:
        yield from _names_alone(document, at, value)
    for part, keys in (("rollout", _ROLLOUT), ("reshard", _RESHARD)):
        for key, recovery in keys.get(kind, {}).items():
            if key in value.get(part, {}):
                here = (*at, part, key)
                what = f"{dotted(here)} cannot be kept with `kind: {kind}`"
                yield _problem(document, here, what, recovery)
    if kind is KeyspaceKind.VITESS:
        yield from _metrics_alone(document, (*at, "rollout"), value.get("rollout", {}))


def _metrics_alone(document: Document, at: Path, rollout: Mapping[str, Any]) -> Iterator[Problem]:
    for i, check in enumerate(rollout.get("promote_if", ())):
        if "query" in check:
            here = (*at, "promote_if", i, "query")
            what = f"{dotted(here)} cannot be kept with `kind: vitess`"
            recovery = "ask a server of metrics (`prometheus`): no shard behind vtgate is asked"
            yield _problem(document, here, what, recovery)


def _names_alone(document: Document, at: Path, value: Mapping[str, Any]) -> Iterator[Problem]:
    """Where a shard is, the topology knows (decision 49)."""
    for key in ("shards", "retiring"):
        listed = value.get(key, ())
        for here, entry in enumerate(() if isinstance(listed, dict) else listed):
            if not isinstance(entry, str):
                place = (*at, key, here)
                what = f"{dotted(place)} says more than a name with `kind: vitess`"
                yield _problem(document, place, what, "write the shard's name alone")
    if "retiring" in value and "shards" not in value:
        what = f"{dotted((*at, 'retiring'))} without `shards`: nothing says what replaces them"
        recovery = "list in `shards` every shard that shall serve, by name"
        yield _problem(document, (*at, "retiring"), what, recovery)
    if isinstance(value.get("shards"), dict) and "overrides" in value["shards"]:
        what = f"{dotted((*at, 'shards', 'overrides'))} has no meaning with `kind: vitess`"
        yield _problem(document, (*at, "shards", "overrides"), what, "remove it")


def _own_blocks(kind: KeyspaceKind) -> str:
    return f"`{_BLOCKS[kind]}`" if kind in _BLOCKS else "`connection` and `shards`"


def _without_meaning(
    document: Document,
    at: Path,
    value: Mapping[str, Any],
    kind: KeyspaceKind,
    keys: Mapping[KeyspaceKind, Mapping[str, str]],
) -> Iterator[Problem]:
    for key, recovery in keys.get(kind, {}).items():
        if key in value:
            what = f"{dotted((*at, key))} has no meaning with `kind: {kind}`"
            yield _problem(document, (*at, key), what, recovery)


def _engines(
    document: Document, at: Path, value: Mapping[str, Any], kind: KeyspaceKind
) -> Iterator[Problem]:
    for here, name in _named(at, value):
        if kind is KeyspaceKind.VITESS and name not in _BEHIND_VITESS:
            what = f"{dotted(here)}: engine {name} does not work behind Vitess"
            recovery = "use vitess (its Online DDL) or direct"
            yield _problem(document, here, what, recovery)
        if kind is KeyspaceKind.MYSQL and name == _ONLY_BEHIND_VITESS:
            what = f"{dotted(here)}: engine {name} is Vitess' Online DDL"
            recovery = "write `kind: vitess` at the top of the spec, or use another engine"
            yield _problem(document, here, what, recovery)


def _named(at: Path, value: Mapping[str, Any]) -> Iterator[tuple[Path, str]]:
    """Every engine that a choice of engines names, and where."""
    uses = {(*at, "default"): value.get("default", ())}
    uses |= {(*at, key, "use"): value[key]["use"] for key in ("rebuild", "index") if key in value}
    uses |= {(*at, "tables", name): use for name, use in value.get("tables", {}).items()}
    for here, use in uses.items():
        if isinstance(use, str):
            yield here, use
        else:
            yield from (((*here, i), name) for i, name in enumerate(use))


def _problem(document: Document, at: Path, message: str, recovery: str) -> Problem:
    return Problem(
        code="spec-not-of-kind", message=message, recovery=recovery, where=document.where(at)
    )
