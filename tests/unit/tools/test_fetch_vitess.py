"""Vitess and etcd are had, or somebody is told in words which of them is not, and why."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.tidy.source import ROOT
from tests.unit.tools.fake_go import REFUSED, FakeGo, Module

PROGRAM = ROOT / "tools" / "fetch-vitess"
VITESS = Module(
    path="vitess.io/vitess",
    version="0.24.0",
    checksum="h1:1beFkQ3hbozQv0pmuicu1LL22szH7yVwZR/fofGiXxk=",
)
PROGRAMS = {"vttablet", "vtgate", "vtctld", "vtctldclient"}
SAY_THEIR_VERSION = """ls -R go > "$(dirname "$0")/../seen"; for package in "$@"; do
        program=$out/$(basename "$package")
        printf '#!/bin/sh\\necho Version: 24.0.0\\n' > "$program"; chmod +x "$program"
    done"""


@pytest.fixture
def go(tmp_path: Path) -> FakeGo:
    go = FakeGo(tmp_path, PROGRAM, VITESS, builds=SAY_THEIR_VERSION)
    for name in ("vtgate/cli/plugin_zk2topo.go", "vtgate/cli/plugin_etcd2topo.go"):
        file = go.module_folder / "go" / "cmd" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("package cli\n")
    file.parent.chmod(0o555)  # as in Go's own cache
    have(go.into, "etcd", "3.4.23")
    return go


def have(into: Path, name: str, version: str) -> None:
    prefix = into / f"{name}-{version}"
    prefix.mkdir(parents=True)
    (prefix / "receipt.json").write_text(json.dumps({"name": name, "version": version}))


def test_the_prefix_holds_the_four_programs_and_a_second_run_finds_it(go: FakeGo) -> None:
    for _ in range(2):
        done = go.run()
        assert (done.returncode, done.stderr) == (0, "")
    assert go.builds_done == 1
    prefix = go.into / "vitess-24.0.0"
    assert {path.name for path in (prefix / "bin").iterdir()} == PROGRAMS
    receipt = json.loads((prefix / "receipt.json").read_text())
    assert (receipt["name"], receipt["version"]) == ("vitess", "24.0.0")
    assert [len(text) for text in receipt["sha256"].split()] == [64, 64, 64, 64]
    assert "vitess.io/vitess v0.24.0 h1:" in receipt["how"]


def test_plugins_of_other_topologies_are_not_built_and_the_module_stays_as_it_is(
    go: FakeGo, tmp_path: Path
) -> None:
    assert go.run().returncode == 0
    seen = (tmp_path / "seen").read_text()
    assert "plugin_etcd2topo.go" in seen
    assert "plugin_zk2topo.go" not in seen
    assert (go.module_folder / "go/cmd/vtgate/cli/plugin_zk2topo.go").exists()
    assert not list(go.into.glob(".fetching-*"))


def test_what_the_registry_refuses_is_told_by_name(go: FakeGo) -> None:
    go.downloads(VITESS, Error=REFUSED)
    done = go.run()
    assert done.returncode == 1
    assert "vitess: vitess.io/vitess@v0.24.0: Go's module registry refuses" in done.stderr
    assert "not there: vitess\n" in done.stderr
    assert "registry.example" not in done.stdout + done.stderr
    assert f"etcd: {go.into / 'etcd-3.4.23'}\n" in done.stdout


@pytest.mark.parametrize("script", ["exit 1", "kill -9 $PPID", "exit 0"])
def test_what_did_not_get_whole_has_no_place(go: FakeGo, script: str) -> None:
    go.builds(script)
    assert go.run().returncode != 0
    assert [path.name for path in go.into.glob("[!.]*")] == ["etcd-3.4.23"]
    go.builds(SAY_THEIR_VERSION)
    assert go.run().returncode == 0
    assert not list(go.into.glob(".fetching-*"))


def test_a_program_of_another_version_has_no_place(go: FakeGo) -> None:
    go.builds(SAY_THEIR_VERSION.replace("24.0.0", "25.0.0"))
    done = go.run()
    assert done.returncode == 1
    assert "is not 24.0.0" in done.stderr


def test_a_module_that_changed_since_it_was_chosen_is_not_built(go: FakeGo) -> None:
    go.downloads(VITESS, **go.files("h1:other="))
    done = go.run()
    assert done.returncode == 1
    assert "is not what it was when it was chosen: its checksum is h1:other=" in done.stderr
    assert go.builds_done == 0


def test_without_go_and_packages_each_part_says_what_to_install(tmp_path: Path) -> None:
    go = FakeGo(tmp_path, PROGRAM, VITESS, builds=SAY_THEIR_VERSION)
    done = go.run(path=str(tmp_path))
    assert done.returncode == 1
    assert "vitess: there is no `go` on the PATH" in done.stderr
    assert "etcd: there is no etcd on the PATH, and no apt-get" in done.stderr
    assert "not there: vitess, etcd\n" in done.stderr


def test_where_there_are_no_packages_an_etcd_of_the_machine_serves(tmp_path: Path) -> None:
    go = FakeGo(tmp_path, PROGRAM, VITESS, builds=SAY_THEIR_VERSION)
    have(go.into, "vitess", "24.0.0")
    installed = tmp_path / "etcd"
    installed.write_text("#!/bin/sh\n")
    installed.chmod(0o755)
    done = go.run(path=os.fspath(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert f"etcd: {installed}, on the PATH" in done.stdout
