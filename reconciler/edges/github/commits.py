"""A commit on a branch, made over the API by an app: signed by GitHub, and only onto the commit
that was looked at."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence

from reconciler.edges.github.client import GithubClient
from reconciler.edges.github.fields import Fields

_VIEWER = "query { viewer { login } }"

_COMMIT = """mutation($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) { commit { oid } }
}"""


def token_login(client: GithubClient) -> str:
    """Who the token speaks for; an app's login ends in `[bot]`."""
    return Fields(client.query(_VIEWER), "viewer").inner("viewer").text("login")


def commit_files(
    client: GithubClient,
    repository: str,
    branch: str,
    *,
    onto: str,
    message: str,
    additions: Mapping[str, bytes],
    removals: Sequence[str],
) -> str:
    """The new commit. Raises Unavailable if the branch is not at `onto` any more."""
    added = [
        {"path": path, "contents": base64.b64encode(content).decode()}
        for path, content in sorted(additions.items())
    ]
    change = {
        "branch": {"repositoryNameWithOwner": repository, "branchName": branch},
        "expectedHeadOid": onto,
        "message": {"headline": message},
        "fileChanges": {
            "additions": added,
            "deletions": [{"path": path} for path in sorted(removals)],
        },
    }
    answer = Fields(client.mutate(_COMMIT, {"input": change}), "createCommitOnBranch")
    return answer.inner("createCommitOnBranch").inner("commit").text("oid")
