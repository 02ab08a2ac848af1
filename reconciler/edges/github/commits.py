"""A commit on a branch, made over the API: signed by GitHub, and only onto the commit that was
looked at; and the pull request by which one of a new branch is proposed."""

from __future__ import annotations

import base64

from reconciler.edges.github.client import GithubClient
from reconciler.edges.github.fields import Fields
from reconciler.edges.github.notices import JOB_AUTHOR
from reconciler.edges.secrets import SECRETS
from reconciler.ports.notices import TokenKind

_VIEWER = "query { viewer { login } }"

_COMMIT = """mutation($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) { commit { oid } }
}"""


def token_login(client: GithubClient) -> str:
    """Who the token speaks for; an app's login ends in `[bot]`."""
    return Fields(client.query(_VIEWER), "viewer").inner("viewer").text("login")


class GithubPlanCommits:
    """The `PlanCommits` port, with the client of a token of its own."""

    def __init__(self, client: GithubClient, repository: str) -> None:
        self._client, self._repository = client, repository

    def speaks_for(self) -> tuple[TokenKind, str]:
        login = token_login(self._client)
        if login == JOB_AUTHOR:
            return TokenKind.JOB, login
        return (TokenKind.APP if login.endswith("[bot]") else TokenKind.PERSON), login

    def commit(
        self,
        branch: str,
        *,
        onto: str,
        message: str,
        additions: dict[str, bytes],
        removals: list[str],
    ) -> str:
        """Raises Refused if a file holds a secret."""
        for path, content in additions.items():
            SECRETS.check_file(path, content)
        added = [
            {"path": path, "contents": base64.b64encode(content).decode()}
            for path, content in sorted(additions.items())
        ]
        change = {
            "branch": {"repositoryNameWithOwner": self._repository, "branchName": branch},
            "expectedHeadOid": onto,
            "message": _message(message),
            "fileChanges": {
                "additions": added,
                "deletions": [{"path": path} for path in sorted(removals)],
            },
        }
        answer = Fields(self._client.mutate(_COMMIT, {"input": change}), "createCommitOnBranch")
        return answer.inner("createCommitOnBranch").inner("commit").text("oid")


class GithubProposals(GithubPlanCommits):
    """The `Proposals` port."""

    def begin_branch(self, branch: str, at: str) -> None:
        made = {"ref": f"refs/heads/{branch}", "sha": at}
        self._client.send("POST", f"/repos/{self._repository}/git/refs", made)

    def open_pull_request(self, branch: str, *, into: str, title: str, body: str) -> int:
        asked = {"title": title, "head": branch, "base": into, "body": body}
        path = f"/repos/{self._repository}/pulls"
        return Fields(self._client.send("POST", path, asked), path).number("number")


def _message(text: str) -> dict[str, str]:
    headline, _, body = text.partition("\n\n")
    return {"headline": headline, "body": body} if body else {"headline": headline}
