"""Where a spec lists shards that retire, every verb asks the routes first, and what cannot be asked
is told by name."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from reconciler.cli.main import reconciler
from reconciler.edges.ledger.sql import open_ledger
from reconciler.outcomes.exit_code import ExitCode
from reconciler.reshard.plan.codec import dump_split_plan
from tests.contract.ledgers import begun
from tests.offline_fleet import SPEC_PATH
from tests.offline_reshard import splitting as resharding
from tests.offline_split import adopted_routes, splitting
from tests.sample_split_plans import sample_split_plan
from tests.sample_splits import new_job, serving_in

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


@pytest.mark.invariant("SP-66")
@pytest.mark.parametrize("verb", ["stop", "abandon"])
def test_a_split_is_live_though_its_shards_were_taken_out_of_the_spec(
    repo: Path, tmp_path: Path, verb: str
) -> None:
    """Whoever reverts a split's pull request while rows move can still say what they mean by it."""
    path = tmp_path / "ledger.db"
    ledger = open_ledger(f"sqlite:///{path}", default_file=path)
    adopted_routes(ledger)
    job = ledger.split_jobs.open(new_job("shop"), holder="me", now_s=1.0)
    spec = repo / SPEC_PATH
    before, _, _ = spec.read_text(encoding="utf-8").rpartition("    shards:")
    spec.write_text(
        f'{before}    ledger: "sqlite:///{path}"\n    shards: ["-80", "80-"]\n', encoding="utf-8"
    )
    asked = [verb, "-C", str(repo), "-e", "production", "--review", "none"]
    ended = CliRunner().invoke(reconciler, asked)
    assert ended.exit_code == ExitCode.FINE, ended.output
    [request] = ledger.split_jobs.requests(job.job_id)
    assert request.kind == verb
    ledger.close()


@pytest.mark.invariant("SP-79")
@pytest.mark.parametrize("verb", ["stop", "release", "retry"])
def test_what_is_asked_beside_a_split_that_lets_go_is_asked_of_the_apply(
    repo: Path, tmp_path: Path, verb: str
) -> None:
    path = tmp_path / "ledger.db"
    ledger = open_ledger(f"sqlite:///{path}", default_file=path)
    job = ledger.split_jobs.let_go(serving_in(ledger, "shop"))
    lease = begun(ledger, "shop")
    ledger.give_up(lease, now_s=0.0)
    spec = repo / SPEC_PATH
    before, _, _ = spec.read_text(encoding="utf-8").rpartition("    shards:")
    spec.write_text(
        f'{before}    ledger: "sqlite:///{path}"\n    shards: ["-80", "80-"]\n', encoding="utf-8"
    )
    asked = [verb, "-C", str(repo), "-e", "production", "--review", "none"]
    told = CliRunner().invoke(reconciler, asked).output
    kinds = [str(one.kind) for one in ledger.requests(lease.apply_id)]
    assert kinds == ["resume" if verb == "retry" else verb], told
    of_split = [str(one.kind) for one in ledger.split_jobs.requests(job.job_id)]
    assert of_split == (["stop"] if verb == "stop" else [])
    ledger.close()


@pytest.mark.invariant("SP-105")
def test_a_clean_up_is_of_a_split_and_of_nothing_else(repo: Path) -> None:
    asked = ["release", "-C", str(repo), "-e", "staging", "--review", "none", "--clean-up"]
    assert "split-none" in CliRunner().invoke(reconciler, asked).output
    assert "has no regions" in CliRunner().invoke(reconciler, [*asked, "--region", "eu"]).output


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


@pytest.fixture
def of_vitess(tmp_path: Path) -> Path:
    """A proposed move of a keyspace of Vitess, beside a `vtctldclient` that tells who asked it."""
    repo = tmp_path / "repository"
    for path, content in resharding().content.items():
        place = repo / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    program = tmp_path / "bin" / "vtctldclient"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\ntouch {tmp_path}/asked\nexit 1\n")
    program.chmod(0o755)
    (repo / ".gitignore").write_text(".reconciler/\n")
    who = ["-c", "user.name=ada", "-c", "user.email=ada@example.com"]
    for arguments in (
        ["init", "--quiet", "-b", "main"],
        [*who, "commit", "--quiet", "--allow-empty", "-m", "nothing yet"],
        ["checkout", "--quiet", "-b", "move"],
        ["add", "."],
        [*who, "commit", "--quiet", "-m", "move"],
    ):
        subprocess.run(["git", *arguments], cwd=repo, check=True)
    return repo


def asked_of(repo: Path, *arguments: str, **environ: str) -> str:
    verb, *more = arguments
    path = f"{repo.parent / 'bin'}:{os.environ['PATH']}"
    command = [verb, "-C", str(repo), "--environment", "production", *more]
    ended = CliRunner(env={"PATH": path, **environ}).invoke(reconciler, command)
    assert ended.exit_code != ExitCode.FINE
    return ended.output


@pytest.mark.invariant("GT-1")
@pytest.mark.invariant("SP-98")
def test_no_cluster_is_asked_before_its_address_was_found_reviewed(of_vitess: Path) -> None:
    was_asked = of_vitess.parent / "asked"
    said = asked_of(of_vitess, "apply", "--protected-branch", "main")
    assert "[commit-not-merged]" in said
    assert not was_asked.exists()
    asked_of(of_vitess, "apply", "--review", "none")
    assert was_asked.exists(), "the program that would have been asked is this one"


@pytest.mark.invariant("SP-98")
def test_a_split_of_vitess_is_recorded_in_any_ledger_that_lasts(of_vitess: Path) -> None:
    none = {"retry": "there is no apply", "abandon": "[split-none]"}
    for verb, told in none.items():
        assert told in asked_of(of_vitess, verb, "--review", "none")
        in_a_job = asked_of(of_vitess, verb, "--review", "none", GITHUB_ACTIONS="true")
        assert "[split-ends-with-job]" in in_a_job
