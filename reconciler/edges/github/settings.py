"""Reads the settings of a repository; what the token may not see is None, never a default."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from reconciler.edges.github.client import GithubClient
from reconciler.edges.github.fields import Fields
from reconciler.errors import Unavailable
from reconciler.guard.forge_settings import (
    BranchRules,
    CodeOwners,
    ForgeEnvironment,
    ForgeSettings,
    JobToken,
    RequiredCheck,
    Schedule,
)
from reconciler.guard.review.code_owners import CODE_OWNERS_PATHS
from reconciler.limits import CODE_OWNERS_BYTES_MAX

Read = TypeVar("Read")


def read_settings(
    client: GithubClient,
    repository: str,
    file: Callable[[str, str], bytes | None],
) -> ForgeSettings:
    """`file` reads a path at a branch. Raises Unavailable if not even the repository can be
    seen."""
    at = f"/repos/{repository}"
    branch = Fields(client.get(at), at).text("default_branch")
    return ForgeSettings(
        default_branch=branch,
        rules=_seen(lambda: _rules(client, at, branch)),
        environments=_seen(lambda: _environments(client, at)),
        code_owners=_seen(lambda: _code_owners(client, at, branch, file)),
        job_token=_seen(lambda: _job_token(client, at)),
        dead_workflows=_seen(lambda: _dead_workflows(client, at)),
        schedule=_seen(lambda: _schedule(client, at)),
    )


def _seen(read: Callable[[], Read | None]) -> Read | None:
    try:
        return read()
    except Unavailable:
        return None


def _rules(client: GithubClient, at: str, branch: str) -> BranchRules | None:
    """Rule sets and classic protection hold together. GitHub answers 404 for classic protection
    both where there is none and where the token may not see it; the branch itself tells whether
    there is any protection."""
    name = quote(branch, safe="/")
    newer = _seen(lambda: client.pages(f"{at}/rules/branches/{name}"))
    classic = client.find(f"{at}/branches/{name}/protection")
    if not newer and classic is None:
        is_protected = Fields(client.get(f"{at}/branches/{name}"), at).flag("protected")
        if newer is None or is_protected:
            return None
    rules: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in newer or []:
        rules[Fields(row, at).text("type")].append(_dict(row, "parameters"))
    classic = classic if isinstance(classic, dict) else {}
    return _together(classic, rules)


def _together(classic: dict[str, Any], rules: dict[str, list[dict[str, Any]]]) -> BranchRules:
    """The strictest of each: several rule sets can hold for one branch."""
    review, newer = _dict(classic, "required_pull_request_reviews"), rules["pull_request"]
    checks, newer_checks = _dict(classic, "required_status_checks"), rules["required_status_checks"]
    counts = [row.get("required_approving_review_count") for row in (review, *newer)]
    return BranchRules(
        approvals=max((count for count in counts if isinstance(count, int)), default=0),
        dismisses_stale=_any([review], "dismiss_stale_reviews")
        or _any(newer, "dismiss_stale_reviews_on_push"),
        code_owners=_any([review], "require_code_owner_reviews")
        or _any(newer, "require_code_owner_review"),
        last_push_approval=_any([review, *newer], "require_last_push_approval"),
        checks=_checks(checks.get("checks"), "app_id")
        + tuple(
            check
            for row in newer_checks
            for check in _checks(row.get("required_status_checks"), "integration_id")
        ),
        verifies_what_is_merged="merge_queue" in rules
        or _any([checks], "strict")
        or _any(newer_checks, "strict_required_status_checks_policy"),
        allows_force_push="non_fast_forward" not in rules
        and _dict(classic, "allow_force_pushes").get("enabled") is not False,
    )


def _checks(rows: Any, source: str) -> tuple[RequiredCheck, ...]:
    return tuple(
        RequiredCheck(context=str(row["context"]), source=_app(row.get(source)))
        for row in rows or []
    )


def _app(value: Any) -> int | None:
    """Classic protection says -1 for any source."""
    return value if isinstance(value, int) and value > 0 else None


def _any(rows: Iterable[dict[str, Any]], key: str) -> bool:
    return any(row.get(key) is True for row in rows)


def _dict(value: dict[str, Any], key: str) -> dict[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _environments(client: GithubClient, at: str) -> tuple[ForgeEnvironment, ...]:
    rows = client.pages(f"{at}/environments", items="environments")
    return tuple(_environment(client, at, Fields(row, at), row) for row in rows)


def _environment(
    client: GithubClient, at: str, fields: Fields, row: dict[str, Any]
) -> ForgeEnvironment:
    name, policy = fields.text("name"), fields.inner_or_none("deployment_branch_policy")
    reviewers = sum(
        len(rule.get("reviewers", []))
        for rule in row.get("protection_rules", [])
        if rule.get("type") == "required_reviewers"
    )
    branches: tuple[str, ...] | None = None
    if policy is not None and policy.flag("custom_branch_policies"):
        path = f"{at}/environments/{quote(name, safe='')}/deployment-branch-policies"
        chosen = client.pages(path, items="branch_policies")
        branches = tuple(sorted(Fields(each, path).text("name") for each in chosen))
    return ForgeEnvironment(
        name=name,
        limits_branches=policy is not None,
        branches=branches,
        reviewers=reviewers,
    )


def _code_owners(
    client: GithubClient, at: str, branch: str, file: Callable[[str, str], bytes | None]
) -> CodeOwners:
    found = (file(branch, path) for path in CODE_OWNERS_PATHS)
    content = next((text for text in found if text is not None), None)
    if content is None:
        return CodeOwners(text=None)
    path = f"{at}/codeowners/errors"
    answer = client.find(path, {"ref": branch})
    mistakes = [] if answer is None else Fields(answer, path).items("errors")
    return CodeOwners(
        text=content[:CODE_OWNERS_BYTES_MAX].decode(errors="replace"),
        mistakes=tuple(Fields(row, path).text("kind") for row in mistakes),
    )


def _job_token(client: GithubClient, at: str) -> JobToken:
    path = f"{at}/actions/permissions/workflow"
    found = Fields(client.get(path), path)
    return JobToken(
        may_write=found.text("default_workflow_permissions") != "read",
        may_approve=found.flag("can_approve_pull_request_reviews"),
    )


def _dead_workflows(client: GithubClient, at: str) -> tuple[str, ...]:
    path = f"{at}/actions/workflows"
    rows = [Fields(row, path) for row in client.pages(path, items="workflows")]
    return tuple(row.text("path") for row in rows if row.text("state") != "active")


def _schedule(client: GithubClient, at: str) -> Schedule:
    """GitHub lists runs newest first."""
    path = f"{at}/actions/runs"
    answer = Fields(client.get(path, {"event": "schedule", "per_page": 1}), path)
    rows = [Fields(row, path) for row in answer.items("workflow_runs")]
    times = [datetime.fromisoformat(row.text("created_at")).timestamp() for row in rows]
    return Schedule(last_run_s=max(times, default=None))
