"""The programs of whole products, as people write them: what stands on a shard is adopted by
`pull`; and from the files as people keep them a shard that has none of it gets all of it again, to
the letter.

A file of `tests/cases/programs/` is a script for a command line client, DELIMITER lines and all.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from reconciler.edges.server.process import RunningServer
from tests.conftest import FreshDatabase
from tests.fleet import Fleet
from tests.sections import CASES

SHARD = "-"
PROGRAMS = ("view", "procedure", "function", "trigger")
FOLDERS = {"VIEW": "views/", "PROCEDURE": "routines/", "FUNCTION": "routines/", "TABLE": ""}
FOLDERS["SEQUENCE"] = "sequences/"
DUMPED = "dumped"
"""Made under sessions that no file of people speaks of, by a client that ends lines as some do."""
COMMENTS_AT_AN_END = ("od_end2", "od_end3", "od-trg.1")
"""Which are no part of what a program does."""

_DELIMITER = re.compile(r"^DELIMITER (\S+)\n", re.MULTILINE)
_PIECE = re.compile(
    r"""'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`(?:[^`]|``)*`"""
    r"""|--\s[^\n]*\n?|\#[^\n]*\n?|/\*.*?\*/|.""",
    re.DOTALL,
)
_COMMENT = re.compile(r"--\s|#|/\*")
_MAKES = re.compile(
    r"CREATE\s+(?:OR\s+REPLACE\s+)?(?:ALGORITHM\s*=\s*\w+\s+)?(?:SQL\s+SECURITY\s+\w+\s+)?"
    r"(?:AGGREGATE\s+)?(TABLE|VIEW|PROCEDURE|FUNCTION|TRIGGER|SEQUENCE)\s+(`(?:[^`]|``)*`|\w+)",
    re.IGNORECASE,
)
_FIRES_ON = re.compile(r"\bON\s+(`[^`]*`|\w+)\s+FOR\s+EACH", re.IGNORECASE)


@pytest.fixture(params=["mysql", "mariadb"])
def product(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    fresh_database: FreshDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> Fleet:
    server: RunningServer = request.getfixturevalue(f"{request.param}_server")
    fleet = Fleet(tmp_path / "shop", [server], fresh_database, monkeypatch).found(1)
    ((account,),) = fleet.sql(SHARD, "SELECT CURRENT_USER()")
    kinds = ["views", "routines", "triggers"]
    fleet.spec["manage"] = ["tables", *kinds, "sequences"]
    fleet.spec["definer"] = {kind: {"account": account} for kind in kinds}
    fleet.spec["policy"]["allow"] = [
        {kind: "*", "hazard": "runs-as", "reason": "all of it is the shop's own account's"}
        for kind in PROGRAMS
    ]
    fleet.write_spec()
    return fleet


@pytest.mark.invariant("PG-9")
@pytest.mark.invariant("PG-21")
def test_programs_of_products_are_adopted_and_come_again(product: Fleet) -> None:
    fleet = product
    made = [*_made(fleet)]
    live = _shown(fleet)
    ended = fleet.run("pull")
    assert ended.code == 0, ended.said
    fleet.commit("adopted")
    _nothing_to_do(fleet)
    for path, text in _files(made).items():
        fleet.write(f"schemas/shop/{path}", text)
    fleet.commit("as people write it")
    _nothing_to_do(fleet)
    with fleet.connected(SHARD) as cursor:
        cursor.execute("SET foreign_key_checks = 0")
        for kind, name in live:
            cursor.execute(f"DROP {kind} `{name}`")
    fleet.plan_and_commit()
    ended = fleet.run("apply")
    assert ended.code == 0, ended.said
    _nothing_to_do(fleet)
    again = _shown(fleet)
    assert again.keys() == live.keys()
    for (_, name), was in live.items():
        if name not in COMMENTS_AT_AN_END:
            assert was in again.values(), name


def _nothing_to_do(fleet: Fleet) -> None:
    ended = fleet.run("plan", "--write")
    assert (ended.code, "nothing to do" in ended.said) == (0, True), ended.said


def _made(fleet: Fleet) -> Iterator[str]:
    flavor = fleet.servers[0].version.flavor
    with fleet.connected(SHARD) as cursor:
        for path in sorted((CASES / "programs").glob("*.sql")):
            said = re.match(r"-- flavor: (\w+)\n", path.read_text())
            if said is None or said[1] == flavor:
                for statement in _statements(path.read_text()):
                    if path.stem == DUMPED:
                        cursor.execute(statement.replace("\n", "\r\n"))
                    else:
                        cursor.execute(statement)
                        yield statement


def _statements(script: str) -> Iterator[str]:
    """As a command line client sends them."""
    delimiter, begins, at = ";", 0, 0
    while at < len(script):
        if (told := _DELIMITER.match(script, at)) is not None:
            delimiter = told[1]
            at = begins = told.end()
        elif script.startswith(delimiter, at):
            if script[begins:at].strip():
                yield script[begins:at].strip()
            at += len(delimiter)
            begins = at
        else:
            piece = _PIECE.match(script, at)
            assert piece is not None
            at = piece.end()
    assert not script[begins:].strip(), script[begins:]


def _files(statements: list[str]) -> dict[str, str]:
    """As people keep what they write; what a dump says of accounts is no file's."""
    files: dict[str, str] = {}
    for sql in statements:
        pieces = (" " if _COMMENT.match(piece) else piece for piece in _PIECE.findall(sql))
        code = "".join(pieces).strip()
        made = _MAKES.match(code)
        if made is None:
            continue
        mark = next(mark for mark in ("//", "$$", "||", "%%") if mark not in sql)
        with_mark = f"DELIMITER {mark}\n{sql} {mark}\nDELIMITER ;\n"
        if (kind := made[1].upper()) == "TRIGGER":
            fires_on = _FIRES_ON.search(code)
            assert fires_on is not None
            files[f"{_file_name(_bare(fires_on[1]))}.sql"] += f"\n{with_mark}"
        else:
            path = f"{FOLDERS[kind]}{_file_name(_bare(made[2]))}.sql"
            files[path] = with_mark if kind in ("PROCEDURE", "FUNCTION") else f"{sql};\n"
    return files


def _file_name(name: str) -> str:
    return quote(name, safe="").replace(".", "%2E")


def _bare(name: str) -> str:
    return name[1:-1].replace("``", "`") if name.startswith("`") else name


def _shown(fleet: Fleet) -> dict[tuple[str, str], tuple[Any, ...]]:
    """What the server keeps of every program, as it says it but for its line ends; of a trigger's
    head, its place."""
    found: dict[tuple[str, str], tuple[Any, ...]] = {}
    for name, kind in fleet.sql(SHARD, "SHOW FULL TABLES WHERE Table_type <> 'BASE TABLE'"):
        found[kind, name] = fleet.sql(SHARD, f"SHOW CREATE {kind} `{name}`")[0][1:]
    for kind, name in fleet.sql(
        SHARD,
        "SELECT ROUTINE_TYPE, ROUTINE_NAME FROM information_schema.ROUTINES"
        " WHERE ROUTINE_SCHEMA = DATABASE()",
    ):
        found[kind, name] = fleet.sql(SHARD, f"SHOW CREATE {kind} `{name}`")[0][1:]
    for name, *kept in fleet.sql(
        SHARD,
        "SELECT TRIGGER_NAME, EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER,"
        " ACTION_STATEMENT, SQL_MODE, DEFINER, CHARACTER_SET_CLIENT, COLLATION_CONNECTION,"
        " DATABASE_COLLATION FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()",
    ):
        found["TRIGGER", name] = tuple(kept)
    return {
        about: tuple(str(part).replace("\r\n", "\n") for part in kept)
        for about, kept in found.items()
    }
