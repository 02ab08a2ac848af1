"""Where a move's plan is in the repository, and reading it from a tree as not to be trusted."""

from __future__ import annotations

from reconciler.limits import PLAN_BYTES_MAX
from reconciler.plan.files import PLANS_DIRECTORY, PlanPaths, read_text
from reconciler.reshard.plan.check import check_split_plan
from reconciler.reshard.plan.codec import load_split_plan
from reconciler.reshard.plan.model import SplitPlan
from reconciler.spec.tree import FileTree, read_if_there


def split_plan_paths(environment: str, keyspace: str) -> PlanPaths:
    stem = f"{PLANS_DIRECTORY}/{environment}/{keyspace}.split"
    return PlanPaths(json=f"{stem}.json", sql=f"{stem}.sql")


def read_split_plan(tree: FileTree, environment: str, keyspace: str) -> SplitPlan | None:
    """The committed plan, checked in every way that needs no server; None if there is no file.
    Raises Refused for anything that is not a sound plan of this keyspace and environment."""
    paths = split_plan_paths(environment, keyspace)
    content = read_if_there(tree, paths.json, bytes_max=PLAN_BYTES_MAX)
    if content is None:
        return None
    plan = load_split_plan(content, paths.json)
    readable = read_text(tree, paths.sql)
    check_split_plan(plan, environment=environment, keyspace=keyspace, readable_sql=readable)
    return plan
