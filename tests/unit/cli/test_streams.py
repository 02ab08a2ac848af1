"""What goes to a log is text to whoever reads the log, a runner of jobs included."""

from __future__ import annotations

import io
import os
import signal
from contextlib import redirect_stderr
from pathlib import Path

import pytest

from reconciler.cli.interrupts import counted_interrupts
from reconciler.cli.streams import deliver, remark
from reconciler.errors import Unavailable

LINES = (
    "::error::all is lost",
    "  ::stop-commands::x",
    "table `##[error]all is lost` of shard -40",
    "a\n::add-mask::b\n\t::error file=x::y",
)


def said(line: str) -> str:
    log = io.StringIO()
    with redirect_stderr(log):
        remark(line)
    return log.getvalue()


@pytest.mark.invariant("RP-6")
@pytest.mark.parametrize("line", LINES)
def test_a_log_commands_no_runner(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A runner obeys `::name` at the start of a line, and `##[name]` anywhere on one."""
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    for shown in said(line).split("\n"):
        assert not shown.lstrip().startswith("::")
        assert "##[" not in shown
    assert said(line).replace("\u2060", "") == f"{line}\n"


@pytest.mark.parametrize("line", LINES)
def test_elsewhere_it_is_as_it_was_said(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    assert said(line) == f"{line}\n"


class Busy(io.StringIO):
    """As a stream in the midst of a write, which refuses another one."""

    def write(self, _text: str) -> int:
        raise RuntimeError("reentrant call")


@pytest.mark.invariant("RG-45")
def test_a_signal_counts_though_nothing_can_be_said_about_it() -> None:
    with redirect_stderr(Busy()), counted_interrupts() as interrupts:
        signal.raise_signal(signal.SIGTERM)
        assert interrupts() == 1
        signal.raise_signal(signal.SIGINT)
        assert interrupts() == 2


@pytest.mark.invariant("RP-26")
def test_a_result_for_a_file_that_is_open_goes_into_that_very_file(tmp_path: Path) -> None:
    """Such as /dev/stdout, of which whoever is root would have made a file of its own."""
    out = os.open(tmp_path / "out", os.O_WRONLY | os.O_CREAT)
    try:
        deliver("told", Path(f"/proc/self/fd/{out}"))
    finally:
        os.close(out)
    assert (tmp_path / "out").read_text() == "told"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("path", [".", "/", "/dev", "/dev/nowhere/result"])
def test_where_no_result_can_be_written_that_is_said_and_is_no_bug(path: str) -> None:
    with pytest.raises(Unavailable, match="could not be written"):
        deliver("told", Path(path))
