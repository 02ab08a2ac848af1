"""Reads the settings of a repository; what the token may not see is None, never a default."""

from __future__ import annotations

from typing import Any

from reconciler.edges.github.client import GithubClient
from reconciler.edges.github.fields import Fields
from reconciler.errors import Unavailable
from reconciler.guard.forge_settings import (
    BranchRules,
    ForgeEnvironment,
    ForgeSettings,
    RequiredCheck,
)

CODE_OWNERS_PATHS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")


def read_settings(client: GithubClient, repository: str) -> ForgeSettings:
    """Raises Unavailable if not even the repository can be seen."""
    at = f"/repos/{repository}"
    branch = Fields(client.get(at), at).text("default_branch")
    return ForgeSettings(
        default_branch=branch,
        rules=_rules(client, at, branch),
        environments=_environments(client, at),
        has_code_owners=_has_code_owners(client, at, branch),
        token_may_write=_token_may_write(client, at),
        dead_workflows=_dead_workflows(client, at),
    )


def _rules(client: GithubClient, at: str, branch: str) -> BranchRules | None:
    """Rule sets and classic protection hold together; None if neither can be seen."""
    try:
        newer = client.pages(f"{at}/rules/branches/{branch}")
    except Unavailable:
        newer = None
    try:
        classic = client.find(f"{at}/branches/{branch}/protection")
        classic_seen = True
    except Unavailable:
        classic, classic_seen = None, False
    if newer is None and not classic_seen:
        return None
    rules = {row["type"]: row.get("parameters") or {} for row in newer or [] if "type" in row}
    classic = classic if isinstance(classic, dict) else {}
    review = {**_dict(classic, "required_pull_request_reviews")}
    newer_review = rules.get("pull_request", {})
    return BranchRules(
        approvals=max(
            int(review.get("required_approving_review_count") or 0),
            int(newer_review.get("required_approving_review_count") or 0),
        ),
        dismisses_stale=bool(
            review.get("dismiss_stale_reviews") or newer_review.get("dismiss_stale_reviews_on_push")
        ),
        code_owners=bool(
            review.get("require_code_owner_reviews")
            or newer_review.get("require_code_owner_review")
        ),
        last_push_approval=bool(
            review.get("require_last_push_approval")
            or newer_review.get("require_last_push_approval")
        ),
        checks=_checks(classic, rules),
        allows_force_push="non_fast_forward" not in rules
        and _dict(classic, "allow_force_pushes").get("enabled") is not False,
    )


def _checks(classic: dict[str, Any], rules: dict[str, Any]) -> tuple[RequiredCheck, ...]:
    found = [
        RequiredCheck(context=str(check["context"]), source=_app(check.get("app_id")))
        for check in _dict(classic, "required_status_checks").get("checks", [])
    ]
    found += [
        RequiredCheck(context=str(check["context"]), source=_app(check.get("integration_id")))
        for check in rules.get("required_status_checks", {}).get("required_status_checks", [])
    ]
    return tuple(found)


def _app(value: Any) -> int | None:
    """Classic protection says -1 for any source."""
    return value if isinstance(value, int) and value > 0 else None


def _dict(value: dict[str, Any], key: str) -> dict[str, Any]:
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def _environments(client: GithubClient, at: str) -> tuple[ForgeEnvironment, ...] | None:
    try:
        rows = client.pages(f"{at}/environments", items="environments")
    except Unavailable:
        return None
    return tuple(
        ForgeEnvironment(
            name=Fields(row, at).text("name"),
            limits_branches=row.get("deployment_branch_policy") is not None,
            reviewers=sum(
                len(rule.get("reviewers", []))
                for rule in row.get("protection_rules", [])
                if rule.get("type") == "required_reviewers"
            ),
        )
        for row in rows
    )


def _has_code_owners(client: GithubClient, at: str, branch: str) -> bool:
    for path in CODE_OWNERS_PATHS:
        if client.find(f"{at}/contents/{path}", {"ref": branch}) is not None:
            return True
    return False


def _token_may_write(client: GithubClient, at: str) -> bool | None:
    path = f"{at}/actions/permissions/workflow"
    try:
        found = Fields(client.get(path), path)
    except Unavailable:
        return None
    return found.text("default_workflow_permissions") != "read"


def _dead_workflows(client: GithubClient, at: str) -> tuple[str, ...] | None:
    path = f"{at}/actions/workflows"
    try:
        rows = [Fields(row, path) for row in client.pages(path, items="workflows")]
    except Unavailable:
        return None
    return tuple(row.text("path") for row in rows if row.text("state") != "active")
