"""What a chat reads of a controller without a forge; one that is down takes nothing else away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import git
import pytest

from reconciler.cli import controller_errands
from reconciler.cli.controller_errands import ErrandWiring, GitErrands
from reconciler.controller.model import Place
from reconciler.errors import Problem, Unavailable
from reconciler.flows.apply import ApplyRequest, ApplyWorld
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.outcomes.drift import DriftGroup, DriftOutcome, ShardMark
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.progress import ProgressEvent, RolloutStarted
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment
from tests.golden import samples
from tests.offline_fleet import SHARDS, repository

SHOP = Place("production", "shop")
STARTED = RolloutStarted(
    at_s=0.0, keyspace="shop", apply_id=17, waves=(SHARDS,), statements=2, done=()
)


@dataclass
class Chat:
    lines: list[str] = field(default_factory=list)
    is_down: bool = False

    def __call__(self, text: str) -> None:
        if self.is_down:
            raise Unavailable(Problem(code="webhook-failed", message="HTTP 500", recovery="wait"))
        self.lines.append(text)


@pytest.fixture
def merged(tmp_path: Path) -> tuple[Path, str]:
    """A clone, and the tip of its protected branch."""
    files = repository().content
    for path, content in files.items():
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    with git.Repo.init(tmp_path, initial_branch="main") as repo:
        repo.index.add([*files])
        who = git.Actor("t", "t@example.org")
        return tmp_path, repo.index.commit("Reviewed", author=who, committer=who).hexsha


def errands(repo: Path, chat: Chat) -> tuple[GitErrands, list[ProgressEvent]]:
    told: list[ProgressEvent] = []
    wiring = ErrandWiring(
        repo=repo,
        branch="main",
        holder="the controller",
        interrupts=lambda: 0,
        on_progress=lambda _place, event: told.append(event),
        chat=chat,
    )
    return GitErrands(wiring), told


def applying(
    monkeypatch: pytest.MonkeyPatch, verdict: ApplyVerdict, *events: ProgressEvent
) -> None:
    def apply(
        _world: ApplyWorld,
        _files: DesiredFiles,
        chosen: Environment,
        _request: ApplyRequest,
        *,
        on_progress: Callable[[ProgressEvent], None],
    ) -> ApplyOutcome:
        for event in events:
            on_progress(event)
        return ApplyOutcome(
            environment=chosen.name, keyspace="shop", verdict=verdict, plan=samples.UNIFORM
        )

    monkeypatch.setattr(controller_errands, "apply_keyspace", apply)


@pytest.mark.invariant("RP-32")
def test_a_controller_without_a_forge_tells_a_chat_of_its_applies(
    merged: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    repo, commit = merged
    chat = Chat()
    runs, told = errands(repo, chat)
    applying(monkeypatch, ApplyVerdict.FAILED, STARTED)
    runs.apply(SHOP, commit, is_again=False)
    begun, ended = chat.lines
    assert begun.startswith("00:00:00 shop apply 17 starts: 2 statements on 2 shards")
    assert begun.endswith("(production)"), "there is no run to read more of"
    assert ended == "shop in production: plan 5d10ea88f422, failed, 0 shards completed"
    assert told == [STARTED]


@pytest.mark.invariant("RP-32")
def test_what_has_nothing_to_do_and_what_was_told_is_not_told(
    merged: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    repo, commit = merged
    chat = Chat()
    runs, _ = errands(repo, chat)
    applying(monkeypatch, ApplyVerdict.NOTHING_TO_DO)
    runs.apply(SHOP, commit, is_again=False)
    assert chat.lines == []
    applying(monkeypatch, ApplyVerdict.REFUSED)
    for is_again in (False, True, True):
        runs.apply(SHOP, commit, is_again=is_again)
    (line,) = chat.lines
    assert line.startswith("shop in production: plan 5d10ea88f422, refused for ")


@pytest.mark.invariant("RP-32")
def test_a_chat_that_is_down_keeps_no_outcome_from_the_controller(
    merged: tuple[Path, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Drift that no chat took was lost to the page and to the metrics as well."""
    repo, commit = merged
    runs, _ = errands(repo, Chat(is_down=True))
    applying(monkeypatch, ApplyVerdict.COMPLETED, STARTED)
    applied = runs.apply(SHOP, commit, is_again=False)
    assert isinstance(applied, ApplyOutcome)
    group = DriftGroup(mark=ShardMark.DRIFTED, shards=SHARDS)
    drifted = DriftOutcome(environment="production", keyspace="shop", groups=(group,))

    def look(*_of: object) -> list[DriftOutcome | KeyspaceFailed]:
        return [drifted]

    monkeypatch.setattr(controller_errands, "look_for_drift", look)
    assert runs.look_for_drift(SHOP, commit, frozenset({SHOP})) == drifted
    assert capsys.readouterr().err.count("warning: HTTP 500") == 3
