"""The `Forge` port on GitHub: who merged, reviewed and pushed what."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from functools import cached_property
from urllib.parse import quote

from reconciler.edges.github.client import GithubClient
from reconciler.edges.github.commits import token_login
from reconciler.edges.github.fields import Fields
from reconciler.edges.github.limits import FORGE_FILES_MAX, FORGE_TREES_MAX
from reconciler.edges.github.notices import JOB_AUTHOR
from reconciler.edges.github.places import protected_place
from reconciler.edges.github.problems import denied, unclear
from reconciler.errors import InvalidInput, Refused
from reconciler.guard.review.account import Account
from reconciler.guard.review.approvals import PullRequest, PullRequestReview, ReviewState
from reconciler.guard.review.asking import RunRecord
from reconciler.guard.review.protection import ProtectedPlace
from reconciler.guard.review.pushes import Push, PushKind
from reconciler.ports.forge import ForgeEntry
from reconciler.spec.tree import names_of, path_is_a_link, too_large, unreadable

_WRITING = frozenset({"admin", "write"})  # GitHub maps `maintain` to write, `triage` to read
_NOT_WRITING = frozenset({"read", "none"})


class GithubForge:
    """`repository` is `owner/name`, `run_id` that of the job's run."""

    def __init__(self, client: GithubClient, repository: str, *, run_id: str | None = None) -> None:
        self._client = client
        self._at = f"/repos/{repository}"
        self._run_id = run_id
        # By its id a tree is the same for ever, so that asking again costs nothing.
        self._trees: dict[str, tuple[ForgeEntry, ...]] = {}

    def branch_tip(self, branch: str) -> str:
        path = f"{self._at}/branches/{_quoted(branch)}"
        return Fields(self._client.get(path), path).inner("commit").object_id("sha")

    def is_ancestor(self, commit: str, tip: str) -> bool:
        if commit == tip:
            return True
        path = f"{self._at}/compare/{commit}...{tip}"
        found = self._client.find(path, {"per_page": 1})
        if found is None:
            return False  # no such commit, or no history in common
        status = Fields(found, path).text("status")
        if status not in ("ahead", "identical", "behind", "diverged"):
            raise unclear(path, f"status {status!r} is not known")
        return status in ("ahead", "identical")

    def file(self, commit: str, path: str, *, bytes_max: int) -> bytes | None:
        """By the modes in the commit's trees, as git itself reads it: the API of contents would
        show what a link leads to. What is not in a tree is absent; 404 is also what GitHub says to
        a token that may not see a file."""
        entry = self._entry(commit, path)
        if entry is None:
            return None
        if entry.is_link:
            raise Refused(path_is_a_link(path))
        if not entry.is_file:
            raise Refused(unreadable(path, "it is not a regular file"))
        url = f"{self._at}/git/blobs/{entry.id}"
        if entry.size_bytes is None:
            raise unclear(url, "its tree does not tell how large it is")
        if entry.size_bytes > bytes_max:
            raise InvalidInput(too_large(path, bytes_max))
        return _decoded(Fields(self._client.get(url), url), entry.size_bytes, url)

    def _entry(self, commit: str, path: str) -> ForgeEntry | None:
        """What is at a path; only its last name may be a link. Raises Refused, Unavailable."""
        names = names_of(path)
        tree, entry = commit, None
        for depth, name in enumerate(names):
            on_the_way = "/".join(names[:depth])
            if entry is not None and entry.is_link:
                raise Refused(path_is_a_link(path, on_the_way))
            if entry is not None and entry.is_submodule:
                raise Refused(unreadable(path, f"{on_the_way} is another repository"))
            if entry is not None and not entry.is_folder:
                return None
            entries = self.tree(tree)
            if entries is None:
                raise denied(f"GET {self._at}/git/trees/{tree}", 404)
            entry = next((each for each in entries if each.name == name), None)
            if entry is None:
                return None
            tree = entry.id
        return entry

    def tree(self, tree: str) -> tuple[ForgeEntry, ...] | None:
        if known := self._trees.get(tree):
            return known
        path = f"{self._at}/git/trees/{tree}"
        found = self._client.find(path)
        if found is None:
            return None
        fields = Fields(found, path)
        if fields.flag("truncated"):
            raise unclear(path, "it is cut off")
        rows = [Fields(row, path) for row in fields.items("tree")]
        entries = tuple(
            ForgeEntry(
                name=row.text("path"),
                mode=row.text("mode"),
                id=row.object_id("sha"),
                size_bytes=row.number("size") if row.has("size") else None,
            )
            for row in rows
        )
        if len(self._trees) >= FORGE_TREES_MAX:
            self._trees.clear()
        self._trees[tree] = entries
        return entries

    def pull_requests_of(self, commit: str) -> tuple[int, ...]:
        path = f"{self._at}/commits/{commit}/pulls"
        return tuple(Fields(item, path).number("number") for item in self._client.pages(path))

    def pull_request(self, number: int) -> PullRequest:
        path = f"{self._at}/pulls/{number}"
        return pull_request_of(Fields(self._client.get(path), path))

    def reviews(self, number: int) -> tuple[PullRequestReview, ...]:
        path = f"{self._at}/pulls/{number}/reviews"
        rows = [Fields(item, path) for item in self._client.pages(path)]
        # A review that is not submitted has no time, and decides nothing.
        rows = [row for row in rows if row.text("state") != ReviewState.PENDING]
        return tuple(_review(row, path) for row in sorted(rows, key=_submitted_at))

    def pushes(self, pull_request: PullRequest) -> Iterator[Push]:
        if pull_request.head_repository is None:
            return
        path = f"/repos/{quote(pull_request.head_repository)}/activity"
        ref = f"refs/heads/{pull_request.head_branch}"
        for row in self._client.rows_by_cursor(path, {"ref": ref, "direction": "desc"}):
            fields = Fields(row, path)
            if fields.text("ref") != ref:
                raise unclear(path, "it tells of another branch")
            yield _push(fields, path)

    def is_own_account(self, account: Account) -> bool:
        return account.login in (JOB_AUTHOR, self._own_login)

    @cached_property
    def _own_login(self) -> str:
        return token_login(self._client)

    def may_write(self, account: Account) -> bool:
        path = f"{self._at}/collaborators/{quote(account.login, safe='')}/permission"
        fields = Fields(self._client.get(path), path)
        permission = fields.text("permission")
        if permission not in _WRITING | _NOT_WRITING:
            raise unclear(path, f"permission {permission!r} is not known")
        # The login may belong to somebody else by now.
        return permission in _WRITING and fields.account("user") == account

    def is_member(self, team: str, account: Account) -> bool:
        organisation, _, slug = team.partition("/")
        path = (
            f"/orgs/{quote(organisation, safe='')}/teams/{quote(slug, safe='')}"
            f"/memberships/{quote(account.login, safe='')}"
        )
        found = self._client.find(path)
        return found is not None and Fields(found, path).text("state") == "active"

    def changed_paths(self, number: int) -> tuple[str, ...]:
        path = f"{self._at}/pulls/{number}"
        total = Fields(self._client.get(path), path).number("changed_files")
        rows = [Fields(item, path) for item in self._client.pages(f"{path}/files")]
        if len(rows) != total or total >= FORGE_FILES_MAX:
            raise unclear(f"GET {path}/files", f"it lists {len(rows)} of {total} files")
        paths = {row.text("filename") for row in rows}
        paths |= {row.text("previous_filename") for row in rows if row.text("status") == "renamed"}
        return tuple(sorted(paths))

    def run_approvers(self, environment: str) -> tuple[Account, ...]:
        if self._run_id is None:
            return ()
        path = f"{self._at}/actions/runs/{quote(self._run_id, safe='')}/approvals"
        answer = self._client.get(path)
        if not isinstance(answer, list):
            raise unclear(path, "it is not a list")
        people = []
        for row in (Fields(item, path) for item in answer):
            names = [Fields(each, path).text("name") for each in row.items("environments")]
            account = row.account("user")
            if row.text("state") == "approved" and environment in names and account is not None:
                people.append(account)
        return tuple(person for person in people if person.is_person)

    def place(self, environment: str) -> ProtectedPlace | None:
        path = f"{self._at}/environments/{quote(environment, safe='')}"
        found = self._client.find(path)
        return None if found is None else protected_place(Fields(found, path), self._owner)

    def this_run(self) -> RunRecord:
        path = f"{self._at}/actions/runs/{quote(self._run_id or '', safe='')}"
        if self._run_id is None:
            raise unclear(path, "this is no run of a workflow")
        fields = Fields(self._client.get(path), path)
        return RunRecord(
            event=fields.text("event"),
            branch=fields.text_or_none("head_branch"),
            actor=fields.account("actor"),
            asked_by=fields.account("triggering_actor"),
            url=fields.text("html_url"),
            attempt=fields.number("run_attempt"),
        )

    @property
    def _owner(self) -> str:
        return self._at.split("/")[2]

    def own_pull_requests(self, branch: str) -> tuple[PullRequest, ...]:
        """The open ones from branches of the repository itself. Nothing of a fork's is read."""
        path = f"{self._at}/pulls"
        found = self._client.pages(path, {"state": "open", "base": branch})
        rows = [Fields(row, path) for row in found]
        own = [row for row in rows if self._is_own(row.inner("head").inner_or_none("repo"))]
        return tuple(self.pull_request(row.number("number")) for row in own)

    def _is_own(self, repository: Fields | None) -> bool:
        return repository is not None and f"/repos/{repository.text('full_name')}" == self._at


def pull_request_of(fields: Fields) -> PullRequest:
    head, base = fields.inner("head"), fields.inner("base")
    head_repository = head.inner_or_none("repo")
    return PullRequest(
        number=fields.number("number"),
        author=fields.account("user"),
        base_branch=base.text("ref"),
        base_commit=base.object_id("sha"),
        head_commit=head.object_id("sha"),
        head_branch=head.text("ref"),
        head_repository=head_repository.text("full_name") if head_repository else None,
        commits=fields.number("commits"),
        opened_s=fields.time_s("created_at"),
        merged_s=fields.time_s("merged_at") if fields.flag("merged") else None,
        merge_commit=fields.text_or_none("merge_commit_sha"),
    )


def _push(fields: Fields, call: str) -> Push:
    kind = next((known for known in PushKind if known == fields.text("activity_type")), None)
    if kind is None:
        raise unclear(call, f"activity {fields.text('activity_type')!r} is not known")
    return Push(
        before=fields.object_id("before"),
        after=fields.object_id("after"),
        kind=kind,
        actor=fields.account("actor"),
        at_s=fields.time_s("timestamp"),
    )


def _submitted_at(fields: Fields) -> tuple[str, int]:
    """Times are ISO 8601 in UTC, to the second; ids grow."""
    return fields.text("submitted_at"), fields.number("id")


def _review(fields: Fields, call: str) -> PullRequestReview:
    state = next((known for known in ReviewState if known == fields.text("state")), None)
    if state is None:
        raise unclear(call, f"review state {fields.text('state')!r} is not known")
    return PullRequestReview(
        account=fields.account("user"),
        state=state,
        commit=fields.text_or_none("commit_id"),
    )


def _decoded(fields: Fields, size: int, call: str) -> bytes:
    try:
        content = base64.b64decode(fields.text("content").replace("\n", ""), validate=True)
    except binascii.Error:
        raise unclear(call, "its content is not base64") from None
    if len(content) != size:
        raise unclear(call, f"it holds {len(content)} of {size} bytes")
    return content


def _quoted(branch: str) -> str:
    return quote(branch, safe="/")
