"""`reconciler scratch fetch`, with stand-ins for the tools of the machine's package manager."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from reconciler.cli.scratch import scratch
from reconciler.edges.fetching.packages import can_fetch
from reconciler.edges.server.find import find_server
from reconciler.errors import Unavailable
from reconciler.model.server import Flavor

SAYS = "mysqld  Ver 99.9.9 for Linux on x86_64"
TOOLS = {
    "apt-config": "",
    "apt-cache": "echo '  Candidate: 99.9.9-1'",
    "apt-get": """
env >> "$TOLD"
case "$*" in *--download-only*) cp "$PACKAGE" "${APT_CONFIG%/apt.conf}/cache/archives/it.deb";; esac
""",
    "dpkg": "echo amd64",
    "dpkg-deb": 'cat "$2"',
}


def package(path: Path, says: str) -> None:
    """A server whose loader answers for it."""
    files = {
        "usr/sbin/mysqld": "",
        "usr/share/mysql/charsets/Index.xml": "",
        "usr/lib/libmysql.so": "",
        "usr/lib/ld-linux-any.so.2": f"#!/bin/sh\necho '{says}'\n",
    }
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size, member.mode = len(content), 0o755
            archive.addfile(member, io.BytesIO(content.encode()))


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of its tools; what `apt-get` was told is in `told`."""
    assert can_fetch(), "these tests are for Debian and Ubuntu"
    tools, told = tmp_path / "bin", tmp_path / "told"
    tools.mkdir()
    package(tmp_path / "package", SAYS)
    for name, does in TOOLS.items():
        does = does.replace("$TOLD", str(told)).replace("$PACKAGE", str(tmp_path / "package"))
        (tools / name).write_text(f"#!/bin/sh\n{does}\n")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("SCHEMA_PASSWORD", "of-the-fleet")
    return tools


def fetched(*names: str) -> Result:
    return CliRunner().invoke(scratch, ["fetch", *names])


def test_what_the_archive_has_is_fetched_once_and_found(machine: Path) -> None:
    ended = fetched()
    assert ended.exit_code == 0, ended.exception
    place = machine.parent / "data/reconciler/servers/mysql-99.9.9"
    assert ended.output == f"mysql: fetching\nmysql: {place}\n"
    assert find_server(Flavor.MYSQL, "mysql 99.9").path == place / "bin/mysqld"
    told = (machine.parent / "told").read_text()
    assert "of-the-fleet" not in told
    assert fetched("mysql").output == f"mysql: {place}\n"
    assert (machine.parent / "told").read_text() == told, "the archive is asked once"


def test_a_server_that_does_not_start_is_none(machine: Path) -> None:
    package(machine.parent / "package", "Segmentation fault'; exit 139; echo '")
    ended = fetched("mysql")
    assert isinstance(ended.exception, Unavailable)
    assert "does not start on this machine" in str(ended.exception)
    assert not [*(machine.parent / "data/reconciler/servers").glob("[!.]*")]


@pytest.mark.parametrize("lacks", ["apt-get", "dpkg-deb"])
def test_elsewhere_it_says_how_a_server_is_had(machine: Path, lacks: str) -> None:
    (machine / lacks).unlink()
    for name in ("awk", "sh"):  # the machine's own tools are out of sight
        (machine / name).write_text("")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PATH", str(machine))
        ended = fetched("mysql")
    assert isinstance(ended.exception, Unavailable)
    assert "package manager" in str(ended.exception)


def test_a_mirror_that_is_away_is_said_as_it_said_it(machine: Path) -> None:
    (machine / "apt-get").write_text("#!/bin/sh\necho 'no route to it' >&2; exit 100\n")
    ended = fetched("mysql")
    assert isinstance(ended.exception, Unavailable)
    assert "no route to it" in str(ended.exception)
    assert ended.exception.problems[0].code == "scratch-not-fetched"


def test_a_folder_that_cannot_be_written_to_is_said_and_no_bug(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (machine.parent / "file").write_text("")
    monkeypatch.setenv("XDG_DATA_HOME", str(machine.parent / "file"))
    ended = fetched("mysql")
    assert isinstance(ended.exception, Unavailable)
    assert "file/reconciler/servers cannot be written to: Not a directory" in str(ended.exception)
    assert ended.exception.problems[0].code == "scratch-not-fetched"
