"""What a job tells on GitHub: comments, statuses, deployments, issues. Output only (RV-8).

Of what is there already only two things are looked at, who wrote it and its first line, to edit
it in place; nothing that is decided rests on it.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.edges.github.client import GithubClient
from reconciler.edges.github.fields import Fields
from reconciler.limits import STATUS_CHARS_MAX

# Who comments with the token of a job; GET /user answers only tokens of people and bots' accounts.
JOB_AUTHOR = "github-actions[bot]"

# By it the issue is found again without reading all issues; the author and first line decide.
_LABEL = "schema-drift"

_MINIMISE = """mutation($id: ID!) {
  minimizeComment(input: {subjectId: $id, classifier: OUTDATED}) { clientMutationId }
}"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Comment:
    id: int
    node_id: str
    first_line: str
    author: str


class GithubNotices:
    """Raises Unavailable where GitHub does not take it; the caller decides whether that matters."""

    def __init__(self, client: GithubClient, repository: str, *, author: str = JOB_AUTHOR) -> None:
        self._client = client
        self._at = f"/repos/{repository}"
        self._author = author

    def keep_comment(self, number: int, body: str) -> None:
        """The one comment whose first line is that of `body`: edited, or written. Further ones of
        our own are folded away as outdated."""
        marker = body.partition("\n")[0]
        own = [each for each in self._own_comments(number) if each.first_line == marker]
        if not own:
            self._client.send("POST", f"{self._at}/issues/{number}/comments", {"body": body})
            return
        self._client.send("PATCH", f"{self._at}/issues/comments/{own[0].id}", {"body": body})
        for other in own[1:]:
            self._client.mutate(_MINIMISE, {"id": other.node_id})

    def own_first_lines(self, number: int) -> frozenset[str]:
        """Of the comments that are ours: where there is something to edit."""
        return frozenset(comment.first_line for comment in self._own_comments(number))

    def keep_issue(self, title: str, body: str) -> int:
        """The one issue whose body begins with the first line of `body`: edited and open."""
        number = self._own_issue(body.partition("\n")[0])
        if number is None:
            new = {"title": title, "body": body, "labels": [_LABEL]}
            made = self._client.send("POST", f"{self._at}/issues", new)
            return Fields(made, "the issue").number("number")
        change = {"title": title, "body": body, "state": "open"}
        self._client.send("PATCH", f"{self._at}/issues/{number}", change)
        return number

    def close_issue(self, body: str) -> None:
        """Close the issue that `keep_issue` keeps, with a last word; none is opened for that."""
        number = self._own_issue(body.partition("\n")[0], state="open")
        if number is not None:
            self._client.send(
                "PATCH", f"{self._at}/issues/{number}", {"body": body, "state": "closed"}
            )

    def open_issue(self, title: str, body: str) -> int:
        made = self._client.send("POST", f"{self._at}/issues", {"title": title, "body": body})
        return Fields(made, "the issue").number("number")

    def set_status(
        self, commit: str, context: str, *, state: str, description: str, url: str
    ) -> None:
        """`state` is success, failure, error or pending."""
        body = {
            "context": context,
            "state": state,
            "description": description[:STATUS_CHARS_MAX],
            "target_url": url,
        }
        self._client.send("POST", f"{self._at}/statuses/{commit}", body)

    def begin_deployment(self, commit: str, environment: str, plan_ids: tuple[str, ...]) -> int:
        body = {
            "ref": commit,
            "environment": environment,
            "task": "reconciler:apply",
            "auto_merge": False,
            "required_contexts": [],
            "payload": {"plan_ids": list(plan_ids)},
            "description": "schema of " + environment,
        }
        made = self._client.send("POST", f"{self._at}/deployments", body)
        return Fields(made, "the deployment").number("id")

    def end_deployment(self, deployment_id: int, *, state: str, url: str) -> None:
        """`state` is in_progress, success, failure, error or inactive."""
        path = f"{self._at}/deployments/{deployment_id}/statuses"
        self._client.send("POST", path, {"state": state, "log_url": url})

    def _own_comments(self, number: int) -> list[_Comment]:
        """Newest first: the newest is the one that people see."""
        path = f"{self._at}/issues/{number}/comments"
        rows = [_comment(Fields(row, path)) for row in self._client.pages(path)]
        own = [comment for comment in rows if comment.author == self._author]
        return sorted(own, key=lambda comment: -comment.id)

    def _own_issue(self, marker: str, *, state: str = "all") -> int | None:
        path = f"{self._at}/issues"
        parameters: dict[str, str | int] = {"state": state, "labels": _LABEL}
        numbers = []
        for row in (Fields(item, path) for item in self._client.pages(path, parameters)):
            user = row.account("user")
            mine = user is not None and user.login == self._author
            body = row.text_or_none("body") or ""
            if mine and _first_line(body) == marker and not row.has("pull_request"):
                numbers.append(row.number("number"))
        return max(numbers, default=None)


def _comment(fields: Fields) -> _Comment:
    user = fields.account("user")
    return _Comment(
        id=fields.number("id"),
        node_id=fields.text("node_id"),
        first_line=_first_line(fields.text_or_none("body") or ""),
        author=user.login if user else "",
    )


def _first_line(body: str) -> str:
    """GitHub may store line ends as CR LF."""
    return body.partition("\n")[0].rstrip("\r")
