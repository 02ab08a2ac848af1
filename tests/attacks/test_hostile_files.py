"""Files that somebody wrote to hold a job, to end it, or to show its reader something else."""

from __future__ import annotations

import io
import json
import os
import sqlite3
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.edges.github.artifacts import plans_in
from reconciler.edges.ledger.address import fill_in, parse_address
from reconciler.edges.ledger.sql import SqlLedger, open_ledger
from reconciler.errors import InvalidInput, ReconcilerError, Refused, Unavailable
from reconciler.ledger.model import EventEntry
from reconciler.ledger.reasons import InWords
from reconciler.plan.codec import dump_plan, load_plan, plan_from_core
from reconciler.plan.commitment import with_words
from reconciler.plan.readable import render_readable_sql
from reconciler.plan.validate import check_plan
from reconciler.plan.visible import is_hidden
from tests.attacks.traps import ended, project
from tests.contract.ledgers import begun, intent
from tests.property.fuzz.job_files import PLANS, archive
from tests.sample_plans import META, sample_plan


@pytest.mark.invariant("FB-1")
@pytest.mark.threat("TM-FORK-31")
def test_a_plan_that_is_hard_to_read_costs_what_its_size_is_worth() -> None:
    """428 kB of keys of which the last one is there twice, and other shapes of the kind."""
    keys = "".join(f'"k{n}":0,' for n in range(40_000))
    for text in (f'{{{keys}"z":0,"z":0}}', "[" * 400_000, '{"a":' * 80_000, "[[],[]," * 60_000):
        begun_s = time.process_time()
        with pytest.raises(Refused):
            load_plan(text.encode(), "plans/p/k.plan.json")
        assert time.process_time() - begun_s < 2


@pytest.mark.invariant("FB-1")
@pytest.mark.threat("TM-FORK-31")
def test_a_few_megabytes_of_brackets_do_not_become_gigabytes() -> None:
    """Python would need 1.6 GB for what 50 MB of `[],` stand for."""
    content = b'{"core":[' + b"[]," * 17_000_000 + b"0]}"
    with pytest.raises(Refused, match="values"):
        load_plan(content, "plans/p/k.plan.json")


@pytest.mark.invariant("PL-15")
@pytest.mark.threat("TM-WRITER-31")
@pytest.mark.parametrize("hiding", ["\x1b[2K", "\x9b2K", "\u202e", "\u200b", "\U000e0041", "\r"])
def test_what_a_reviewer_cannot_see_is_spelled_out_in_both_files(hiding: str) -> None:
    core = sample_plan().core
    first, *rest = core.change_sets
    sql = f"ALTER TABLE `users` ADD COLUMN `c0` int COMMENT '{hiding}', ALGORITHM=INSTANT"
    statements = (replace(first.statements[0], sql=sql), *first.statements[1:])
    sets = (replace(first, statements=statements), *rest)
    core = replace(core, change_sets=sets)
    readable = render_readable_sql(core)
    plan = plan_from_core(with_words(core, readable), META)
    content = dump_plan(plan)
    for shown in (readable, content.decode()):
        assert {character for character in shown if is_hidden(character)} <= {"\n"}
    names = {"environment": core.environment, "keyspace": core.keyspace}
    check_plan(load_plan(content, "p"), **names, readable_sql=readable)
    raw = readable.replace(f"⟦U+{ord(hiding[0]):04X}⟧", hiding[0])
    forged = plan_from_core(with_words(core, raw), META)
    with pytest.raises(Refused, match="does not show what the plan would run"):
        check_plan(forged, **names, readable_sql=raw)


ARCHIVES: dict[str, dict[str, bytes]] = {
    "the SQL alone": {"production/commerce.plan.sql": b"--"},
    "the JSON alone": {"production/commerce.plan.json": b"{}"},
}
PASSED_OVER = [
    "../x.plan.json",
    "./x.plan.json",
    "a/../x.plan.json",
    "/x.plan.json",
    "a/b/x.plan.sql",
]


@pytest.mark.invariant("FB-1")
@pytest.mark.threat("TM-FORK-32")
@pytest.mark.parametrize("files", ARCHIVES.values(), ids=ARCHIVES)
def test_half_a_plan_in_an_archive_is_none(files: dict[str, bytes]) -> None:
    with pytest.raises(Unavailable, match="without"):
        plans_in(archive({**PLANS, **{f"x{path}": text for path, text in files.items()}}), "it")


@pytest.mark.invariant("FB-1")
@pytest.mark.threat("TM-FORK-32")
@pytest.mark.parametrize("path", PASSED_OVER)
def test_an_archive_does_not_say_where_its_files_go(path: str) -> None:
    assert plans_in(archive({**PLANS, path: b"x"}), "it") == PLANS


@pytest.mark.invariant("FB-1")
@pytest.mark.threat("TM-FORK-32")
def test_an_archive_that_unpacks_without_end_ends_at_a_bound() -> None:
    huge = io.BytesIO()
    with zipfile.ZipFile(huge, "w", zipfile.ZIP_DEFLATED) as made:
        with made.open("p/k.plan.json", "w", force_zip64=True) as file:
            for _ in range(70):
                file.write(bytes(1_000_000))
        made.writestr("p/k.plan.sql", b"--")
    assert len(huge.getvalue()) < 1_000_000
    with pytest.raises(Unavailable, match="larger than any plan"):
        plans_in(huge.getvalue(), "it")


@pytest.mark.invariant("FB-1")
@pytest.mark.threat("TM-FORK-32")
def test_one_name_twice_in_an_archive_is_refused() -> None:
    made = io.BytesIO()
    path = next(iter(PLANS))
    with zipfile.ZipFile(made, "w") as folder:
        folder.writestr(path, b"x")
        with pytest.warns(UserWarning, match="Duplicate"):
            folder.writestr(path, b"y")
    with pytest.raises(Unavailable, match="twice"):
        plans_in(made.getvalue(), "it")


@pytest.mark.invariant("FB-1")
@pytest.mark.threat("TM-WRITER-32")
def test_a_file_of_mistakes_does_not_flood_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = project(tmp_path / "project")
    spec = (root / "specs" / "shop.yaml").read_text()
    (root / "specs" / "shop.yaml").write_text(spec + "".join(f"k{n}: 1\n" for n in range(50_000)))
    assert ended("lint", "-C", str(root)) == 1
    said = capsys.readouterr()
    assert said.out.count("spec-unknown-key") == 100
    assert "there are more than these 100 problems" in said.out
    assert len(said.out) < 50_000


@pytest.mark.invariant("FB-1")
@pytest.mark.threat("TM-WRITER-32")
def test_show_neither_waits_for_a_pipe_nor_reads_without_end(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    os.mkfifo(tmp_path / "pipe.plan.json")
    (tmp_path / "huge.plan.json").touch()
    os.truncate(tmp_path / "huge.plan.json", 1 << 40)
    for name in ("pipe", "huge"):
        assert ended("show", str(tmp_path / f"{name}.plan.json")) in (1, 3)
        assert "internal-error" not in capsys.readouterr().err


def damaged(path: Path, table: str, column: str, value: object) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(f"UPDATE reconciler_{table} SET {column} = ?", (value,))
    connection.close()


READS: dict[str, Callable[[SqlLedger, int], object]] = {
    "applies": lambda ledger, apply_id: ledger.apply(apply_id),
    "operations": lambda ledger, apply_id: ledger.operations(apply_id),
    "statements": lambda ledger, apply_id: ledger.statements(apply_id),
    "leases": lambda ledger, apply_id: ledger.lease("production", "commerce"),
    "events": lambda ledger, apply_id: ledger.events(apply_id, limit=5),
}
DAMAGE: list[tuple[str, str, object]] = [
    ("applies", "state", "half"),
    ("applies", "hold", b"\xff"),
    ("applies", "waves", "[["),
    ("applies", "waves", "[" * 100_000),
    ("applies", "waves", '{"a": 1}'),
    ("applies", "waves", "[[1]]"),
    ("applies", "waves", 7),
    ("applies", "started_s", 1e300),
    ("applies", "started_s", float("inf")),
    ("applies", "started_s", "soon"),
    ("applies", "version", -1),
    ("applies", "gates_open", "many"),
    ("applies", "problem", "{}"),
    ("applies", "problem", '{"code": 1, "message": 2, "recovery": 3}'),
    ("applies", "problem", '["code"]'),
    ("applies", "soaking_wave", "next"),
    ("operations", "state", "done"),
    ("operations", "position", 1 << 62),
    ("operations", "problem", "x"),
    ("statements", "state", ""),
    ("statements", "attempts", 1.5),
    ("statements", "sql_text", b"\x00"),
    ("leases", "heartbeat_s", -1e9),
    ("leases", "fence", "first"),
    ("events", "at_s", "yesterday"),
]


@pytest.mark.invariant("ST-14")
@pytest.mark.invariant("FB-1")
@pytest.mark.threat("TM-LEDGER-11")
@pytest.mark.parametrize(("table", "column", "value"), DAMAGE, ids=repr)
def test_a_row_that_no_run_has_written_is_refused_by_its_name(
    tmp_path: Path, table: str, column: str, value: object
) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger = open_ledger(None, default_file=path)
    lease = begun(ledger)
    ledger.record(lease, [intent(), EventEntry(at_s=1.5, what=InWords("begun"))])
    ledger.close()
    damaged(path, table, column, value)
    opened = open_ledger(None, default_file=path)
    with pytest.raises(Unavailable) as caught:
        READS[table](opened, lease.apply_id)
    opened.close()
    (problem,) = caught.value.problems
    assert problem.code == "ledger-row-malformed"
    assert f"table {table}" in problem.message
    assert column in problem.message


@pytest.mark.invariant("ST-14")
@pytest.mark.threat("TM-LEDGER-11")
@pytest.mark.parametrize("version", ["new", -1, 1.5])
def test_a_ledger_whose_version_is_none_is_not_upgraded(tmp_path: Path, version: object) -> None:
    path = tmp_path / "ledger.sqlite"
    open_ledger(None, default_file=path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE reconciler_ledger_version")
        connection.execute("CREATE TABLE reconciler_ledger_version (version)")
        connection.execute("INSERT INTO reconciler_ledger_version VALUES (?)", (version,))
    connection.close()
    with pytest.raises(ReconcilerError) as caught:
        open_ledger(None, default_file=path)
    assert caught.value.problems[0].code == "ledger-row-malformed"


@pytest.mark.invariant("RP-6")
@pytest.mark.threat("TM-LEDGER-11")
def test_words_in_the_ledger_cannot_reach_a_terminal(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite"
    ledger = open_ledger(None, default_file=path)
    lease = begun(ledger)
    ledger.close()
    damaged(path, "applies", "reason", "\x1b]0;done\x07all is well")
    problem = {"code": "x", "message": "\x9b2Jfine", "recovery": "\u202e"}
    damaged(path, "applies", "problem", json.dumps(problem, ensure_ascii=False))
    opened = open_ledger(None, default_file=path)
    found = opened.apply(lease.apply_id)
    opened.close()
    assert found is not None
    assert found.problem is not None
    for text in (str(found.reason), found.problem.message, found.problem.recovery):
        assert not any(map(is_hidden, text))


PASSWORD = "p@ss/w#o?r:d%&[x"


@pytest.mark.invariant("PL-12")
@pytest.mark.threat("TM-LEDGER-12")
def test_a_password_of_any_characters_ends_no_address() -> None:
    """Without this a part of it would be the name of a host, and be sent to whoever resolves it."""
    environ = {
        "LEDGER_PASSWORD": PASSWORD,
        "LEDGER_USER": "u@x",
        "LEDGER_PORT": "3307",
        "DB_HOST": "db",
    }
    text = "mysql://${LEDGER_USER}:${LEDGER_PASSWORD}@${DB_HOST}:${LEDGER_PORT}/ledger"
    url = parse_address(fill_in(text, environ))
    assert (url.username, url.password) == ("u@x", PASSWORD)
    assert (url.host, url.port, url.database) == ("db", 3307, "ledger")


@pytest.mark.invariant("PL-12")
@pytest.mark.threat("TM-LEDGER-12")
@pytest.mark.parametrize(
    "text",
    [
        "mysql://u:${LEDGER_PASSWORD}@h:${LEDGER_PASSWORD}/d",
        "mysql://u@h:port/d",
        "sqlite://u:p4ssw0rd@host/x",
        "sqlite:///x?mode=memory",
        "sqlite:///file:x?mode=memory&uri=true",
        "sqlite:///\0",
        "sqlite://",
        "sqlite:///:memory:",
        "postgresql://u:p4ssw0rd@h/d",
        "${LEDGER_PASSWORD}",
        "://",
        "",
    ],
)
def test_an_address_that_cannot_be_used_is_told_and_not_shown(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse_address(fill_in(text, {"LEDGER_PASSWORD": "p4ssw0rd"}))
    (problem,) = caught.value.problems
    assert problem.code == "ledger-url"
    assert "p4ssw0rd" not in f"{problem} {problem.recovery}"
