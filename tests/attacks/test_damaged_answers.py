"""A forge whose answers are damaged anywhere: no traceback, and never a yes that was not there."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import git
import pytest
import stamina
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.edges.github.client import GithubClient
from reconciler.edges.github.forge import GithubForge
from reconciler.edges.github.job import read_job
from reconciler.edges.github.main_line import GitMainLine
from reconciler.edges.github.settings import read_settings
from reconciler.edges.http import Reply, Request
from reconciler.errors import InvalidInput, Refused, Unavailable
from reconciler.flows.forge.doctor import judge_settings
from reconciler.flows.forge.review import ReviewQuestion, review_proof
from reconciler.spec.model import Environment, ReviewRule
from tests.github_double import answers, writes
from tests.github_double.hub import ADA, Hub, MergeKind
from tests.github_double.server import TOKEN
from tests.github_work import PLAN, commit_files, plan_files, working
from tests.integration.test_github_settings import IN_ORDER
from tests.series import share

JUNK = st.sampled_from(
    [None, True, False, 0, -1, 10**30, 1.5, "", "x", "\0", "0" * 40, [], [None], {}, {"id": 1}]
)


@dataclass(frozen=True)
class Damage:
    """`place` chooses the answer, `way` the value in it; `gone`: it is missing."""

    place: int
    way: tuple[int, ...]
    value: Any
    gone: bool


DAMAGES = st.builds(
    Damage,
    place=st.integers(0, 60),
    way=st.lists(st.integers(0, 12), min_size=1, max_size=5).map(tuple),
    value=JUNK,
    gone=st.booleans(),
)


def damaged(answer: Any, damage: Damage) -> Any:
    """A copy of the answer in which one value is another one."""
    whole = json.loads(json.dumps(answer))
    holder, key, at = None, None, whole
    for step in damage.way:
        keys = list(at) if isinstance(at, dict) else list(range(len(at)))
        holder, key = at, keys[step % len(keys)] if keys else None
        if key is None:
            return damage.value
        at = at[key]
        if not isinstance(at, dict | list):
            break
    if damage.gone:
        del holder[key]  # type: ignore[union-attr]
    else:
        holder[key] = damage.value  # type: ignore[index]
    return whole


class DamagedTransport:
    """Answers without a network between, as the hub would, but for one of them."""

    def __init__(self, hub: Hub, damage: Damage) -> None:
        self._hub, self._damage, self._calls = hub, damage, 0

    def exchange(self, request: Request) -> Reply:
        if request.verb == "GET":
            query = {name: str(value) for name, value in request.parameters.items()}
            status, body = answers.read(self._hub, request.path, query)
        else:
            sent = json.loads(request.body or b"{}")
            status, body = writes.write(self._hub, request.verb, request.path, sent)
        if self._calls == self._damage.place:
            body = damaged(body, self._damage)
        self._calls += 1
        return Reply(status=status, headers={}, body=json.dumps(body).encode())


def client_of(hub: Hub, damage: Damage) -> GithubClient:
    client = GithubClient(api_url="https://hub.test", token=TOKEN)
    client._transport = DamagedTransport(hub, damage)  # type: ignore[assignment]
    return client


@dataclass(frozen=True)
class Merged:
    """A pull request of Ada's that nobody but Ada approved."""

    hub: Hub
    line: GitMainLine
    question: ReviewQuestion


@pytest.fixture(scope="module")
def merged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Merged]:
    stamina.set_testing(True, attempts=1)
    folder = tmp_path_factory.mktemp("damaged")
    with working(folder) as work:
        commit_files(work.ada, {".github/CODEOWNERS": "* @ada\n"})
        work.push("main")
        work.branch()
        commit_files(work.ada, {"schemas/commerce/users.sql": "-- new", **plan_files(PLAN)})
        work.push()
        number = work.hub.opened(ADA, "feature")
        work.hub.reviewed(ADA, number)
        work.hub.merged(number, MergeKind.SQUASH)
        work.hub.settings = dict(IN_ORDER)
        clone = git.Repo.clone_from(str(work.hub.bare.git_dir), folder / "clone")
        question = ReviewQuestion(
            plan=PLAN,
            commit=clone.head.commit.hexsha,
            branch="main",
            spec_path="specs/commerce.yaml",
            schema_dir="schemas/commerce",
            rule=ReviewRule(code_owners=True),
        )
        yield Merged(work.hub, GitMainLine(folder / "clone"), question)
    stamina.set_testing(False)


@pytest.mark.threat("TM-FORGE-1")
@pytest.mark.invariant("RV-6")
@settings(max_examples=share(150), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DAMAGES)
def test_no_damage_makes_a_yes_or_a_traceback_of_a_proof(merged: Merged, damage: Damage) -> None:
    forge = GithubForge(client_of(merged.hub, damage), "acme/shop", run_id="7")
    try:
        assert review_proof(forge, merged.line, merged.question) != ()
    except (Refused, Unavailable, InvalidInput):
        return


@pytest.mark.threat("TM-FORGE-1")
@pytest.mark.invariant("RV-11")
@settings(max_examples=share(150), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(DAMAGES)
def test_no_damage_makes_a_traceback_of_settings(merged: Merged, damage: Damage) -> None:
    client = client_of(merged.hub, damage)
    forge = GithubForge(client, "acme/shop")
    try:
        found = read_settings(
            client,
            "acme/shop",
            lambda branch, path: forge.file(forge.branch_tip(branch), path, bytes_max=1_000),
        )
    except (Unavailable, InvalidInput):  # a file too large, by its own account
        return
    judge_settings(
        found,
        environments=[Environment(name="production")],
        asks_code_owners=True,
        owned_paths=("specs/shop.yaml",),
        now_s=0.0,
    )


EVENT = {
    "number": 1,
    "repository": {"default_branch": "main"},
    "merge_group": {"base_sha": "0" * 40},
    "pull_request": {
        "number": 1,
        "head": {"ref": "f", "sha": "0" * 40, "repo": {"full_name": "acme/shop"}},
        "base": {"ref": "main", "sha": "0" * 40, "repo": {"full_name": "acme/shop"}},
    },
}


@pytest.mark.threat("TM-FORGE-1")
@pytest.mark.invariant("RV-6")
@settings(max_examples=share(150), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    DAMAGES.map(lambda damage: json.dumps(damaged(EVENT, damage)).encode()) | st.binary(),
    st.sampled_from(["pull_request", "merge_group", "push", "schedule", "x", ""]),
)
def test_no_event_makes_a_traceback(tmp_path: Path, content: bytes, name: str) -> None:
    place = tmp_path / "event.json"
    place.write_bytes(content)
    environ = {
        "GITHUB_EVENT_NAME": name,
        "GITHUB_EVENT_PATH": str(place),
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_SHA": "0" * 40,
        "GITHUB_REF": "refs/heads/main",
        "GITHUB_ACTOR": "ada",
    }
    try:
        read_job(environ)
    except InvalidInput:
        return


@dataclass(frozen=True)
class OneAnswer:
    """To whatever is asked."""

    body: bytes

    def exchange(self, request: Request) -> Reply:
        return Reply(status=200, headers={}, body=self.body)


@pytest.mark.threat("TM-FORGE-1")
@pytest.mark.invariant("RV-6")
@pytest.mark.parametrize(
    ("said", "told"),
    [
        (b'{"merged": true, "merged": false}', "key 'merged' twice"),
        (b'{"number": NaN}', "NaN"),
        (b'{"merged": tru', "not whole JSON"),
    ],
)
def test_an_answer_that_two_readers_would_read_otherwise_is_none(said: bytes, told: str) -> None:
    client = GithubClient(api_url="https://hub.test", token=TOKEN)
    client._transport = OneAnswer(said)  # type: ignore[assignment]
    with pytest.raises(Unavailable, match=told):
        client.find("/repos/acme/store")
