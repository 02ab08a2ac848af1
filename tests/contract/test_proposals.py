"""What `Proposals` promises, held against the fake and against the adapter to GitHub over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.edges.github.client import GithubClient
from reconciler.edges.github.commits import GithubProposals
from reconciler.errors import Unavailable
from reconciler.ports.notices import Proposals, TokenKind
from tests.github_double.hub import ADA, Hub
from tests.github_double.server import APP_TOKEN, PERSONS_TOKEN, TOKEN, serving
from tests.offline_forge import MERGED, KeptProposals

_TOKENS = {TokenKind.APP: APP_TOKEN, TokenKind.JOB: TOKEN, TokenKind.PERSON: PERSONS_TOKEN}


@dataclass
class Proposed:
    """Proposals by each kind of token, into a repository whose main is at `tip`."""

    by: Callable[[TokenKind], Proposals]
    tip: str
    forbid: Callable[[], None]


@pytest.fixture(params=["fake", "github"])
def proposed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Proposed]:
    if request.param == "fake":
        kept = KeptProposals()

        def by(kind: TokenKind) -> Proposals:
            kept.kind = kind
            return kept

        yield Proposed(by, MERGED, lambda: setattr(kept, "may_open", False))
        return
    hub = Hub(tmp_path)
    ada = hub.workplace("ada")
    (tmp_path / "ada" / "a.sql").write_text("old")
    ada.git.add("--all")
    ada.git.commit("-m", "first")
    hub.pushed(ADA, ada, "main")
    with serving(hub) as double:
        yield Proposed(
            lambda kind: GithubProposals(
                GithubClient(api_url=double.url, token=_TOKENS[kind]), hub.name
            ),
            hub.tip,
            lambda: setattr(hub, "jobs_may_open", False),
        )


@pytest.mark.parametrize("kind", TokenKind)
def test_whom_a_token_speaks_for_is_told(proposed: Proposed, kind: TokenKind) -> None:
    assert proposed.by(kind).speaks_for()[0] is kind


def test_a_branch_is_made_committed_to_and_proposed(proposed: Proposed) -> None:
    proposals = proposed.by(TokenKind.APP)
    proposals.begin_branch("back", proposed.tip)
    made = proposals.commit(
        "back",
        onto=proposed.tip,
        message="Take it back\n\nAsked by ben",
        additions={"b.sql": b"new"},
        removals=["a.sql"],
    )
    assert made != proposed.tip
    assert proposals.open_pull_request("back", into="main", title="Back", body="why") > 0


def test_no_branch_that_is_there_is_touched(proposed: Proposed) -> None:
    proposals = proposed.by(TokenKind.JOB)
    with pytest.raises(Unavailable):
        proposals.begin_branch("main", proposed.tip)
    proposals.begin_branch("back", proposed.tip)
    with pytest.raises(Unavailable):
        proposals.begin_branch("back", proposed.tip)


def test_a_commit_is_made_onto_what_was_looked_at_alone(proposed: Proposed) -> None:
    proposals = proposed.by(TokenKind.APP)
    proposals.begin_branch("back", proposed.tip)
    with pytest.raises(Unavailable):
        proposals.commit("back", onto="1" * 40, message="m", additions={"b": b"x"}, removals=[])


def test_who_may_open_no_pull_request_is_told(proposed: Proposed) -> None:
    proposed.forbid()
    proposals = proposed.by(TokenKind.JOB)
    proposals.begin_branch("back", proposed.tip)
    with pytest.raises(Unavailable):
        proposals.open_pull_request("back", into="main", title="Back", body="why")
