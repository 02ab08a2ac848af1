"""What the runner says, read strictly."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.edges.github.job import read_job
from reconciler.errors import InvalidInput
from reconciler.ports.job import BranchEvent, PullRequestEvent

SHA = "a" * 40


def environ(folder: Path, name: str, payload: Any, **changes: str) -> dict[str, str]:
    path = folder / "event.json"
    path.write_text(json.dumps(payload))
    return {
        "GITHUB_EVENT_NAME": name,
        "GITHUB_EVENT_PATH": str(path),
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_SHA": SHA,
        "GITHUB_REF": "refs/heads/main",
        "GITHUB_ACTOR": "Ada",
        "GITHUB_TOKEN": "ghs_secret",
        **changes,
    }


def pull_request(head: dict[str, Any] | None) -> dict[str, Any]:
    base = {"ref": "main", "sha": SHA, "repo": {"full_name": "acme/shop"}}
    return {
        "pull_request": {
            "number": 3,
            "head": {"ref": "$(rm -rf)", "sha": SHA, "repo": head},
            "base": base,
        }
    }


@pytest.mark.parametrize(
    ("head", "is_fork"),
    [({"full_name": "acme/shop"}, False), ({"full_name": "eve/shop"}, True), (None, True)],
)
def test_a_pull_request_of_another_repository_or_of_none_is_a_forks(
    tmp_path: Path, head: dict[str, Any] | None, is_fork: bool
) -> None:
    event = read_job(environ(tmp_path, "pull_request", pull_request(head))).facts.event
    assert isinstance(event, PullRequestEvent)
    assert (event.number, event.is_fork) == (3, is_fork)


def test_a_push_tells_its_branch_and_the_default_one(tmp_path: Path) -> None:
    payload = {"repository": {"default_branch": "trunk"}}
    event = read_job(environ(tmp_path, "push", payload)).facts.event
    assert event == BranchEvent(name="push", branch="main", default_branch="trunk")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"GITHUB_SHA": "main"}, "not-a-job"),
        ({"GITHUB_SHA": ""}, "not-a-job"),
        ({"GITHUB_REPOSITORY": "acme/shop/../other"}, "not-a-job"),
        ({"GITHUB_EVENT_PATH": "/nowhere"}, "event-unreadable"),
        ({"GITHUB_EVENT_NAME": "pull_request_target"}, "event-dangerous"),
        ({"GITHUB_EVENT_NAME": "fork"}, "event-unknown"),
        ({"GITHUB_EVENT_NAME": "merge_group"}, "event-unreadable"),
    ],
)
def test_what_is_no_job_is_an_error(tmp_path: Path, changes: dict[str, str], code: str) -> None:
    payload = {"repository": {"default_branch": "main"}}
    with pytest.raises(InvalidInput) as caught:
        read_job(environ(tmp_path, "push", payload, **changes))
    assert caught.value.problems[0].code == code


@pytest.mark.invariant("PL-12")
def test_a_job_does_not_show_its_token(tmp_path: Path) -> None:
    payload = {"repository": {"default_branch": "main"}}
    assert "ghs_secret" not in repr(read_job(environ(tmp_path, "push", payload)))
