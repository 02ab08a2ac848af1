"""Where a plan is in the repository, and reading it from a tree as something not to be trusted."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.limits import PLAN_BYTES_MAX
from reconciler.plan.codec import load_plan
from reconciler.plan.model import Plan
from reconciler.plan.validate import check_plan
from reconciler.spec.tree import FileTree, read_if_there

PLANS_DIRECTORY = "plans"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanPaths:
    """Relative to the root of the repository."""

    json: str
    sql: str


def plan_paths(environment: str, keyspace: str) -> PlanPaths:
    stem = f"{PLANS_DIRECTORY}/{environment}/{keyspace}.plan"
    return PlanPaths(json=f"{stem}.json", sql=f"{stem}.sql")


def is_plan_file(name: str) -> bool:
    """Whether a file in the folder of an environment is one of the two of a schema's plan, or of a
    move's."""
    return name.endswith((".plan.json", ".plan.sql", ".split.json", ".split.sql"))


def read_plan(tree: FileTree, environment: str, keyspace: str) -> Plan | None:
    """The committed plan, checked in every way that needs no server; None if there is no file.
    Raises Refused for anything that is not a sound plan of this keyspace and environment."""
    paths = plan_paths(environment, keyspace)
    content = read_if_there(tree, paths.json, bytes_max=PLAN_BYTES_MAX)
    if content is None:
        return None
    plan = load_plan(content, paths.json)
    readable = read_text(tree, paths.sql)
    check_plan(plan, environment=environment, keyspace=keyspace, readable_sql=readable)
    return plan


def read_text(tree: FileTree, path: str) -> str | None:
    """None if there is no such file; '' for one that no plan's text could be."""
    content = read_if_there(tree, path, bytes_max=PLAN_BYTES_MAX)
    try:
        return content.decode() if content is not None else None
    except UnicodeDecodeError:
        return ""  # not what any plan renders to: the comparison refuses
