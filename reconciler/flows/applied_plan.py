"""The plan that an apply runs, for those who show the apply: the ledger keeps its id, git its text.

A plan file of another id is another plan, whatever it says: nothing is told of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from reconciler.errors import ReconcilerError
from reconciler.outcomes.apply import ApplyStatus
from reconciler.plan.files import read_plan
from reconciler.plan.model import Plan
from reconciler.plan.part import restricted
from reconciler.spec.model import Environment
from reconciler.spec.tree import FileTree


class AppliedPlans:
    """`trees` are where a commit's plan may be, the nearest first; one that cannot be read has
    none. What was looked for once is not looked for again."""

    def __init__(self, *trees: Callable[[str], FileTree]) -> None:
        self._trees: Sequence[Callable[[str], FileTree]] = trees
        self._known: dict[tuple[str, str, str, str], Plan | None] = {}

    def with_plan(self, apply: ApplyStatus, environment: Environment) -> ApplyStatus:
        """With what the plan says of the shards that the apply is of; as it is where nobody has
        the plan."""
        plan = self._plan_of(apply)
        if plan is None or apply.region is None:
            return replace(apply, plan=plan)
        own = [row.shard for row in apply.shards]
        own += [
            shard
            for region in environment.regions
            if region.name == apply.region
            for shard in region.shards
        ]
        return replace(apply, plan=replace(plan, core=restricted(plan.core, own)))

    def _plan_of(self, apply: ApplyStatus) -> Plan | None:
        asked = (apply.environment, apply.keyspace, apply.plan_id, apply.commit)
        if asked not in self._known:
            found = (_read(tree, apply) for tree in self._trees)
            self._known[asked] = next((plan for plan in found if plan is not None), None)
        return self._known[asked]


def _read(tree: Callable[[str], FileTree], apply: ApplyStatus) -> Plan | None:
    try:
        plan = read_plan(tree(apply.commit), apply.environment, apply.keyspace)
    except ReconcilerError:
        return None
    return plan if plan is not None and plan.plan_id == apply.plan_id else None
