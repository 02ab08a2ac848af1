"""The `Notices` port on GitHub: comments, statuses, deployments, issues. Output only (RV-8).

Of what is there already only two things are looked at, who wrote it and its first line, to edit
it in place; nothing that is decided rests on it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.edges.github.client import GithubClient
from reconciler.edges.github.fields import Fields
from reconciler.ports.notices import Status

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
        self._fold(own[1:])

    def own_first_lines(self, number: int) -> frozenset[str]:
        """Of the comments that are ours: where there is something to edit."""
        return frozenset(comment.first_line for comment in self._own_comments(number))

    def fold_comments(self, number: int, first_lines: frozenset[str]) -> None:
        """Those of ours that are about what is there no more."""
        self._fold([c for c in self._own_comments(number) if c.first_line in first_lines])

    def _fold(self, comments: Iterable[_Comment]) -> None:
        for comment in comments:
            self._client.mutate(_MINIMISE, {"id": comment.node_id})

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
        """`state` is success, failure, error or pending; GitHub takes STATUS_CHARS_MAX of the
        description."""
        body = {
            "context": context,
            "state": state,
            "description": description,
            "target_url": url,
        }
        self._client.send("POST", f"{self._at}/statuses/{commit}", body)

    def statuses(self, commit: str, context: str) -> tuple[Status, ...]:
        """Our own ones in one context, the newest first: what is said there already."""
        path = f"{self._at}/commits/{commit}/statuses"
        found = []
        for row in (Fields(item, path) for item in self._client.pages(path)):
            creator = row.account("creator")
            if row.text("context") == context and creator and creator.login == self._author:
                said = Status(
                    state=row.text("state"),
                    description=row.text_or_none("description") or "",
                    url=row.text_or_none("target_url") or "",
                )
                found.append((row.number("id"), said))
        return tuple(said for _, said in sorted(found, key=lambda pair: -pair[0]))

    def begin_deployment(
        self, commit: str, environment: str, keyspace: str, *, plan_id: str, description: str
    ) -> int:
        """Deployments of one keyspace are of one task, so that they are found among others."""
        body = {
            "ref": commit,
            "environment": environment,
            "task": _task(keyspace),
            "auto_merge": False,
            "required_contexts": [],
            "payload": {"keyspace": keyspace, "plan_id": plan_id},
            "description": description,
        }
        made = self._client.send("POST", f"{self._at}/deployments", body)
        return Fields(made, "the deployment").number("id")

    def move_deployment(self, deployment_id: int, *, state: str, url: str) -> None:
        """`state` is in_progress, pending, success, failure, error or inactive."""
        path = f"{self._at}/deployments/{deployment_id}/statuses"
        # GitHub would retire others of the environment, whatever keyspace they are of.
        self._client.send("POST", path, {"state": state, "log_url": url, "auto_inactive": False})

    def retire_deployments(self, environment: str, keyspace: str, *, before: int, url: str) -> None:
        """Those of the keyspace before this one are what is there no more. Looks back to the last
        one that is retired or was a success: what is older has been retired with it."""
        path = f"{self._at}/deployments"
        parameters: dict[str, str | int] = {"environment": environment, "task": _task(keyspace)}
        numbers = [Fields(row, path).number("id") for row in self._client.pages(path, parameters)]
        for number in sorted((number for number in numbers if number < before), reverse=True):
            state = self._deployment_state(number)
            if state == "inactive":
                return
            if state not in ("failure", "error"):
                self.move_deployment(number, state="inactive", url=url)
            if state == "success":
                return

    def _deployment_state(self, deployment_id: int) -> str | None:
        """None: nothing was said of it yet."""
        path = f"{self._at}/deployments/{deployment_id}/statuses"
        rows = [Fields(row, path) for row in self._client.pages(path)]
        newest = max(rows, key=lambda row: row.number("id"), default=None)
        return None if newest is None else newest.text("state")

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


def _task(keyspace: str) -> str:
    return f"schema:{keyspace}"


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
