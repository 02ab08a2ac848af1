"""What a shell offers after a verb: names that the repository's own files hold.

Whatever cannot be read offers nothing: a completion is no place for an error.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.errors import ReconcilerError

if TYPE_CHECKING:
    from reconciler.spec.load import DesiredFiles


def keyspaces(context: click.Context, _option: click.Parameter, begun: str) -> list[str]:
    return _offered(_keyspaces(context), begun)


def environments(context: click.Context, _option: click.Parameter, begun: str) -> list[str]:
    return _offered(_environments(context), begun)


def shards(context: click.Context, _option: click.Parameter, begun: str) -> list[str]:
    """Of the keyspaces that are named already, or of all."""
    return _offered(_shards(context), begun)


def plan_ids(context: click.Context, _option: click.Parameter, begun: str) -> list[str]:
    """As people say them, of the plans that are in the repository's folder now."""
    return _offered(_plan_ids(context), begun)


def _offered(names: Iterator[str], begun: str) -> list[str]:
    try:
        return sorted({name for name in names if name.startswith(begun)})
    except (ReconcilerError, OSError, ValueError):
        return []


def _keyspaces(context: click.Context) -> Iterator[str]:
    """By the names of their files, which are the keyspaces'."""
    folder = _repository(context) / "specs"
    yield from (path.stem for path in folder.glob("*.yaml"))


def _environments(context: click.Context) -> Iterator[str]:
    for files in _specs(context):
        for environment in files.spec.environments:
            yield environment.name
            if environment.deployment_of is not None:
                yield environment.deployment_of


def _shards(context: click.Context) -> Iterator[str]:
    for files in _specs(context):
        for environment in files.spec.environments:
            yield from (shard.name for shard in environment.shards)


def _plan_ids(context: click.Context) -> Iterator[str]:
    from reconciler.limits import PLAN_BYTES_MAX
    from reconciler.plan.codec import load_plan
    from reconciler.report.summary import short_id

    for path in (_repository(context) / "plans").glob("*/*.plan.json"):
        if path.stat().st_size <= PLAN_BYTES_MAX:
            yield short_id(load_plan(path.read_bytes(), str(path)).plan_id)


def _specs(context: click.Context) -> Iterable[DesiredFiles]:
    from reconciler.edges.files.working_tree import WorkingTree
    from reconciler.spec.load import DesiredFiles, load_repository

    named = context.params.get("keyspaces") or ()
    for name, files in load_repository(WorkingTree(_repository(context))).items():
        if isinstance(files, DesiredFiles) and (name in named or not named):
            yield files


def _repository(context: click.Context) -> Path:
    """That of `-C`, before the verb or behind it: nothing was changed to yet."""
    before = context.find_root().params.get("folder") or Path()
    return Path(before) / (context.params.get("repo") or Path())
