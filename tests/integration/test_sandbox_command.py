"""`reconciler sandbox`, as its user types it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli.sandbox import sandbox
from reconciler.errors import InvalidInput
from reconciler.spec.read import read_spec

DUMP = """-- MySQL dump 10.13  Distrib 9.7.0, for Linux (x86_64)
/*!40101 SET @OLD_CHARACTER_SET_CLIENT=@@CHARACTER_SET_CLIENT */;
/*!50503 SET NAMES utf8mb4 */;
DROP TABLE IF EXISTS `dumped`;
CREATE TABLE `dumped` (
  `name` varchar(80) NOT NULL,
  PRIMARY KEY (`name`)
) ENGINE=InnoDB AUTO_INCREMENT=7 DEFAULT CHARSET=utf8mb4;
DELIMITER ;;
/*!50003 CREATE*/ /*!50003 TRIGGER `upper` BEFORE INSERT ON `dumped` FOR EACH ROW BEGIN
  SET NEW.name = UPPER(NEW.name);
END */;;
DELIMITER ;
INSERT INTO `dumped` VALUES ('a');
/*!40101 SET CHARACTER_SET_CLIENT=@OLD_CHARACTER_SET_CLIENT */;
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "box"
    run("down", tmp_path / "box")


def run(verb: str, folder: Path, *options: str) -> Result:
    return CliRunner().invoke(sandbox, [verb, "--folder", str(folder), *options])


def test_up_status_down_and_down_again(folder: Path) -> None:
    assert run("status", folder).exit_code == 1

    up = run("up", folder, "--shards", "2", "--servers", "1", "--keyspace", "shop")
    assert up.exit_code == 0, up.output
    assert "keyspace shop: 2 shards" in up.output
    assert "-80, 80-" in up.output

    status = run("status", folder)
    assert status.exit_code == 0
    assert status.output in up.output

    for said in ("sandbox is down", "no sandbox in"):
        down = run("down", folder)
        assert down.exit_code == 0
        assert said in down.output
    assert run("status", folder).exit_code == 1


def test_sql_reaches_the_shards_that_are_named_and_says_what_they_do_not_take(
    folder: Path,
) -> None:
    with pytest.raises(InvalidInput, match="there is no sandbox"):
        run_sql(folder, "SELECT 1")
    assert run("up", folder, "--shards", "2", "--servers", "1").exit_code == 0
    assert run_sql(folder, "CREATE TABLE t (a int); INSERT INTO t VALUES (7)") == [
        "-80\tdone",
        "80-\tdone",
    ]
    assert run_sql(folder, "--shard=80-", "INSERT INTO t VALUES (8)") == ["80-\tdone"]
    assert run_sql(folder, "SELECT a FROM t ORDER BY a") == ["-80\t7", "80-\t7", "80-\t8"]
    # As docs/files-from-elsewhere.md has it.
    assert run_sql(folder, "--shard=80-", typed=DUMP) == ["80-\tdone"]
    assert run_sql(folder, "--shard=80-", "SELECT name FROM dumped") == ["80-\tA"]
    with pytest.raises(InvalidInput, match="no shard '40-'"):
        run_sql(folder, "--shard=40-", "SELECT 1")
    with pytest.raises(InvalidInput, match=r"shard -80 .* \(1146\)"):
        run_sql(folder, "SELECT 1 FROM nowhere")


def run_sql(folder: Path, *arguments: str, typed: str | None = None) -> list[str]:
    command = ["sql", "--folder", str(folder), *arguments]
    ended = CliRunner().invoke(sandbox, command, input=typed, catch_exceptions=False)
    return ended.output.splitlines()


def test_the_environment_it_writes_is_one_a_spec_takes(folder: Path) -> None:
    assert run("up", folder, "--shards", "3", "--servers", "2").exit_code == 0
    environment = (folder / "sandbox.yaml").read_text()
    spec = read_spec(
        "version: 1\nkeyspace: commerce\nschema: schemas/commerce\nenvironments:\n"
        + textwrap.indent(environment, "  "),
        "specs/commerce.yaml",
    )
    shards = spec.environments[0].shards
    variables = (folder / "sandbox.env").read_text()
    assert [shard.name for shard in shards] == ["-55", "55-aa", "aa-"]
    for shard in shards:
        assert f"export {shard.connection.port[2:-1]}=" in variables
        assert shard.connection.database == "commerce_{shard}"
