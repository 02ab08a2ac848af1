"""What a job writes: comments, issues, statuses, deployments."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from typing import Any

from tests.github_double.answers import NOT_FOUND, Answer, user_json
from tests.github_double.hub import ROBOT, Hub

Body = dict[str, Any]
DEPLOYMENT_STATES = (
    "error", "failure", "inactive", "in_progress", "queued", "pending", "success",
)  # fmt: skip


def write(hub: Hub, verb: str, path: str, body: Body) -> Answer:
    for known_verb, pattern, answer in ROUTES:
        match = re.fullmatch(pattern, path)
        if match and verb == known_verb:
            return answer(hub, body, *match.groups())
    return NOT_FOUND


def _comment(hub: Hub, body: Body, number: str) -> Answer:
    if len(body["body"]) > 65_536:
        return 422, {"message": "body is too long (maximum is 65536 characters)"}
    comment_id = hub.next_id()
    hub.comments[comment_id] = {
        "id": comment_id,
        "node_id": f"IC_{comment_id}",
        "number": int(number),
        "body": body["body"],
        "user": user_json(ROBOT),
        "html_url": f"https://hub.test/acme/shop/pull/{number}#{comment_id}",
    }
    return 201, hub.comments[comment_id]


def _edit_comment(hub: Hub, body: Body, comment_id: str) -> Answer:
    hub.comments[int(comment_id)]["body"] = body["body"]
    return 200, hub.comments[int(comment_id)]


def _issue(hub: Hub, body: Body) -> Answer:
    number = hub.next_number()
    hub.issues[number] = {"number": number, "state": "open", "user": user_json(ROBOT), **body}
    return 201, hub.issues[number]


def _edit_issue(hub: Hub, body: Body, number: str) -> Answer:
    hub.issues[int(number)].update(body)
    return 200, hub.issues[int(number)]


def _status(hub: Hub, body: Body, sha: str) -> Answer:
    if len(body["description"]) > 140:
        return 422, {"message": "description is too long"}
    made = {"sha": sha, "id": hub.next_id(), "creator": user_json(ROBOT), **body}
    hub.statuses.append(made)
    return 201, made


def _deployment(hub: Hub, body: Body) -> Answer:
    if len(body["description"]) > 140:
        return 422, {"message": "description is too long"}
    hub.deployments.append({"id": hub.next_id(), "states": [], **body})
    return 201, hub.deployments[-1]


def _deployment_status(hub: Hub, body: Body, deployment_id: str) -> Answer:
    if body["state"] not in DEPLOYMENT_STATES:
        return 422, {"message": "state is not included in the list"}
    deployment = next(d for d in hub.deployments if d["id"] == int(deployment_id))
    deployment["states"].append(body["state"])
    return 201, body


def _graphql(hub: Hub, body: Body) -> Answer:
    query, variables = body["query"], body["variables"]
    if "viewer" in query:
        return 200, {"data": {"viewer": {"login": hub.viewer.login}}}
    if "branchProtectionRules" in query:
        nodes = [{"pattern": pattern} for pattern in hub.settings.get("patterns", ())]
        rules = {"totalCount": len(nodes), "nodes": nodes}
        return 200, {"data": {"repository": {"branchProtectionRules": rules}}}
    if "createCommitOnBranch" in query:
        return _commit(hub, variables["input"])
    hub.minimised.append(variables["id"])
    return 200, {"data": {"minimizeComment": {"clientMutationId": None}}}


def _commit(hub: Hub, asked: Body) -> Answer:
    branch = asked["branch"]["branchName"]
    if hub.head_of(branch) != asked["expectedHeadOid"]:
        message = "Expected branch to point to another commit"
        return 200, {"data": None, "errors": [{"type": "STALE_DATA", "message": message}]}
    changes = asked["fileChanges"]
    files = {a["path"]: base64.b64decode(a["contents"]) for a in changes["additions"]}
    gone = {deleted["path"]: None for deleted in changes["deletions"]}
    message = "\n\n".join(asked["message"].values())
    made = hub.committed(hub.viewer, branch, message, {**files, **gone})
    return 200, {"data": {"createCommitOnBranch": {"commit": {"oid": made}}}}


def _ref(hub: Hub, body: Body) -> Answer:
    branch = body["ref"].removeprefix("refs/heads/")
    if hub.has(branch):
        return 422, {"message": "Reference already exists"}
    hub.restored_branch(hub.viewer, branch, body["sha"])
    return 201, {"ref": body["ref"], "object": {"sha": body["sha"]}}


def _pull(hub: Hub, body: Body) -> Answer:
    if hub.viewer == ROBOT and not hub.jobs_may_open:
        message = "GitHub Actions is not permitted to create or approve pull requests."
        return 403, {"message": message}
    if not hub.has(body["head"]) or body["base"] != "main":
        return 422, {"message": "Validation Failed"}
    number = hub.opened(hub.viewer, body["head"], title=body["title"])
    return 201, {"number": number, "body": body["body"]}


_REPO = "/repos/acme/shop"
ROUTES: tuple[tuple[str, str, Callable[..., Answer]], ...] = (
    ("POST", f"{_REPO}/issues/([0-9]+)/comments", _comment),
    ("PATCH", f"{_REPO}/issues/comments/([0-9]+)", _edit_comment),
    ("POST", f"{_REPO}/issues", _issue),
    ("PATCH", f"{_REPO}/issues/([0-9]+)", _edit_issue),
    ("POST", f"{_REPO}/statuses/([0-9a-f]+)", _status),
    ("POST", f"{_REPO}/deployments", _deployment),
    ("POST", f"{_REPO}/deployments/([0-9]+)/statuses", _deployment_status),
    ("POST", f"{_REPO}/git/refs", _ref),
    ("POST", f"{_REPO}/pulls", _pull),
    ("POST", "/graphql", _graphql),
)
