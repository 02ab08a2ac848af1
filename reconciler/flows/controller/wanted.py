"""What the tip of the protected branch asks of each keyspace in each environment."""

from __future__ import annotations

import hashlib

from reconciler.controller.model import Place, Wanted
from reconciler.errors import ReconcilerError
from reconciler.flows.keyspace_order import places_before
from reconciler.flows.keyspaces import Loaded
from reconciler.plan.files import read_plan
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment


def wanted_of(loaded: Loaded, commit: str) -> tuple[Wanted, ...]:
    """Of every keyspace that could be read; by environment, then by keyspace."""
    found = (
        _wanted(loaded, commit, files, environment)
        for files in loaded.sound.values()
        for environment in files.spec.environments
    )
    return tuple(sorted(found, key=lambda wanted: wanted.place))


def broken_in(loaded: Loaded) -> tuple[str, ...]:
    """The keyspaces that could not be read: of these nothing is known, and nothing is begun."""
    return tuple(sorted(set(loaded.keyspaces) - set(loaded.sound)))


def _wanted(loaded: Loaded, commit: str, files: DesiredFiles, environment: Environment) -> Wanted:
    work, plan_id = _work(loaded, commit, files, environment.name)
    keyspace = files.spec.keyspace
    before = (
        Place(here.name, found.spec.keyspace)
        for found, here in places_before(loaded.keyspaces, files, environment)
    )
    return Wanted(
        place=Place(environment.name, keyspace),
        work=work,
        plan_id=plan_id,
        drift_every_s=environment.drift_every_s,
        after=environment.after,
        earlier=environment.earlier,
        behind=tuple(place for place in before if place.keyspace != keyspace),
        is_moving=bool(environment.retiring),
    )


def _work(
    loaded: Loaded, commit: str, files: DesiredFiles, environment: str
) -> tuple[str, str | None]:
    """With the plan's id, if there is one. A plan that is not sound is another one with each
    commit: what is wrong with it, an apply says, and that once."""
    try:
        plan = read_plan(loaded.tree, environment, files.spec.keyspace)
    except ReconcilerError:
        return f"unsound at {commit}", None
    if plan is not None:
        return plan.plan_id, plan.plan_id
    digest = hashlib.sha256(repr(files.digests).encode()).hexdigest()
    return f"no plan for {digest}", None
