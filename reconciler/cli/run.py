"""The repository at hand, as verbs over keyspaces begin with it."""

from __future__ import annotations

from pathlib import Path

from reconciler.cli.wire import open_tree
from reconciler.flows.keyspaces import Loaded
from reconciler.spec.load import load_repository


def load(repo: Path, ref: str | None) -> Loaded:
    """From the working tree, or from the tree of the commit that `ref` names."""
    tree = open_tree(repo, ref)
    return Loaded(root=repo.resolve(), tree=tree, keyspaces=load_repository(tree))
