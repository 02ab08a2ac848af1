"""What `Notices` promises, held against the fake and against the adapter to GitHub over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.edges.github.client import GithubClient
from reconciler.edges.github.notices import GithubNotices
from reconciler.ports.notices import Notices, Status
from tests.github_double.hub import Hub
from tests.github_double.server import TOKEN, serving
from tests.offline_forge import KeptNotices

COMMIT = "1" * 40
URL = "https://forge.example/run/7"


@dataclass
class Told:
    """Notices, and what somebody sees who looks at the forge."""

    notices: Notices
    comments: Callable[[int], list[str]]
    issue: Callable[[int], tuple[str, str, bool]]
    states: Callable[[], list[list[str]]]


@pytest.fixture(params=["fake", "github"])
def told(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Told]:
    if request.param == "fake":
        kept = KeptNotices()
        yield Told(
            notices=kept,
            comments=kept.comments,
            issue=lambda n: (kept.issues[n].title, kept.issues[n].body, kept.issues[n].is_open),
            states=lambda: [states for _, _, states in kept.deployments],
        )
        return
    hub = Hub(tmp_path)
    with serving(hub) as double:
        yield Told(
            notices=GithubNotices(GithubClient(api_url=double.url, token=TOKEN), hub.name),
            comments=lambda number: [
                comment["body"]
                for comment in hub.comments.values()
                if comment["number"] == number and comment["node_id"] not in hub.minimised
            ],
            issue=lambda n: (
                hub.issues[n]["title"],
                hub.issues[n]["body"],
                hub.issues[n]["state"] == "open",
            ),
            states=lambda: [deployment["states"] for deployment in hub.deployments],
        )


def test_a_comment_is_edited_by_its_first_line(told: Told) -> None:
    told.notices.keep_comment(7, "<!-- a -->\nfirst")
    told.notices.keep_comment(7, "<!-- b -->\nother")
    told.notices.keep_comment(7, "<!-- a -->\nsecond")
    told.notices.keep_comment(8, "<!-- a -->\nelsewhere")
    assert sorted(told.comments(7)) == ["<!-- a -->\nsecond", "<!-- b -->\nother"]
    assert told.comments(8) == ["<!-- a -->\nelsewhere"]


def test_first_lines_are_those_of_one_pull_request(told: Told) -> None:
    told.notices.keep_comment(7, "<!-- a -->\nfirst")
    told.notices.keep_comment(8, "<!-- b -->\nother")
    assert told.notices.own_first_lines(7) == {"<!-- a -->"}
    assert told.notices.own_first_lines(9) == frozenset()


def test_what_is_about_nothing_any_more_is_folded_away(told: Told) -> None:
    told.notices.keep_comment(7, "<!-- a -->\nfirst")
    told.notices.keep_comment(7, "<!-- b -->\nother")
    told.notices.fold_comments(7, frozenset({"<!-- a -->", "<!-- c -->"}))
    assert told.comments(7) == ["<!-- b -->\nother"]


def test_one_issue_is_kept_closed_and_opened_again(told: Told) -> None:
    number = told.notices.keep_issue("Drift", "<!-- drift -->\none shard")
    assert told.notices.keep_issue("Drift", "<!-- drift -->\ntwo shards") == number
    assert told.issue(number) == ("Drift", "<!-- drift -->\ntwo shards", True)
    told.notices.close_issue("<!-- drift -->\nnone")
    assert told.issue(number) == ("Drift", "<!-- drift -->\nnone", False)
    assert told.notices.keep_issue("Drift", "<!-- drift -->\nagain") == number
    assert told.issue(number) == ("Drift", "<!-- drift -->\nagain", True)


def test_no_issue_is_opened_to_be_closed(told: Told) -> None:
    told.notices.close_issue("<!-- drift -->\nnone")
    first = told.notices.open_issue("a", "<!-- glass -->\na")
    assert told.notices.open_issue("b", "<!-- glass -->\nb") != first, "each is an issue of its own"


def test_statuses_of_a_context_come_newest_first(told: Told) -> None:
    for state, description in (("failure", "stale"), ("success", "verified")):
        told.notices.set_status(COMMIT, "r/p", state=state, description=description, url=URL)
    told.notices.set_status(COMMIT, "r/other", state="success", description="x", url=URL)
    assert told.notices.statuses(COMMIT, "r/p") == (
        Status(state="success", description="verified", url=URL),
        Status(state="failure", description="stale", url=URL),
    )
    assert told.notices.statuses("2" * 40, "r/p") == ()


def test_a_success_retires_the_deployments_before_it_of_its_keyspace(told: Told) -> None:
    def deploy(keyspace: str, *states: str) -> int:
        made = told.notices.begin_deployment(
            COMMIT, "production", keyspace, plan_id="sha256:1", description="schema"
        )
        for state in states:
            told.notices.move_deployment(made, state=state, url=URL)
        return made

    deploy("shop", "success")
    deploy("other", "success")
    deploy("shop", "failure")
    deploy("shop", "in_progress")
    newest = deploy("shop", "success")
    told.notices.retire_deployments("production", "shop", before=newest, url=URL)
    assert told.states() == [
        ["success", "inactive"],
        ["success"],
        ["failure"],
        ["in_progress", "inactive"],
        ["success"],
    ]
