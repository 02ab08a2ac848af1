"""The files of before a plan, for the plan of the way back."""

from __future__ import annotations

from collections.abc import Callable

from reconciler.cli.aim import Aim
from reconciler.cli.streams import remark
from reconciler.edges.files.history import GitHistory
from reconciler.edges.files.writer import WorkingTreeWriter
from reconciler.flows.kept_plan import find_plan
from reconciler.flows.keyspaces import Loaded
from reconciler.flows.revert import revert_files
from reconciler.ports.ledger import Ledger
from reconciler.ports.world import World
from reconciler.spec.load import DesiredFiles, load_keyspace
from reconciler.spec.model import Environment


def reverted(
    plan_id: str,
    files: DesiredFiles,
    environment: Environment,
    world: World,
    loaded: Loaded,
    open_ledger: Callable[[], Ledger],
) -> Aim:
    """The schema files as they were before a plan, written and read again; and what is lost."""
    history = GitHistory(loaded.root, None)
    found = find_plan(history, plan_id, environment.name, files.spec.keyspace)
    writer = WorkingTreeWriter(loaded.root)
    taken = revert_files(world, found, files, environment, writer, open_ledger=open_ledger)
    taken_back = (*taken.written, *taken.removed)
    for path in taken_back:
        remark(f"took back {path}")
    if not taken_back:
        remark("the files are as before that plan already: none was taken back")
    return Aim(load_keyspace(loaded.tree, files.spec.path), taken.notes, taken.takes_back)
