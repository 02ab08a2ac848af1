"""Where a spec lists shards that retire, every verb asks the routes first, and what cannot be asked
is told by name."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from reconciler.cli.main import reconciler
from reconciler.outcomes.exit_code import ExitCode
from reconciler.reshard.plan.codec import dump_split_plan
from tests.offline_split import splitting
from tests.sample_split_plans import sample_split_plan

VERBS = ("plan", "verify", "drift", "release", "stop", "retry", "abandon")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    for path, content in splitting().content.items():
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return tmp_path


@pytest.mark.invariant("SP-75")
@pytest.mark.parametrize("verb", VERBS)
def test_a_ledger_that_no_application_could_ask_has_no_routes(repo: Path, verb: str) -> None:
    asked = [verb, "-C", str(repo), "--environment", "production"]
    ended = CliRunner().invoke(reconciler, asked)
    assert "routes-need-server" in ended.output
    assert ended.exit_code == ExitCode.REFUSED


def test_a_split_plan_is_shown_and_an_edited_one_is_not(tmp_path: Path) -> None:
    path = tmp_path / "shop.split.json"
    content = dump_split_plan(sample_split_plan())
    path.write_bytes(content)
    shown = CliRunner().invoke(reconciler, ["show", str(path)])
    assert shown.exit_code == ExitCode.FINE
    assert "-80 is replaced by -40, 40-80" in shown.output
    path.write_bytes(content.replace(b'"version": 1', b'"version": 2'))
    edited = CliRunner().invoke(reconciler, ["show", str(path)])
    assert edited.exit_code != ExitCode.FINE


@pytest.mark.parametrize("runtime", ["", "soon", "10", "1w"])
def test_a_time_is_written_as_in_a_spec(repo: Path, runtime: str) -> None:
    ended = CliRunner().invoke(reconciler, ["apply", "-C", str(repo), "--max-runtime", runtime])
    assert "no time such as 30m" in ended.output


def test_metrics_are_written_and_pages_are_of_history(repo: Path, tmp_path: Path) -> None:
    status = ["status", "-C", str(repo), "-e", "production", "--review", "none"]
    metrics = tmp_path / "splits.prom"
    ended = CliRunner().invoke(reconciler, [*status, "--metrics", str(metrics)])
    assert ended.exit_code == ExitCode.FINE
    assert "# TYPE reconciler_split_phase gauge" in metrics.read_text(encoding="utf-8")
    listed = CliRunner().invoke(reconciler, [*status, "--history", "--split-end", "done"])
    assert listed.exit_code == ExitCode.FINE
    alone = CliRunner().invoke(reconciler, [*status, "--before-split", "3"])
    assert "are for --history" in alone.output
