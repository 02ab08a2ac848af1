"""A program beside us: what it is given, what is heard of it, and how it ends."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.edges.engines.limits import OUTPUT_BYTES_MAX, TAIL_BYTES
from reconciler.edges.engines.process import (
    EngineProcess,
    Exit,
    Unsaid,
    neutral_output,
    new_work_folder,
    private_file,
    start_program,
)
from reconciler.edges.secrets import SECRETS
from tests.waiting import until

UNSAID = Unsaid(database="shop", accounts=("ada",), machines=("db7",))

# One that starts a program, says its number and its folder, and then waits to be killed.
OWNER = """
import sys
from reconciler.edges.engines.process import Unsaid, new_work_folder, start_program
folder = new_work_folder()
process = start_program(["/bin/sleep", "600"], folder=folder, unsaid=Unsaid(database=""))
while not (folder / "pid").exists():
    pass
print(process.pid, folder, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def started() -> Iterator[Callable[..., EngineProcess]]:
    running: list[EngineProcess] = []

    def start(script: str, **environment: str) -> EngineProcess:
        process = start_program(
            ["/bin/sh", "-c", script],
            folder=new_work_folder(),
            unsaid=UNSAID,
            environment=environment,
        )
        running.append(process)
        return process

    yield start
    for process in running:
        process.stop()


def ended(process: EngineProcess) -> Exit:
    until(lambda: process.exit is not None, "its end")
    assert process.exit is not None
    return process.exit


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


Started = Callable[..., EngineProcess]


def test_who_waits_for_its_end_has_it_at_once(started: Started, tmp_path: Path) -> None:
    """What it leaves is removed first, which takes its time: nobody has to ask again and again."""
    os.mkfifo(tmp_path / "word")
    process = started(f"echo begun; read -r word < {tmp_path}/word")
    for number in range(2_000):
        (process.folder / f"file-{number}").touch()
    process.wait(0.01)
    assert process.exit is None
    (tmp_path / "word").write_text("end\n")
    process.wait(60)
    assert process.exit == Exit(status=0)


def test_its_end_is_told_by_status_or_by_signal(started: Started) -> None:
    assert ended(started("exit 0")) == Exit(status=0)
    assert ended(started("exit 3")) == Exit(status=3)
    assert ended(started("kill -9 $$")) == Exit(signal=signal.SIGKILL)
    stopped = started("sleep 600")
    assert stopped.exit is None
    stopped.stop()
    stopped.stop()
    assert stopped.exit == Exit(signal=signal.SIGKILL), "what was stopped has not ended well"


def test_an_end_that_came_before_the_stop_is_kept(started: Started) -> None:
    process = started("exit 3")
    ended(process)
    process.stop()
    assert process.exit == Exit(status=3)


@pytest.mark.invariant("SV-1")
def test_it_is_given_the_variables_that_were_named_and_no_other(
    started: Started, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "of-the-job")
    process = started('echo "[$GITHUB_TOKEN] [$ASKED] [$PWD]"', ASKED="given")
    ended(process)
    assert process.tail().strip() == "[] [given] [/]"


@pytest.mark.invariant("PL-12")
def test_its_folder_is_its_owners_alone_and_goes_with_it(started: Started) -> None:
    folder = new_work_folder()
    secret = private_file(folder, "login", "password=x")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    process = start_program(["/bin/sleep", "600"], folder=folder, unsaid=UNSAID)
    process.stop()
    assert not folder.exists()


def test_a_folder_has_room_for_a_socket_even_among_long_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    deep = tmp_path / ("long" * 30)
    deep.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(deep))
    folder = new_work_folder()
    assert len(os.fsencode(folder / "engine.sock")) <= 100
    folder.rmdir()


@pytest.mark.invariant("EN-11")
def test_it_ends_with_the_process_that_started_it() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", OWNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        pid, folder = owner.stdout.readline().split()
        assert is_alive(int(pid))
        owner.kill()
    until(lambda: not is_alive(int(pid)) and not Path(folder).exists(), "all of it to go")


def test_its_output_is_kept_in_part(started: Started) -> None:
    process = started(f"head -c {OUTPUT_BYTES_MAX + 1} /dev/zero | tr '\\0' x; sleep 600")
    output = process.folder / "output"
    until(lambda: output.exists() and output.stat().st_size > OUTPUT_BYTES_MAX, "much output")
    assert process.exit is None
    assert output.stat().st_size == 0
    assert len(process.tail()) == TAIL_BYTES


@pytest.mark.invariant("PL-12", "PL-17")
def test_what_it_says_names_no_host_no_account_and_no_row() -> None:
    SECRETS.add("tr0ub4dor&3")
    said = (
        "2026 FATAL Error 1045: Access denied for user 'ada'@'10.0.0.7' (using password: YES)\n"
        "connecting as ada to db7:3306 with tr0ub4dor&3 over /run/f/engine.sock\n"
        "Duplicate entry 'eve@example.org' for key '_t_gho.email' of `shop`.`t`; query=args"
        "\x1b[31m\x00"
    )
    shown = neutral_output(said, UNSAID, Path("/run/f"))
    for secret in ("ada", "db7", "10.0.0.7", "tr0ub4dor", "eve", "args", "shop", "\x1b", "\x00"):
        assert secret not in shown
    assert "Duplicate entry <value> for key '_t_gho.email'" in shown
    assert shown.count("\n") == 2
