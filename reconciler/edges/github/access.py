"""Reads who and what else reaches a repository's jobs and branches: secrets, keys, forks' jobs.

Each raises Unavailable for what the token may not see.
"""

from __future__ import annotations

from urllib.parse import quote

from reconciler.edges.github.client import GithubClient
from reconciler.edges.github.fields import Fields
from reconciler.edges.github.problems import unclear
from reconciler.ports.forge_settings import ForkJobs

_APPROVALS = {
    "first_time_contributors_new_to_github": False,  # an account that is not new starts them
    "first_time_contributors": True,
    "all_external_contributors": True,
}
_PATTERNS = """query($owner: String!, $name: String!) {
  repository(owner: $owner, name: $name) {
    branchProtectionRules(first: 100) { totalCount nodes { pattern } }
  }
}"""


def actions_app(client: GithubClient) -> int:
    """Another number on a server of one's own than on github.com."""
    path = "/apps/github-actions"
    return Fields(client.get(path), path).number("id")


def protected_patterns(client: GithubClient, repository: str) -> tuple[str, ...]:
    """Only GraphQL tells them: REST shows a branch that one of them is about, and not the branches
    that do not exist yet."""
    owner, _, name = repository.partition("/")
    call = "branchProtectionRules"
    answer = Fields(client.query(_PATTERNS, {"owner": owner, "name": name}), call)
    rules = answer.inner("repository").inner(call)
    rows = [Fields(row, call) for row in rules.items("nodes")]
    if len(rows) != rules.number("totalCount"):
        raise unclear(call, f"it lists {len(rows)} of {rules.number('totalCount')} rules")
    return tuple(sorted(row.text("pattern") for row in rows))


def shared_secrets(client: GithubClient, at: str, *, of_organisation: bool) -> tuple[str, ...]:
    """Names of the repository's, and of those that its organisation shares with it."""
    found = _secret_names(client, f"{at}/actions/secrets")
    if of_organisation:
        found += _secret_names(client, f"{at}/actions/organization-secrets")
    return tuple(sorted(set(found)))


def environment_secrets(client: GithubClient, at: str, environment: str) -> tuple[str, ...]:
    return _secret_names(client, f"{at}/environments/{quote(environment, safe='')}/secrets")


def _secret_names(client: GithubClient, path: str) -> tuple[str, ...]:
    rows = client.pages(path, items="secrets")
    return tuple(sorted(Fields(row, path).text("name") for row in rows))


def write_keys(client: GithubClient, at: str) -> tuple[str, ...]:
    path = f"{at}/keys"
    rows = [Fields(row, path) for row in client.pages(path)]
    return tuple(sorted(row.text("title") for row in rows if not row.flag("read_only")))


def fork_jobs(client: GithubClient, at: str, *, is_private: bool) -> ForkJobs:
    """In a public repository they never get secrets or a token that writes; in a private one it is
    for the owner to say."""
    if not is_private:
        path = f"{at}/actions/permissions/fork-pr-contributor-approval"
        policy = Fields(client.get(path), path).text("approval_policy")
        if policy not in _APPROVALS:
            raise unclear(path, f"approval_policy {policy!r} is not known")
        return ForkJobs(
            get_write_tokens=False, get_secrets=False, wait_for_approval=_APPROVALS[policy]
        )
    path = f"{at}/actions/permissions/fork-pr-workflows-private-repos"
    found = Fields(client.get(path), path)
    runs = found.flag("run_workflows_from_fork_pull_requests")
    return ForkJobs(
        get_write_tokens=runs and found.flag("send_write_tokens_to_workflows"),
        get_secrets=runs and found.flag("send_secrets_and_variables"),
        wait_for_approval=not runs or found.flag("require_approval_for_fork_pr_workflows"),
    )
