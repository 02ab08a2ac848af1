"""Reads the settings of a repository; what the token may not see is None, never a default."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar
from urllib.parse import quote

from reconciler.edges.github import access
from reconciler.edges.github.client import GithubClient
from reconciler.edges.github.fields import Fields
from reconciler.edges.github.problems import unclear
from reconciler.errors import InvalidInput, Refused, Unavailable
from reconciler.guard.review.code_owners import CODE_OWNERS_PATHS, parse_code_owners
from reconciler.ports.forge_settings import (
    BranchRules,
    CodeOwners,
    ForgeEnvironment,
    ForgeSettings,
    JobToken,
    RequiredCheck,
    Schedule,
)

Read = TypeVar("Read")

# Rules that a review rests on: who goes past another one, goes past no review.
_GUARDING = frozenset(
    {"pull_request", "required_status_checks", "non_fast_forward", "deletion", "merge_queue"}
)
_OWNERS_MAX = 200  # each is asked about


def read_settings(
    client: GithubClient,
    repository: str,
    file: Callable[[str, str], bytes | None],
) -> ForgeSettings:
    """`file` reads a path at a branch. Raises Unavailable if not even the repository can be
    seen."""
    at = f"/repos/{repository}"
    about = Fields(client.get(at), at)
    branch, is_private = about.text("default_branch"), about.flag("private")
    has_organisation = about.inner("owner").text("type") == "Organization"
    return ForgeSettings(
        default_branch=branch,
        rules=_seen(lambda: _rules(client, at, branch)),
        actions_app=_seen(lambda: access.actions_app(client)),
        protected_patterns=_seen(lambda: access.protected_patterns(client, repository)),
        shared_secrets=_seen(
            lambda: access.shared_secrets(client, at, of_organisation=has_organisation)
        ),
        write_keys=_seen(lambda: access.write_keys(client, at)),
        forks=_seen(lambda: access.fork_jobs(client, at, is_private=is_private)),
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
    guarding = [Fields(row, at) for row in newer or [] if row["type"] in _GUARDING]
    sets = {row.number("ruleset_id") for row in guarding}
    bypass = _seen(lambda: (*_bypass_of_classic(classic), *_bypass_of_sets(client, at, sets)))
    return _together(classic, rules, bypass)


def _bypass_of_classic(classic: dict[str, Any]) -> Iterator[str]:
    if classic and _dict(classic, "enforce_admins").get("enabled") is not True:
        yield "administrators"
    review = _dict(classic, "required_pull_request_reviews")
    allowed = _dict(review, "bypass_pull_request_allowances")
    for kind in ("users", "teams", "apps"):
        rows = [Fields(row, "the branch's protection") for row in _list(allowed.get(kind))]
        yield from (row.text("login" if kind == "users" else "slug") for row in rows)


def _bypass_of_sets(client: GithubClient, at: str, sets: Iterable[int]) -> Iterator[str]:
    """GitHub leaves the list out for a token that may not change the rule set."""
    for number in sorted(sets):
        path = f"{at}/rulesets/{number}"
        for row in Fields(client.get(path), path).items("bypass_actors"):
            actor = Fields(row, path)
            yield f"{actor.text('actor_type')} of rule set {number}"


def _together(
    classic: dict[str, Any],
    rules: dict[str, list[dict[str, Any]]],
    bypass: tuple[str, ...] | None,
) -> BranchRules:
    """The strictest of each: several rule sets can hold for one branch."""
    review, newer = _dict(classic, "required_pull_request_reviews"), rules["pull_request"]
    checks, newer_checks = _dict(classic, "required_status_checks"), rules["required_status_checks"]
    counts = [row.get("required_approving_review_count") for row in (review, *newer)]
    return BranchRules(
        approvals=max((count for count in counts if type(count) is int), default=0),
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
        allows_deletion="deletion" not in rules
        and _dict(classic, "allow_deletions").get("enabled") is not False,
        is_classic=bool(classic),
        bypass=bypass,
    )


def _checks(rows: Any, source: str) -> tuple[RequiredCheck, ...]:
    found = [(row, Fields(row, "required checks")) for row in _list(rows)]
    return tuple(
        RequiredCheck(context=fields.text("context"), source=_app(row.get(source)))
        for row, fields in found
    )


def _list(value: Any) -> list[Any]:
    """Nothing that is there says the same as nothing at all."""
    if value is not None and not isinstance(value, list):
        raise unclear("the branch's rules", "what should be a list is none")
    return value or []


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
    rules = [Fields(rule, at) for rule in _list(row.get("protection_rules"))]
    asking = [rule for rule in rules if rule.text("type") == "required_reviewers"]
    reviewers = sum(len(rule.items("reviewers")) for rule in asking)
    timers = [rule.number("wait_timer") for rule in rules if rule.text("type") == "wait_timer"]
    branches: tuple[str, ...] | None = None
    if policy is not None and policy.flag("custom_branch_policies"):
        path = f"{at}/environments/{quote(name, safe='')}/deployment-branch-policies"
        chosen = client.pages(path, items="branch_policies")
        branches = tuple(sorted(_policy(Fields(each, path)) for each in chosen))
    return ForgeEnvironment(
        name=name,
        limits_branches=policy is not None,
        branches=branches,
        reviewers=reviewers,
        wait_s=60 * max(timers, default=0),
        admins_bypass=fields.flag("can_admins_bypass") if fields.has("can_admins_bypass") else None,
        secrets=_seen(lambda: access.environment_secrets(client, at, name)),
    )


def _policy(fields: Fields) -> str:
    """A tag can have the name of a branch, and everybody who may write can push it."""
    kind, name = fields.text("type"), fields.text("name")
    return name if kind == "branch" else f"{kind} {name}"


def _code_owners(
    client: GithubClient, at: str, branch: str, file: Callable[[str, str], bytes | None]
) -> CodeOwners:
    found = (file(branch, path) for path in CODE_OWNERS_PATHS)
    try:
        content = next((text for text in found if text is not None), None)
        text = (content or b"").decode(errors="replace")
        owners = sorted({owner for line in parse_code_owners(text) for owner in line.owners})
    except (Refused, InvalidInput) as unreadable:
        return CodeOwners(text=None, unreadable=str(unreadable))
    if content is None:
        return CodeOwners(text=None)
    path = f"{at}/codeowners/errors"
    mistakes = Fields(client.get(path, {"ref": branch}), path).items("errors")
    if len(owners) > _OWNERS_MAX:
        raise unclear(path, f"it names {len(owners)} owners")
    teams = _teams(client, at) if any("/" in owner for owner in owners) else frozenset()
    return CodeOwners(
        text=text,
        mistakes=tuple(Fields(row, path).text("kind") for row in mistakes),
        idle=frozenset(owner for owner in owners if not _can_approve(client, at, owner, teams)),
    )


def _can_approve(client: GithubClient, at: str, owner: str, teams: frozenset[str]) -> bool:
    """Whose account an address is of, nobody but GitHub knows."""
    if not owner.startswith("@"):
        return False
    name = owner.removeprefix("@")
    if "/" not in name:
        path = f"{at}/collaborators/{quote(name, safe='')}/permission"
        found = client.find(path)
        return found is not None and Fields(found, path).text("permission") in ("admin", "write")
    organisation, _, slug = name.partition("/")
    if slug.lower() not in teams:
        return False
    team = f"/orgs/{quote(organisation, safe='')}/teams/{quote(slug, safe='')}/members"
    return bool(client.pages(team))


def _teams(client: GithubClient, at: str) -> frozenset[str]:
    """Slugs of the teams that may write and that everybody in the organisation sees: of others
    GitHub takes no ownership."""
    path = f"{at}/teams"
    rows = [Fields(row, path) for row in client.pages(path)]
    return frozenset(
        row.text("slug").lower()
        for row in rows
        if row.text("permission") in ("push", "maintain", "admin")
        and row.text("privacy") == "closed"
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
    times = [row.time_s("created_at") for row in rows]
    return Schedule(last_run_s=max(times, default=None))
