"""Which keyspaces a change to the repository is about: most pull requests touch no schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reconciler.errors import ReconcilerError
from reconciler.limits import PLAN_BYTES_MAX
from reconciler.plan.files import plan_paths
from reconciler.reshard.plan.files import split_plan_paths
from reconciler.spec.load import DesiredFiles
from reconciler.spec.tree import FileTree, read_if_there

KeyspaceRead = DesiredFiles | ReconcilerError


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a change: its tree, and the keyspaces that were read from it."""

    tree: FileTree
    keyspaces: Mapping[str, KeyspaceRead]


def touched_keyspaces(before: Side, after: Side) -> tuple[str, ...]:
    """Names of the keyspaces whose files or plans differ between the two sides, by content. One
    that cannot be read on either side counts as touched: nobody knows what it says."""
    old, new = before.keyspaces, after.keyspaces
    return tuple(
        name
        for name in sorted(old.keys() | new.keys())
        if _differs(old.get(name), new.get(name))
        or _plans_differ(before.tree, after.tree, new.get(name))
    )


def given_up(before: Side, after: Side) -> tuple[tuple[str, str], ...]:
    """(keyspace, environment) that the change takes out of git's hands. What a spec that cannot be
    read says, nobody knows; `verify` refuses it."""
    old, new = before.keyspaces, after.keyspaces
    broken = {name for name, files in new.items() if not isinstance(files, DesiredFiles)}
    gone = set(_environments(old)) - set(_environments(new))
    return tuple(sorted(pair for pair in gone if pair[0] not in broken))


def _environments(keyspaces: Mapping[str, KeyspaceRead]) -> Iterator[tuple[str, str]]:
    for name, files in keyspaces.items():
        if isinstance(files, DesiredFiles):
            for environment in files.spec.environments:
                yield name, environment.name


def _differs(old: KeyspaceRead | None, new: KeyspaceRead | None) -> bool:
    if isinstance(old, DesiredFiles) and isinstance(new, DesiredFiles):
        return old.digests != new.digests
    return True


def _plans_differ(before: FileTree, after: FileTree, files: KeyspaceRead | None) -> bool:
    if not isinstance(files, DesiredFiles):
        return True
    for environment in files.spec.environments:
        for paths_of in (plan_paths, split_plan_paths):
            paths = paths_of(environment.name, files.spec.keyspace)
            if any(_plan_file(before, p) != _plan_file(after, p) for p in (paths.json, paths.sql)):
                return True
    return False


def _plan_file(tree: FileTree, path: str) -> bytes | None:
    return read_if_there(tree, path, bytes_max=PLAN_BYTES_MAX)
