"""Jobs of GitHub Actions as their runner starts them: a clone, variables, an event file."""

from __future__ import annotations

import io
import itertools
import json
import subprocess
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import git
import pytest

from tests.fleet import Ended, Fleet
from tests.github_double.hub import ADA, BEN, FORK, Hub, MergeKind, Pull, User
from tests.github_double.server import TOKEN, Double

_clones = itertools.count()

PLAN_JSON, PLAN_SQL = "plans/production/shop.plan.json", "plans/production/shop.plan.sql"
ADD_COLUMN = (
    "  name varchar(50) NOT NULL,",
    "  name varchar(50) NOT NULL,\n  age int DEFAULT NULL,",
)


@dataclass
class Jobs:
    """A fleet whose repository is on the hub."""

    fleet: Fleet
    hub: Hub
    double: Double
    folder: Path
    monkeypatch: pytest.MonkeyPatch
    summaries: list[Path] = field(default_factory=list)
    summary_begins_with: str = ""

    def publish(self) -> None:
        self.fleet.git("remote", "add", "origin", str(self.hub.bare.git_dir))
        self.hub.pushed(ADA, git.Repo(self.fleet.root), "main")
        self.fleet.git("fetch", "--quiet", "origin")
        self.fleet.git("remote", "set-head", "origin", "main")

    def branch(self, name: str = "feature") -> None:
        self.fleet.git("fetch", "--quiet", "origin")
        self.fleet.git("checkout", "--quiet", "-B", name, "origin/main")

    def push(self, name: str = "feature", user: User = ADA) -> str:
        return self.hub.pushed(user, git.Repo(self.fleet.root), name)

    def propose(self, name: str = "feature") -> int:
        """The working tree's commit as a pull request of Ada's."""
        self.push(name)
        return self.hub.opened(ADA, name)

    def on_pull_request(self, number: int, *verb: str) -> Ended:
        pull = self.hub.pulls[number]
        event = {"pull_request": _pull_event(self.hub, pull)}
        return self.run(verb, "pull_request", self.hub.merge_ref(number), event, f"pull/{number}")

    def on_push(self, *verb: str, commit: str | None = None, name: str = "push") -> Ended:
        event = {"repository": {"default_branch": "main"}}
        return self.run(verb, name, commit or self.hub.tip, event, "heads/main")

    def on_merge_group(self, number: int, *verb: str) -> Ended:
        event = {"merge_group": {"base_sha": self.hub.tip}}
        commit = self.hub.merge_ref(number)
        return self.run(verb, "merge_group", commit, event, "heads/gh-readonly-queue/main")

    def on_schedule(self, *verb: str) -> Ended:
        return self.on_push(*verb, name="schedule")

    def run(
        self, verb: tuple[str, ...], event_name: str, commit: str, event: Any, ref: str
    ) -> Ended:
        place = self.folder / f"job{next(_clones)}"
        # A clone on the same disk has every object, of merge references as well.
        _git("clone", "--no-checkout", str(self.hub.bare.git_dir), str(place))
        _git("-C", str(place), "checkout", "--detach", commit)
        event_file = self.folder / "event.json"
        event_file.write_text(event if isinstance(event, str) else json.dumps(event))
        self.summaries.append(self.folder / f"{place.name}.md")
        self.summaries[-1].write_text(self.summary_begins_with)
        for name, value in {
            "GITHUB_EVENT_NAME": event_name,
            "GITHUB_EVENT_PATH": str(event_file),
            "GITHUB_REPOSITORY": self.hub.name,
            "GITHUB_SHA": commit,
            "GITHUB_REF": f"refs/{ref}",
            "GITHUB_API_URL": self.double.url,
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_RUN_ID": "7",
            "GITHUB_ACTOR": "ada",
            "GITHUB_STEP_SUMMARY": str(self.summaries[-1]),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "RUNNER_TEMP": str(self.folder / "runner"),
        }.items():
            self.monkeypatch.setenv(name, value)
        return self.fleet.run("ci", *verb, "-C", str(place))

    def keep_artifact(
        self,
        number: int,
        edit: Callable[[bytes], bytes] = lambda text: text,
        *,
        name: str = "reconciler-plans",
    ) -> None:
        """What the upload step makes of plans/ of the last job, with some files beside it."""
        place = self.place / "plans"
        content = io.BytesIO()
        with zipfile.ZipFile(content, "w") as archive:
            archive.writestr("../../evil.plan.json", b"{}")
            for path in sorted(place.rglob("*.plan.*")):
                archive.writestr(str(path.relative_to(place)), edit(path.read_bytes()))
        head = self.hub.pulls[number].head_sha
        self.hub.artifacts[self.hub.next_id()] = (head, name, content.getvalue())

    @property
    def place(self) -> Path:
        """The clone of the last job."""
        return self.folder / self.summaries[-1].stem

    @property
    def summary(self) -> str:
        return self.summaries[-1].read_text()

    def comments(self, number: int) -> list[str]:
        return [c["body"] for c in self.hub.comments.values() if c["number"] == number]

    def merged(self, number: int, kind: MergeKind = MergeKind.MERGE) -> str:
        return self.hub.merged(number, kind)


def change(jobs: Jobs, name: str = "feature") -> int:
    """Ada's pull request that adds a column, with its plan. Its commit is its own: with the message
    of another one, made in the same second, it would have that one's id."""
    jobs.branch(name)
    jobs.fleet.edit("schemas/shop/users.sql", *ADD_COLUMN)
    jobs.fleet.plan_and_commit(name)
    return jobs.propose(name)


def review_spec(jobs: Jobs, name: str = "spec") -> None:
    """A pull request that changes the spec in nothing that counts, approved and merged."""
    jobs.branch(name)
    jobs.fleet.write("specs/shop.yaml", jobs.fleet.read("specs/shop.yaml") + f"# {name}\n")
    jobs.fleet.commit("the spec")
    number = jobs.propose(name)
    jobs.hub.reviewed(BEN, number)
    jobs.merged(number)


def refuses(jobs: Jobs, code: str, *verb: str, commit: str | None = None) -> str:
    """The apply ends with 3, says why, and no shard has changed."""
    before = jobs.fleet.all_definitions()
    ended = jobs.on_push("apply", *verb, commit=commit)
    assert ended.code == 3, ended.said
    assert f"[{code}]" in ended.said, ended.said
    assert jobs.fleet.all_definitions() == before
    return ended.said


def is_applied(jobs: Jobs) -> bool:
    found = jobs.fleet.all_definitions().values()
    return all("`age` int" in definitions["users"] for definitions in found)


def _git(*arguments: str) -> None:
    subprocess.run(["git", *arguments], capture_output=True, check=True)


def _pull_event(hub: Hub, pull: Pull) -> dict[str, Any]:
    head_repository = FORK if pull.fork else hub.name
    return {
        "number": pull.number,
        "title": pull.title,
        "head": {
            "ref": pull.head_branch,
            "sha": pull.head_sha,
            "repo": {"full_name": head_repository},
        },
        "base": {"ref": "main", "sha": pull.base_sha, "repo": {"full_name": hub.name}},
    }
