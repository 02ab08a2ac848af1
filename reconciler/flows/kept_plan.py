"""A plan that some commit of the branch holds."""

from __future__ import annotations

from reconciler.errors import InvalidInput, Problem, Refused
from reconciler.flows.limits import PLAN_ID_CHARS_MIN
from reconciler.plan.codec import load_plan
from reconciler.plan.files import plan_paths
from reconciler.plan.model import Plan
from reconciler.ports.files import History


def find_plan(history: History, plan_id: str | None, environment: str, keyspace: str) -> Plan:
    """The plan of that id (or of one that begins so) in the repository's history; None stands for
    the newest. Raises InvalidInput."""
    wanted = (plan_id or "").removeprefix("sha256:")
    is_told = plan_id is None or len(wanted) >= PLAN_ID_CHARS_MIN
    path = plan_paths(environment, keyspace).json
    for content in history.versions_of(path) if is_told else ():
        try:
            found = load_plan(content, path)
        except Refused:
            continue  # never a plan that was applied
        if found.plan_id.removeprefix("sha256:").startswith(wanted):
            return found
    raise InvalidInput(
        Problem(
            code="plan-unknown",
            message=f"no commit of this branch holds a plan{f' {plan_id!r}' if plan_id else ''} for"
            f" {keyspace} in {environment}",
            recovery="take the id, or its first 8 characters, from `reconciler status --history`",
        )
    )
