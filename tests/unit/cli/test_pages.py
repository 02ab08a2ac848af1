"""Pages are files: written as a whole, and read again while an apply is watched."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from reconciler.cli.main import reconciler
from reconciler.edges.ledger.sql import open_ledger
from reconciler.outcomes.exit_code import ExitCode
from tests.contract.ledgers import begun
from tests.offline_fleet import SPEC, SPEC_PATH, USERS_PATH, repository


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
