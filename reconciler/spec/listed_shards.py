"""`shards: {file: specs/NAME.shards}`: a list in a file of its own.

It is written out before anything else sees the spec, so that nothing that knows shards has to learn
of a second kind of them (GD-18).

The file lies beside the specs, and is read from the same tree: who owns those owns it, and a commit
says which shards there are as it says everything else.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

from reconciler.errors import Problem
from reconciler.limits import SPEC_BYTES_MAX
from reconciler.spec.inventory import numbered_shards
from reconciler.spec.secrets import Path
from reconciler.spec.text import text_of
from reconciler.spec.tree import FileTree
from reconciler.spec.yaml_text import Document, Mark, read_yaml

# As the JSON Schema has it: what is not of this shape stays where it is, for the schema to name.
_FILE = re.compile(r"specs/[A-Za-z0-9_][A-Za-z0-9_.-]*\.shards", re.ASCII)
_NOBODYS = {"host": "shards.invalid", "database": "shards", "user": "shards"}


def with_listed_shards(document: Document, tree: FileTree | None) -> Document:
    """Each list read from `tree`; without one it is a fault of the document's. Raises InvalidInput
    or Refused for a file that cannot be read, or is none."""
    texts: dict[str, str] = {}
    value: Any = document.value
    values = dict(document.values)
    faults = []
    for at, path in _places(value):
        if tree is None:
            faults.append(_no_tree(document, at, path))
            continue
        if path not in texts:
            texts[path] = text_of(tree.read(path, bytes_max=SPEC_BYTES_MAX), path)
        entries = numbered_shards(texts[path], path, is_host_needed=False)
        value = _replaced(value, at, partial(_entries, list(entries.values())))
        values[at] = Mark(1, 1, path=path)  # of all of them, such as that they leave a gap
        values |= {(*at, i): Mark(line, 1, path=path) for i, line in enumerate(entries)}
    faults = [*document.faults, *faults]
    return replace(document, value=value, values=values, lists=texts, faults=tuple(faults))


def lists_of(text: str, path: str, environment: str) -> tuple[str, ...]:
    """The files in which the sound spec `text` lists shards of the environment, or of what it is a
    deployment of."""
    places = _places(read_yaml(text, path).value)
    whole = environment.partition(".")[0]
    return tuple(sorted({named for at, named in places if at[1] in (environment, whole)}))


def without_listed_shards(document: Document) -> Document:
    """With nothing left of an environment that has such a list but its review rule: for those who
    ask for that alone, of a commit whose list nobody needs."""
    value: Any = document.value
    for at, _ in _places(value):
        value = _replaced(value, at[:2], _rule_alone)
    return replace(document, value=value)


def _entries(listed: list[dict[str, Any]], _: Any) -> list[dict[str, Any]]:
    return listed


def _places(value: Any) -> Iterator[tuple[Path, str]]:
    """Where a list is named, and its file."""
    for name, environment in _pairs(value, "environments"):
        at: Path = ("environments", name)
        yield from _lists(environment, at)
        found = environment.get("deployments") if isinstance(environment, dict) else None
        for i, deployment in enumerate(found if isinstance(found, list) else ()):
            yield from _lists(deployment, (*at, "deployments", i))


def _lists(environment: Any, at: Path) -> Iterator[tuple[Path, str]]:
    holders = [(at, environment)]
    holders += [((*at, "regions", name), one) for name, one in _pairs(environment, "regions")]
    for here, holder in holders:
        shards = holder.get("shards") if isinstance(holder, dict) else None
        path = shards.get("file") if isinstance(shards, dict) and len(shards) == 1 else None
        if isinstance(path, str) and _FILE.fullmatch(path):
            yield (*here, "shards"), path


def _pairs(value: Any, key: str) -> list[tuple[str, Any]]:
    found = value.get(key) if isinstance(value, dict) else None
    return list(found.items()) if isinstance(found, dict) else []


def _replaced(value: Any, at: Path, make: Callable[[Any], Any]) -> Any:
    """`value` with another one at the place; what is around it is copied, for aliases share it."""
    if not at:
        return make(value)
    copy: Any = list(value) if isinstance(value, list) else dict(value)
    copy[at[0]] = _replaced(value[at[0]], at[1:], make)
    return copy


def _rule_alone(environment: dict[str, Any]) -> dict[str, Any]:
    def kept(holder: Any, *keys: str) -> Any:
        return {key: holder[key] for key in keys if key in holder}

    found: dict[str, Any] = kept(environment, "review", "vitess")
    if "vitess" not in found:
        found |= {"connection": _NOBODYS, "shards": ["-"]}
    if isinstance(listed := environment.get("deployments"), list):
        found["deployments"] = [
            kept(one, "name", "review") if isinstance(one, dict) else one for one in listed
        ]
    return found


def _no_tree(document: Document, at: Path, path: str) -> Problem:
    return Problem(
        code="spec-shards",
        message=f"the shards are listed in {path}, and there is no repository to read it from",
        recovery="list them in the spec itself here",
        where=document.where(at),
    )
