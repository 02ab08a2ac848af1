"""`lint` and `schema` as they are called."""

from __future__ import annotations

import json
from pathlib import Path

import git
import jsonschema
import pytest

from reconciler.cli.main import run

SPEC = """\
version: 1
keyspace: shop
schema: schemas/shop
environments: {prod: {connection: {database: d, user: u}, shards: ["-"]}}
"""


def exit_code(arguments: list[str]) -> int:
    """As the process would end."""
    try:
        return run(arguments)
    except SystemExit as end:
        return int(end.code or 0)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "specs").mkdir()
    (tmp_path / "schemas" / "shop").mkdir(parents=True)
    (tmp_path / "specs" / "shop.yaml").write_text(SPEC)
    (tmp_path / "schemas" / "shop" / "a.sql").write_text("CREATE TABLE a (id int PRIMARY KEY);\n")
    return tmp_path


def test_lint_is_quiet_about_what_is_sound(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(["lint", "-C", str(repository)]) == 0
    assert capsys.readouterr().out == "shop: fine, 1 table\n"


def test_lint_shows_every_problem_with_its_place_in_every_form(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (repository / "specs" / "shop.yaml").write_text(SPEC + "polcy: {}\nextra: 1\n")
    (repository / "schemas" / "shop" / "b.sql").write_text("CREATE TABLE b AS SELECT 1;\n")
    places = ["specs/shop.yaml:5:1", "specs/shop.yaml:6:1", "schemas/shop/b.sql:1:16"]
    assert exit_code(["lint", "-C", str(repository)]) == 1
    text = capsys.readouterr().out
    assert all(place in text for place in places)
    assert exit_code(["lint", "-C", str(repository), "-o", "json"]) == 1
    problems = json.loads(capsys.readouterr().out)["keyspaces"][0]["problems"]
    found = [problem["where"] for problem in problems]
    assert sorted(f"{w['path']}:{w['line']}:{w['column']}" for w in found) == sorted(places)
    assert exit_code(["lint", "-C", str(repository), "-o", "github"]) == 1
    assert "::error file=specs/shop.yaml,line=5,col=1," in capsys.readouterr().out


def test_lint_at_a_commit_does_not_see_the_working_tree(repository: Path) -> None:
    with git.Repo.init(repository) as repo:
        repo.git.add(".")
        author = ("-c", "user.name=t", "-c", "user.email=t@example.org")
        repo.git.execute(["git", *author, "commit", "-q", "-m", "x"])
    (repository / "schemas" / "shop" / "a.sql").write_text("broken")
    assert exit_code(["lint", "-C", str(repository)]) == 1
    assert exit_code(["lint", "-C", str(repository), "--ref", "HEAD"]) == 0


def test_lint_of_nothing_is_an_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["lint", "-C", str(tmp_path)]) == 1
    assert "no-specs" in capsys.readouterr().err


def test_schema_prints_a_json_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code(["schema"]) == 0
    jsonschema.Draft202012Validator.check_schema(json.loads(capsys.readouterr().out))
