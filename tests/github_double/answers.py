"""The hub's state as GitHub's JSON, one function for each call that is read."""

from __future__ import annotations

import base64
import posixpath
import re
from collections.abc import Callable
from typing import Any

import git

from tests.github_double.hub import FORK, Hub, Pull, User

Query = dict[str, str]
Answer = tuple[int, Any]
NOT_FOUND: Answer = (404, {"message": "Not Found"})
LINK_MODE = 0o120000
CONTENT_BYTES_MAX = 1_000_000


def read(hub: Hub, path: str, query: Query) -> Answer:
    for pattern, answer in ROUTES:
        if match := re.fullmatch(pattern, path):
            return answer(hub, query, *match.groups())
    return NOT_FOUND


def user_json(user: User | None) -> dict[str, Any] | None:
    if user is None:
        return None
    return {"id": user.id, "login": user.login, "type": user.kind}


def _branch(hub: Hub, query: Query, name: str) -> Answer:
    if not hub.has(name):
        return NOT_FOUND
    protected = hub.settings.get("protected", True)
    return 200, {
        "name": name,
        "commit": {"sha": hub.head_of(name)},
        "protected": protected,
    }


def _compare(hub: Hub, query: Query, base: str, head: str) -> Answer:
    try:
        merge_base = hub.merge_base(base, head)
    except git.GitCommandError:
        return NOT_FOUND
    names = {(True, True): "identical", (True, False): "ahead", (False, True): "behind"}
    return 200, {"status": names.get((merge_base == base, merge_base == head), "diverged")}


def _contents(hub: Hub, query: Query, path: str) -> Answer:
    with hub.objects:
        return _contents_of(hub, query, path)


def _contents_of(hub: Hub, query: Query, path: str) -> Answer:
    try:
        tree = hub.bare.commit(query["ref"]).tree
        blob = tree / path
        if blob.mode == LINK_MODE:  # GitHub shows what a link within the repository leads to
            target = blob.data_stream.read().decode()
            blob = tree / posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
    except (KeyError, ValueError, git.BadName, git.GitCommandError):
        return NOT_FOUND
    if isinstance(blob, git.Tree):
        return 200, [{"type": "file", "name": child.name} for child in blob]
    content = blob.data_stream.read()
    small = len(content) <= CONTENT_BYTES_MAX
    return 200, {
        "type": "file",
        "size": len(content),
        "sha": blob.hexsha,
        "encoding": "base64" if small else "none",
        "content": _base64(content) if small else "",
    }


def _tree(hub: Hub, query: Query, sha: str) -> Answer:
    """Of a commit as well as of a tree."""
    try:
        listed = hub.told("ls-tree", "-z", "--long", f"{sha}^{{tree}}").decode()
    except git.GitCommandError:
        return NOT_FOUND
    entries = [entry.partition("\t") for entry in listed.split("\0") if entry]
    rows = [_tree_row(path, *about.split()) for about, _, path in entries]
    return 200, {"sha": sha, "truncated": False, "tree": rows}


def _tree_row(path: str, mode: str, kind: str, sha: str, size: str) -> dict[str, Any]:
    """Folders and submodules have no size."""
    row = {"path": path, "mode": mode, "type": kind, "sha": sha}
    return row if size == "-" else {**row, "size": int(size)}


def _blob(hub: Hub, query: Query, sha: str) -> Answer:
    content = hub.told("cat-file", "blob", sha)
    return 200, {
        "sha": sha,
        "size": len(content),
        "encoding": "base64",
        "content": _base64(content),
    }


def _base64(content: bytes) -> str:
    return base64.encodebytes(content).decode()


def _commit_pulls(hub: Hub, query: Query, sha: str) -> Answer:
    return 200, [_pull_json(hub, hub.pulls[n]) for n in hub.pulls_of(sha)]


def _pulls(hub: Hub, query: Query) -> Answer:
    wanted = query.get("state", "open")
    found = [p for p in hub.pulls.values() if p.state == wanted]
    return 200, [_pull_json(hub, pull) for pull in found]


def _pull(hub: Hub, query: Query, number: str) -> Answer:
    pull = hub.pulls.get(int(number))
    return (200, _pull_json(hub, pull)) if pull else NOT_FOUND


def _pull_json(hub: Hub, pull: Pull) -> dict[str, Any]:
    repository = None if pull.head_is_gone else {"full_name": FORK if pull.fork else hub.name}
    return {
        "number": pull.number,
        "state": pull.state,
        "title": pull.title,
        "user": user_json(pull.author),
        "base": {"ref": "main", "sha": pull.base_sha, "repo": {"full_name": hub.name}},
        "head": {"ref": pull.head_branch, "sha": pull.head_sha, "repo": repository},
        "commits": len(hub.commits_of(pull)),
        "changed_files": len(hub.changed_files(pull)),
        "created_at": pull.opened_at,
        "merged": pull.merged,
        "merged_at": pull.merged_at,
        "merge_commit_sha": pull.merge_commit,
    }


def _reviews(hub: Hub, query: Query, number: str) -> Answer:
    return 200, [{**r, "user": user_json(r["user"])} for r in hub.pulls[int(number)].reviews]


def _files(hub: Hub, query: Query, number: str) -> Answer:
    names = hub.changed_files(hub.pulls[int(number)])
    return 200, [{"filename": name, "status": "modified"} for name in names]


def _activity(hub: Hub, query: Query, repository: str) -> Answer:
    rows = [
        row
        for row in reversed(hub.activity)
        if row.ref == query.get("ref", row.ref) and row.repository == repository
    ]
    return 200, [
        {
            "ref": row.ref,
            "before": row.before,
            "after": row.after,
            "timestamp": row.at,
            "actor": user_json(row.actor),
            "activity_type": row.activity_type,
        }
        for row in rows
    ]


def _permission(hub: Hub, query: Query, login: str) -> Answer:
    user = hub.users.get(login)
    if user is None:
        return NOT_FOUND
    permission = hub.permissions.get(login, user.permission)
    return 200, {"permission": permission, "user": user_json(user)}


def _membership(hub: Hub, query: Query, organisation: str, team: str, login: str) -> Answer:
    if login not in hub.members.get(f"{organisation}/{team}", []):
        return NOT_FOUND
    return 200, {"state": "active", "role": "member"}


def _run_approvals(hub: Hub, query: Query, run_id: str) -> Answer:
    return 200, hub.run_approvals


def _run(hub: Hub, query: Query, run_id: str) -> Answer:
    actor, asked_by = map(user_json, hub.run_by)
    url = f"https://github.com/{hub.name}/actions/runs/{run_id}"
    return 200, {**hub.run, "html_url": url, "actor": actor, "triggering_actor": asked_by}


def _place(hub: Hub, query: Query, name: str) -> Answer:
    if name not in hub.places:
        return NOT_FOUND
    return 200, {"name": name, "protection_rules": hub.places[name]}


def _runs(hub: Hub, query: Query) -> Answer:
    """Of a commit: each artifact is of a run of its own."""
    if "head_sha" not in query:
        return _setting("runs")(hub, query)
    rows = [{"id": n} for n, (sha, *_) in hub.artifacts.items() if sha == query["head_sha"]]
    return 200, {"total_count": len(rows), "workflow_runs": rows}


def _artifacts(hub: Hub, query: Query, run_id: str) -> Answer:
    _, name, _ = hub.artifacts[int(run_id)]
    row = {"id": int(run_id), "name": name, "expired": False}
    return 200, {"total_count": 1, "artifacts": [row]}


def _comments(hub: Hub, query: Query, number: str) -> Answer:
    return 200, [c for c in hub.comments.values() if c["number"] == int(number)]


def _issues(hub: Hub, query: Query) -> Answer:
    wanted = query.get("state", "open")
    found = [i for i in hub.issues.values() if wanted in (i["state"], "all")]
    label = query.get("labels")
    return 200, [i for i in found if label is None or label in i.get("labels", [])]


def _commit_statuses(hub: Hub, query: Query, sha: str) -> Answer:
    return 200, [status for status in reversed(hub.statuses) if status["sha"] == sha]


def _deployments(hub: Hub, query: Query) -> Answer:
    asked = {key: query[key] for key in ("environment", "task", "sha") if key in query}
    found = [d for d in hub.deployments if all(d.get(k) == v for k, v in asked.items())]
    return 200, [{k: v for k, v in d.items() if k != "states"} for d in reversed(found)]


def _deployment_statuses(hub: Hub, query: Query, deployment_id: str) -> Answer:
    states = next(d["states"] for d in hub.deployments if d["id"] == int(deployment_id))
    rows = [{"id": number, "state": state} for number, state in enumerate(states)]
    return 200, rows[::-1]


def _setting(name: str) -> Callable[..., Answer]:
    def answer(hub: Hub, query: Query, *parts: str) -> Answer:
        return (200, hub.settings[name]) if name in hub.settings else NOT_FOUND

    return answer


_REPO = "/repos/acme/shop"
ROUTES: tuple[tuple[str, Callable[..., Answer]], ...] = (
    (f"{_REPO}", _setting("repository")),
    (f"{_REPO}/branches/([^/]+)", _branch),
    (f"{_REPO}/branches/([^/]+)/protection", _setting("protection")),
    (f"{_REPO}/rules/branches/([^/]+)", _setting("rules")),
    (f"{_REPO}/rulesets/[0-9]+", _setting("rule_set")),
    (f"{_REPO}/teams", _setting("teams")),
    ("/orgs/[^/]+/teams/[^/]+/members", _setting("team_members")),
    (f"{_REPO}/environments", _setting("environments")),
    (f"{_REPO}/environments/[^/]+/deployment-branch-policies", _setting("branch_policies")),
    (f"{_REPO}/environments/production/secrets", _setting("production_secrets")),
    (f"{_REPO}/environments/break-glass/secrets", _setting("glass_secrets")),
    (f"{_REPO}/environments/(.+)", _place),
    (f"{_REPO}/actions/secrets", _setting("secrets")),
    (f"{_REPO}/actions/organization-secrets", _setting("organisation_secrets")),
    (f"{_REPO}/actions/permissions/fork-pr-contributor-approval", _setting("fork_approval")),
    (f"{_REPO}/actions/permissions/fork-pr-workflows-private-repos", _setting("fork_jobs")),
    (f"{_REPO}/keys", _setting("keys")),
    ("/apps/github-actions", _setting("actions_app")),
    (f"{_REPO}/codeowners/errors", _setting("owner_mistakes")),
    (f"{_REPO}/actions/runs", _runs),
    (f"{_REPO}/actions/workflows", _setting("workflows")),
    (f"{_REPO}/actions/permissions/workflow", _setting("token")),
    (f"{_REPO}/compare/([0-9a-f]+)\\.\\.\\.([0-9a-f]+)", _compare),
    (f"{_REPO}/contents/(.+)", _contents),
    (f"{_REPO}/git/trees/([0-9a-f]+)", _tree),
    (f"{_REPO}/git/blobs/([0-9a-f]+)", _blob),
    (f"{_REPO}/commits/([0-9a-f]+)/pulls", _commit_pulls),
    (f"{_REPO}/pulls", _pulls),
    (f"{_REPO}/pulls/([0-9]+)", _pull),
    (f"{_REPO}/pulls/([0-9]+)/reviews", _reviews),
    (f"{_REPO}/pulls/([0-9]+)/files", _files),
    ("/repos/((?:acme|eve)/shop)/activity", _activity),
    (f"{_REPO}/collaborators/([^/]+)/permission", _permission),
    ("/orgs/([^/]+)/teams/([^/]+)/memberships/([^/]+)", _membership),
    (f"{_REPO}/actions/runs/([0-9]+)", _run),
    (f"{_REPO}/actions/runs/([^/]+)/approvals", _run_approvals),
    (f"{_REPO}/actions/runs/([0-9]+)/artifacts", _artifacts),
    (f"{_REPO}/issues/([0-9]+)/comments", _comments),
    (f"{_REPO}/issues", _issues),
    (f"{_REPO}/commits/([0-9a-f]+)/statuses", _commit_statuses),
    (f"{_REPO}/deployments", _deployments),
    (f"{_REPO}/deployments/([0-9]+)/statuses", _deployment_statuses),
    ("/user", _setting("user")),
)
