"""What stands around a verb: the folder before it, names that a shell offers behind it."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete

from reconciler.cli.main import reconciler, run
from reconciler.ddl.definition.delimiter import without_delimiters
from reconciler.edges.server.problems import sandbox_shard_unknown
from reconciler.model.fleet import even_shards
from reconciler.plan.codec import load_plan
from reconciler.report.summary import short_id

STORED = Path(__file__).parents[2] / "cases" / "formats" / "plan-1.4"
STORED_PLAN = "plans/production/shop.plan.json"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    return Path(shutil.copytree(STORED, tmp_path / "repository"))


def offered(*words: str) -> list[str]:
    shell = ShellComplete(reconciler, {}, "reconciler", "_RECONCILER_COMPLETE")
    return [item.value for item in shell.get_completions(list(words[:-1]), words[-1])]


def test_a_shell_is_offered_keyspaces_environments_shards_and_plans(repository: Path) -> None:
    here = ("-C", str(repository))
    plan = load_plan((repository / STORED_PLAN).read_bytes(), STORED_PLAN)
    assert offered(*here, "plan", "") == ["shop"]
    assert offered("plan", *here, "sh") == ["shop"]
    assert offered(*here, "plan", "--environment", "") == ["production"]
    assert offered(*here, "pull", "shop", "--from", "8") == ["80-"]
    assert offered(*here, "plan", "--revert", "") == [short_id(plan.plan_id)]


def test_a_shell_is_offered_nothing_where_files_cannot_be_read(repository: Path) -> None:
    (repository / "specs" / "shop.yaml").write_text("version: [")
    (repository / "plans" / "production" / "shop.plan.json").write_text("{")
    here = ("-C", str(repository))
    assert offered(*here, "plan", "--environment", "") == []
    assert offered(*here, "plan", "--revert", "") == []


def test_the_folder_may_stand_before_the_verb(capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.chdir(Path.cwd()):
        assert run(["-C", str(STORED), "show", STORED_PLAN]) == 0
    assert ": " in capsys.readouterr().out


def test_showing_the_sql_beside_a_plan_names_the_plan(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = repository / "plans" / "production" / "shop.plan.sql"
    assert run(["show", str(file)]) == 64
    assert "shop.plan.json" in capsys.readouterr().err


def test_a_wrong_shard_of_a_sandbox_is_no_list_of_a_thousand() -> None:
    error = sandbox_shard_unknown("x", even_shards(1_000))
    assert len(str(error.problems[0].recovery)) < 200


def test_a_dump_with_delimiters_is_one_text_of_statements() -> None:
    trigger = "CREATE TRIGGER t BEGIN SET @a = 1; END"
    dump = f"SELECT 1;\nDELIMITER //\n{trigger}//\nDELIMITER ;\nSELECT 2;"
    assert without_delimiters(dump, instead=";") == f"SELECT 1;\n\n{trigger};\n\nSELECT 2;"
    assert without_delimiters("DELIMITER //\nSELECT 1;//", instead=";") == "\nSELECT 1;"


def test_the_option_before_the_verb_is_on_the_page_of_help() -> None:
    assert any(isinstance(one, click.Option) and "-C" in one.opts for one in reconciler.params)
