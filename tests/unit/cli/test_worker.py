"""How workers are begun, and what they load, who run for months: nothing that they never use."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from reconciler.cli.main import run
from tests.series import series

DECIDES = "reconciler.cli.worker, reconciler.edges.temporal.worker"
REGION = f"{DECIDES}, reconciler.cli.part_errands, reconciler.edges.promotion"


@pytest.mark.invariant("RG-87")
@pytest.mark.parametrize(
    ("modules", "left_alone"),
    series(
        [
            (DECIDES, ("rich", "requests", "sqlalchemy", "pymysql", "reconciler.flows.apply")),
            (REGION, ("rich", "requests", "reconciler.report.render", "reconciler.edges.github")),
        ]
    ),
    ids=["who decides", "a region"],
)
def test_a_worker_loads_nothing_for_terminals_forges_or_others_work(
    modules: str, left_alone: tuple[str, ...]
) -> None:
    program = f"import sys, {modules}; print(*sorted(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert not set(left_alone).intersection(done.stdout.split())


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--review", "github"), "--review github goes with --region"),
        (("--region", "eu", "--github-token-file", __file__), "goes with --review github"),
        (("--region", "eu", "--review", "github"), "[review-without-forge]"),
    ],
)
def test_whom_a_worker_asks_for_reviews_is_never_passed_over(
    options: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    where = ("--temporal", "127.0.0.1:1", "-C", str(tmp_path))
    assert run(("worker", *where, *options)) == 64
    assert said in " ".join(capsys.readouterr().err.split())


@pytest.mark.invariant("TM-16")
@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--github-token-file", __file__), "goes with --review github"),
        (("--review", "github"), "[review-without-forge]"),
    ],
)
def test_whom_a_start_asks_for_reviews_is_never_passed_over(
    options: tuple[str, ...],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    where = ("--temporal", "127.0.0.1:1", "-C", str(tmp_path))
    assert run(("rollout", "start", *where, *options)) == 64
    assert said in " ".join(capsys.readouterr().err.split())
