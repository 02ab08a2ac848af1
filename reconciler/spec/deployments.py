"""`deployments` of an environment: one schema on several fleets, in an order (RG-75).

Each becomes an environment of its own before anything else sees the spec: `production` with the
deployments `primary` and `dr` is `production.primary` and `production.dr`, with what the
environment says for all of them, and what each says for itself laid over it. So each has its own
shards, plan, ledger, locks and record, and nothing that knows environments has to learn of a second
kind of them; what is left to know is the order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from reconciler.errors import Problem
from reconciler.model.fleet import is_environment_name
from reconciler.spec.limits import DEPLOYMENTS_MAX, YAML_NODES_MAX
from reconciler.spec.model import Environment, SpecFile
from reconciler.spec.secrets import Path, dotted
from reconciler.spec.yaml_text import Document, Mark

_KEY = "deployments"
# What every deployment has in common: which environment comes before all of them.
_OF_ALL = frozenset({"after", _KEY})
_OWN_NAME = frozenset({"name"})
_Marks = dict[Path, Mark]


def deployment_environment(environment: str, deployment: str) -> str:
    """The name of the environment that a deployment is."""
    return f"{environment}.{deployment}"


def with_deployments(document: Document) -> Document:
    """Each environment that lists deployments replaced by these; what is wrong with a list is among
    the document's faults. A list that is none stays where it is, for the JSON Schema to name."""
    found = document.value.get("environments") if isinstance(document.value, dict) else None
    for name in list(found) if isinstance(found, dict) else ():
        document = _expanded(document, name)
    return document


def placed_among(
    environment: Environment, after: str | None, deployments: Mapping[str, tuple[str, ...]]
) -> Environment:
    """With what comes before it: one that lists deployments comes first with all of them."""
    placed = replace(environment, after=deployments.get(after, (after,)) if after else ())
    for whole, members in deployments.items():
        if placed.name in members:
            earlier = members[: members.index(placed.name)]
            return replace(placed, deployment_of=whole, earlier=earlier)
    return placed


def deployments_of(spec: SpecFile, name: str) -> tuple[Environment, ...]:
    """Those that the environment of this name lists, in its order."""
    found = (env for env in spec.environments if env.deployment_of == name)
    return tuple(sorted(found, key=lambda env: len(env.earlier)))


def same_place(spec: SpecFile, environment: Environment) -> tuple[Environment, ...]:
    """What the keyspace of the spec has where the environment is: of one that lists deployments all
    of them, for a deployment the one of the same name, or what is not divided there."""
    if (same := spec.environment(environment.name)) is not None:
        return (same,)
    if environment.deployment_of is None:
        return deployments_of(spec, environment.name)
    whole = spec.environment(environment.deployment_of)
    return () if whole is None else (whole,)


def _expanded(document: Document, name: str) -> Document:
    assert isinstance(document.value, dict)
    environments: Any = document.value["environments"]
    whole = environments[name]
    listed = whole.get(_KEY) if isinstance(whole, dict) else None
    if not isinstance(listed, list) or not listed:
        return document
    at: Path = ("environments", name)
    faults = tuple(_faults(document, at, listed, environments))
    members = {} if faults else {deployment_environment(name, one["name"]): one for one in listed}
    base = {key: value for key, value in whole.items() if key != _KEY}
    laid = {member: _laid_over(base, one) for member, one in members.items()}
    # With a fault the environment is none: what else is wrong with it, nobody could tell.
    others = {key: value for key, value in environments.items() if key != name}
    values, keys = dict(document.values), dict(document.keys)
    for marks in (values, keys):
        inside = {path[2:]: mark for path, mark in marks.items() if path[:2] == at}
        for i, member in enumerate(members):
            without = frozenset(listed[i]) - {"connection"} | {_KEY}
            marks.update(_moved(inside, (), ("environments", member), without))
            marks.update(_moved(inside, (_KEY, i), ("environments", member), _OWN_NAME))
    for i, member in enumerate(members):
        keys["environments", member] = document.values[*at, _KEY, i, "name"]
    return replace(
        document,
        value={**document.value, "environments": {**others, **laid}},
        values=values,
        keys=keys,
        deployments={**document.deployments, name: tuple(members)},
        faults=(*document.faults, *faults),
    )


def _laid_over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """As the connection of a shard is laid over that of its environment; so is the ledger: who says
    only for how long it keeps means the same one. All else is replaced."""
    laid = {**base, **{key: value for key, value in own.items() if key != "name"}}
    shared, ours = base.get("connection"), own.get("connection")
    if isinstance(shared, dict) and isinstance(ours, dict):
        if ours.keys() & {"host", "port"}:
            shared = {key: value for key, value in shared.items() if key != "socket"}
        laid["connection"] = {**shared, **ours}
    if own.get("ledger") and "ledger" in base:
        laid["ledger"] = _ledger_laid_over(base["ledger"], own["ledger"])
    return laid


def _ledger_laid_over(shared: Any, own: Any) -> Any:
    """An address alone is a ledger with nothing else said of it."""
    if not isinstance(shared, dict) and not isinstance(own, dict):
        return own
    whole, ours = ({"url": one} if isinstance(one, str) else one for one in (shared, own))
    both = isinstance(whole, dict) and isinstance(ours, dict)
    return {**whole, **ours} if both else own


def _moved(marks: _Marks, at: Path, to: Path, without: frozenset[str]) -> _Marks:
    depth, left_out = len(at), {(key,) for key in without}
    return {
        (*to, *path[depth:]): mark
        for path, mark in marks.items()
        if path[:depth] == at and path[depth : depth + 1] not in left_out
    }


def _faults(
    document: Document, at: Path, listed: list[Any], environments: Mapping[str, Any]
) -> Iterator[Problem]:
    here: Path = (*at, _KEY)
    size = sum(path[:2] == at for path in document.values)
    if len(listed) > DEPLOYMENTS_MAX:
        what = f"{dotted(here)} has {len(listed)} deployments, more than {DEPLOYMENTS_MAX}"
        recovery = "cut the fleet into keyspaces: each deployment looks at all before it"
        yield _problem(document, here, what, recovery)
        return
    if size * len(listed) > YAML_NODES_MAX:
        what = f"{dotted(at)}, written out for each deployment, has over {YAML_NODES_MAX} values"
        yield _problem(document, here, what, "let each deployment list its own shards")
        return
    first: dict[str, int] = {}
    for i, one in enumerate(listed):
        yield from _of_one((*here, i), one, document, at, environments)
        name = one.get("name") if isinstance(one, dict) else None
        # Their plans are in folders, and their names at a forge: case does not count there.
        if isinstance(name, str) and (other := first.setdefault(name.lower(), i)) != i:
            line = document.where((*here, other)).line
            what = f"deployment {name[:80]!r} is listed twice; the first is on line {line}"
            yield _problem(document, (*here, i, "name"), what, "give it a name of its own")


def _of_one(
    here: Path, one: Any, document: Document, at: Path, environments: Mapping[str, Any]
) -> Iterator[Problem]:
    name = one.get("name") if isinstance(one, dict) else None
    if not isinstance(one, dict) or not isinstance(name, str):
        what = f"{dotted(here)} is no mapping with a `name`"
        yield _problem(document, here, what, "write {name: primary, connection: {...}}")
        return
    own = deployment_environment(str(at[-1]), name)
    if "." in name or not is_environment_name(name) or not is_environment_name(own):
        what = f"{dotted((*here, 'name'))} makes no environment's name: {name[:80]!r}"
        recovery = f"write letters, digits, '_' and '-'; {at[-1]}.NAME has 64 of them at most"
        yield _problem(document, (*here, "name"), what, recovery)
    if any(own.lower() == str(other).lower() for other in environments):
        what = f"deployment {name[:80]!r} is the environment {own!r}, which this spec has already"
        yield _problem(document, (*here, "name"), what, "rename one of the two")
    for key in sorted(_OF_ALL & one.keys()):
        what = f"{dotted((*here, key))} cannot be said of one deployment"
        recovery = f"say it of {at[-1]}: deployments come one after the other, as they are listed"
        yield _problem(document, (*here, key), what, recovery)


def _problem(document: Document, at: Path, message: str, recovery: str) -> Problem:
    return Problem(
        code="spec-deployments", message=message, recovery=recovery, where=document.where(at)
    )
