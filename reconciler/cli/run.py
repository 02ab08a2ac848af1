"""The repository at hand, as verbs over keyspaces begin with it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import click

from reconciler.cli.streams import remark
from reconciler.cli.trees import open_tree
from reconciler.errors import ReconcilerError
from reconciler.flows.keyspaces import Loaded, choose_environment, deployments_named
from reconciler.spec.load import load_repository
from reconciler.spec.regions import in_region


def load(repo: Path, ref: str | None) -> Loaded:
    """From the working tree, or from the tree of the commit that `ref` names."""
    tree = open_tree(repo, ref)
    return Loaded(root=repo.resolve(), tree=tree, keyspaces=load_repository(tree))


def load_to_look(
    repo: Path,
    ref: str | None,
    environment: str | None,
    asked: Sequence[str],
    *,
    region: str | None,
    observations: Path | None,
) -> Loaded:
    """What is to be looked at, by asking shards or by what others saw of them."""
    if observations and region:
        raise click.UsageError("--observations are those of all regions; --region looks at one.")
    loaded = load(repo, ref)
    if not observations:
        tell_where_to_look(loaded, environment, asked, region)
    return loaded


def tell_where_to_look(
    loaded: Loaded, environment: str | None, asked: Sequence[str], region: str | None = None
) -> None:
    """What is about to be looked at. What is wrong with the question is for the answer to say."""
    with suppress(ReconcilerError):
        chosen = choose_environment(loaded.keyspaces, environment)
        for name in deployments_named(loaded.keyspaces, chosen) or (chosen,):
            for keyspace, files in loaded.sound.items():
                found = files.spec.environment(name)
                if found is not None and keyspace in (asked or (keyspace,)):
                    number = len((in_region(found, region) if region else found).shards)
                    shards = f"{number:,} shard{'' if number == 1 else 's'} of " if number else ""
                    remark(f"looking at {shards}{keyspace} in {name}")
