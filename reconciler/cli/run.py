"""What verbs over keyspaces share: read the repository, choose an environment, do each one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from reconciler.cli.wire import open_tree
from reconciler.errors import ReconcilerError
from reconciler.flows.keyspaces import choose_environment, for_each_keyspace
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.spec.load import DesiredFiles, load_repository
from reconciler.spec.model import Environment
from reconciler.spec.tree import FileTree

Outcome = TypeVar("Outcome")


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """The repository as one tree shows it; a keyspace that could not be read is its error."""

    root: Path
    tree: FileTree
    keyspaces: Mapping[str, DesiredFiles | ReconcilerError]

    @property
    def sound(self) -> dict[str, DesiredFiles]:
        """The keyspaces that could be read."""
        return {
            name: files for name, files in self.keyspaces.items() if isinstance(files, DesiredFiles)
        }

    def environments(self, asked: Sequence[str]) -> list[str]:
        """Those asked for, or all of the specs. With every spec broken there is no name, and what
        is wrong must still be said of something. Raises UsageError for a name that no spec has,
        unless one that cannot be read may have it: of nothing, nothing would be wrong (GD-10)."""
        if len(self.sound) == len(self.keyspaces):
            for name in asked:
                choose_environment(self.keyspaces, name)
        named = {each.name for files in self.sound.values() for each in files.spec.environments}
        return sorted(set(asked) or named) or ["(none)"]

    def each(
        self,
        environment: str | None,
        asked: Sequence[str],
        work: Callable[[DesiredFiles, Environment], Outcome],
    ) -> list[Outcome | KeyspaceFailed]:
        chosen = choose_environment(self.keyspaces, environment)
        return for_each_keyspace(self.keyspaces, chosen, asked, work)


def load(repo: Path, ref: str | None) -> Loaded:
    """From the working tree, or from the tree of the commit that `ref` names."""
    tree = open_tree(repo, ref)
    return Loaded(root=repo.resolve(), tree=tree, keyspaces=load_repository(tree))
