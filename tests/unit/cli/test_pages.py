"""Pages are files: written as a whole, and read again while an apply is watched."""

from __future__ import annotations

import os
from dataclasses import replace
from itertools import product
from pathlib import Path

import pytest
from click.testing import CliRunner

from reconciler.cli import audit, streams
from reconciler.cli.main import reconciler
from reconciler.edges.ledger.sql import open_ledger
from reconciler.errors import Unavailable
from reconciler.ledger.model import Lease
from reconciler.outcomes.exit_code import ExitCode
from tests.contract.ledgers import begun, ended
from tests.offline_fleet import SPEC, SPEC_PATH, USERS_PATH, repository
from tests.unit.report.test_audit import ROW


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """With a ledger of its own, and shards that nobody reaches."""
    root = tmp_path / "repository"
    ledger = tmp_path / "ledger.db"
    spec = SPEC.replace("user: u}\n", f'user: u}}\n    ledger: "sqlite:///{ledger}"\n')
    for path, content in repository(spec=spec).content.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    assert (root / SPEC_PATH).is_file()
    assert (root / USERS_PATH).is_file()
    begun(open_ledger(f"sqlite:///{ledger}", default_file=ledger), "shop")
    return root


def asked(verb: str, repo: Path, *more: str) -> list[str]:
    return [verb, "-C", str(repo), "-e", "production", "--review", "none", *more]


@pytest.mark.invariant("RP-26")
def test_a_page_is_written_to_the_file_that_was_named(repo: Path, tmp_path: Path) -> None:
    page = tmp_path / "status.html"
    page.write_text("an older one", encoding="utf-8")
    verb = asked("status", repo, "--output", "html", "--to", str(page))
    ended = CliRunner().invoke(reconciler, verb)
    assert (ended.exit_code, ended.output) == (ExitCode.FINE, "")
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert [one.name for one in tmp_path.iterdir() if one.suffix == ".new"] == []


def test_a_page_that_cannot_be_written_is_told(repo: Path, tmp_path: Path) -> None:
    away = tmp_path / "nowhere" / "status.html"
    ended = CliRunner().invoke(reconciler, asked("status", repo, "-o", "html", "--to", str(away)))
    assert ended.exit_code != ExitCode.FINE
    assert "output-not-written" in str(ended.output) + str(ended.exception)


def test_a_page_that_is_watched_needs_a_file(repo: Path) -> None:
    ended = CliRunner().invoke(reconciler, asked("status", repo, "--watch", "--output", "html"))
    assert ended.exit_code != ExitCode.FINE
    assert "say with --to where it is" in ended.output


def test_a_site_has_a_page_for_each_keyspace_and_one_that_leads_there(
    repo: Path, tmp_path: Path
) -> None:
    site = tmp_path / "deep" / "site"
    verb = ["report", str(site), *asked("report", repo)[1:]]
    ended = CliRunner().invoke(reconciler, verb)
    assert ended.exit_code == ExitCode.FINE, ended.output
    pages = {page.name: page.read_text(encoding="utf-8") for page in site.iterdir()}
    assert pages.keys() == {"index.html", "keyspace-shop-in-production.html"}
    assert 'href="keyspace-shop-in-production.html"' in pages["index.html"]
    assert 'href="index.html"' in pages["keyspace-shop-in-production.html"]
    assert "Status" in pages["index.html"]


@pytest.mark.invariant("RP-33")
@pytest.mark.parametrize(
    ("verb", "form"),
    [
        *product((["status"], ["status", "--history"]), ("text", "markdown", "json", "html")),
        *product((["audit"],), ("text", "markdown", "json")),
    ],
)
def test_a_ledger_that_cannot_be_asked_has_not_said_that_there_is_no_apply(
    verb: list[str], form: str, repo: Path
) -> None:
    for left in repo.parent.glob("ledger.db*"):
        left.unlink()
    (repo.parent / "ledger.db").mkdir()
    told = CliRunner().invoke(reconciler, asked(verb[0], repo, *verb[1:], "--output", form))
    assert told.exit_code == ExitCode.ERROR, told.output
    assert "knows no apply" not in told.stdout
    assert "0 applies" not in told.stdout
    assert "ledger-unavailable" in told.stdout
    is_twice = "ledger-unavailable" in told.stderr
    assert is_twice is (verb[0] == "status" and form != "text")


def test_a_site_with_drift_ends_as_the_look_at_the_shards_does(repo: Path, tmp_path: Path) -> None:
    """Nobody reaches them: that is never "no drift"."""
    site = tmp_path / "site"
    verb = ["report", str(site), *asked("report", repo)[1:], "--drift"]
    ended = CliRunner().invoke(reconciler, verb)
    assert ended.exit_code == ExitCode.REFUSED, ended.output
    assert (site / "index.html").is_file()


def test_a_site_that_misses_shards_or_has_no_folder_says_so(repo: Path, tmp_path: Path) -> None:
    (repo / "specs" / "mail.yaml").write_text("version: 1\n", encoding="utf-8")
    more = asked("report", repo)[1:]
    ended = CliRunner().invoke(reconciler, ["report", str(tmp_path / "site"), *more])
    assert ended.exit_code == ExitCode.ERROR
    assert "mail" in ended.stderr
    nowhere = tmp_path / "file" / "site"
    nowhere.parent.write_text("no folder", encoding="utf-8")
    lost = CliRunner().invoke(reconciler, ["report", str(nowhere), *more])
    assert isinstance(lost.exception, Unavailable)


@pytest.mark.parametrize(
    ("verb", "told"),
    [("plan", "refused for 1 reason"), ("drift", "2 of 2 shards unreachable")],
)
def test_what_went_wrong_is_told_where_the_result_is_in_a_file(
    verb: str, told: str, repo: Path, tmp_path: Path
) -> None:
    page = tmp_path / "page.html"
    more = () if verb == "plan" else ("--review", "none")
    asked_for = [verb, "-C", str(repo), "-e", "production", *more, "-o", "html", "--to", str(page)]
    ended = CliRunner().invoke(reconciler, asked_for)
    assert ended.exit_code == ExitCode.REFUSED
    assert page.is_file()
    (line,) = [line for line in ended.output.splitlines() if str(page) in line]
    assert line.startswith(f"shop in production: {told}")
    assert ended.stdout == ""


def test_metrics_that_cannot_be_written_are_told_and_no_bug(repo: Path, tmp_path: Path) -> None:
    away = tmp_path / "nowhere" / "reconciler.prom"
    ended = CliRunner().invoke(reconciler, asked("status", repo, "--metrics", str(away)))
    assert isinstance(ended.exception, Unavailable)
    assert ended.exception.problems[0].code == "output-not-written"


@pytest.mark.invariant("RP-26")
def test_metrics_are_written_as_a_whole(
    repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A collector reads the file at any moment."""
    metrics = tmp_path / "reconciler.prom"
    written: list[str] = []

    def write_file(path: Path, text: str) -> None:
        written.append(path.name)
        path.write_text(text, encoding="utf-8")

    monkeypatch.setattr(streams, "write_file", write_file)
    ended = CliRunner().invoke(reconciler, asked("status", repo, "--metrics", str(metrics)))
    assert ended.exit_code == ExitCode.FINE
    assert metrics.is_file()
    assert written == [".reconciler.prom.new"]


@pytest.mark.parametrize("past", [["--history"], ["--apply", "1"]])
def test_metrics_are_of_the_latest_applies_alone(
    past: list[str], repo: Path, tmp_path: Path
) -> None:
    """Of two applies of a keyspace a collector would read one metric twice, and neither."""
    metrics = str(tmp_path / "reconciler.prom")
    ended = CliRunner().invoke(reconciler, asked("status", repo, *past, "--metrics", metrics))
    assert ended.exit_code != ExitCode.FINE
    assert "--metrics are of the latest applies" in ended.output


def test_a_table_of_applies_says_where_there_are_more(
    repo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the log: the table is for programs."""
    rows = [replace(ROW, apply_id=apply_id) for apply_id in (2, 1)]
    monkeypatch.setattr(audit, "audit_rows", lambda *_, **__: rows)
    ended = CliRunner().invoke(reconciler, asked("audit", repo, "-o", "csv", "--limit", "1"))
    assert ended.exit_code == ExitCode.FINE
    assert "the same with `--before 2`" in ended.stderr
    assert "--before" not in ended.stdout


@pytest.mark.invariant("RP-27")
@pytest.mark.parametrize(
    ("verb", "more"),
    [
        ("audit", []),
        ("audit", ["-o", "csv"]),
        ("status", ["--history"]),
        ("status", ["--history", "-o", "html"]),
        ("status", ["--apply", "1"]),
    ],
)
def test_who_looks_at_the_past_is_told_what_is_forgotten(
    verb: str, more: list[str], repo: Path, tmp_path: Path
) -> None:
    file = tmp_path / "ledger.db"
    ledger = open_ledger(f"sqlite:///{file}", default_file=file)
    ended(ledger, Lease(environment="production", keyspace="shop", apply_id=1, holder="", fence=1))
    begun(ledger, "shop")
    assert ledger.forget("production", "shop", now_s=10.0, keep_s=0, rows_max=100)
    told = CliRunner().invoke(reconciler, asked(verb, repo, *more))
    said = " ".join((told.output + str(told.exception or "")).split())
    assert "1 older apply is forgotten, ended by" in said
    assert "1970-01-01 00:00:09 UTC" in said


@pytest.mark.parametrize(
    ("more", "is_found"),
    [
        (["--since", "1970-01-01", "--until", "1970-01-01"], True),
        (["--since", "1970-01-02"], False),
        (["--until", "1969-12-31"], False),
        (["--until", "9999-12-31"], True),  # the last day that there is
        (["--outcome", "failed", "--outcome", "pending"], True),
        (["--outcome", "failed"], False),
        (["--plan", "0123456789ab"], False),
    ],
)
def test_an_audit_is_of_what_was_asked_for(more: list[str], is_found: bool, repo: Path) -> None:
    """`begun` begins in the first seconds of 1970."""
    told = CliRunner().invoke(reconciler, asked("audit", repo, *more))
    assert told.exit_code == ExitCode.FINE, told.output
    assert ("1 apply in production" in told.output) is is_found
    assert ("knows no apply that was asked for" in told.output) is not is_found


def test_an_audit_takes_the_beginning_of_a_plans_id_alone(repo: Path) -> None:
    told = CliRunner().invoke(reconciler, asked("audit", repo, "--plan", "%"))
    assert told.exit_code != ExitCode.FINE
    assert "the first digits of a plan's id" in told.output


def test_a_result_may_go_to_what_is_no_file(repo: Path, tmp_path: Path) -> None:
    """Such as /dev/stdout, or a pipe: it is written to, and stays what it is."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        ended = CliRunner().invoke(reconciler, asked("status", repo, "--to", str(pipe)))
        assert ended.exit_code == ExitCode.FINE
        assert b"shop in production" in os.read(reader, 65536)
        assert pipe.is_fifo()
    finally:
        os.close(reader)
