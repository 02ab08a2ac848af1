"""Which program of Vitess is started, and which is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reconciler.edges.vitess.find import (
    KNOWN_SERIES,
    FoundProgram,
    VitessProgram,
    find_vitess,
    vitess_program,
)
from reconciler.errors import Unavailable
from tests.tidy.source import ROOT

SAYS = "{0} version Version: {1} (Git revision  branch '') built on  by @ using go1.26.8"
ETCD_SAYS = "etcd Version: {1}\nGit SHA: Not provided"


def program(folder: Path, name: VitessProgram, version: str, *, status: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    says = (ETCD_SAYS if name is VitessProgram.ETCD else SAYS).format(name, version)
    path = folder / name
    path.write_text(f'#!/bin/sh\ncat <<"END"\n{says}\nEND\nexit {status}\n')
    path.chmod(0o755)
    return path


def found(name: VitessProgram, tmp_path: Path, path: str = "") -> FoundProgram | None:
    return find_vitess(name, environ={"PATH": path}, checkout=tmp_path / "checkout")


@pytest.mark.invariant("VT-1")
@pytest.mark.parametrize("name", list(VitessProgram))
def test_a_program_on_the_path_tells_its_version(name: VitessProgram, tmp_path: Path) -> None:
    version = f"{KNOWN_SERIES[name][0]}.7"
    path = program(tmp_path / "bin", name, version)
    seen = found(name, tmp_path, str(tmp_path / "bin"))
    assert seen == FoundProgram(name=name, path=path, version=version)
    assert seen.is_known


@pytest.mark.invariant("VT-1")
def test_one_that_was_built_goes_before_one_that_nobody_has_tried(tmp_path: Path) -> None:
    program(tmp_path / "bin", VitessProgram.VTGATE, "25.0.0")
    made = tmp_path / "checkout" / ".servers" / "vitess-24.0.0" / "bin"
    path = program(made, VitessProgram.VTGATE, "24.0.0")
    program(made.parents[1] / ".fetching-x" / "bin", VitessProgram.VTGATE, "24.0.1")
    seen = found(VitessProgram.VTGATE, tmp_path, str(tmp_path / "bin"))
    assert seen is not None
    assert seen.path == path


@pytest.mark.invariant("VT-1")
def test_nothing_of_the_working_directory_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    program(here, VitessProgram.VTCTLDCLIENT, "24.0.0")
    program(here / ".servers" / "vitess-24.0.0" / "bin", VitessProgram.VTCTLDCLIENT, "24.0.0")
    monkeypatch.chdir(here)
    for path in ("", ".", ":/nowhere", "bin:."):
        assert found(VitessProgram.VTCTLDCLIENT, tmp_path, path) is None


@pytest.mark.invariant("VT-1")
@pytest.mark.parametrize("version", ["23.0.0", "24.1.0", "24.00.1", "240.0.0", ""])
def test_a_version_that_nobody_has_tried_is_not_known(version: str, tmp_path: Path) -> None:
    program(tmp_path / "bin", VitessProgram.VTCTLD, version)
    seen = found(VitessProgram.VTCTLD, tmp_path, str(tmp_path / "bin"))
    assert seen is not None
    assert not seen.is_known


def test_what_does_not_start_is_not_there(tmp_path: Path) -> None:
    program(tmp_path / "bin", VitessProgram.ETCD, "3.5.1", status=2)
    assert found(VitessProgram.ETCD, tmp_path, str(tmp_path / "bin")) is None


@pytest.mark.invariant("VT-1")
def test_what_is_missing_or_unknown_is_named(tmp_path: Path) -> None:
    environ = {"PATH": str(tmp_path / "bin")}
    with pytest.raises(Unavailable, match="vtgate is not on this machine") as raised:
        vitess_program(VitessProgram.VTGATE, environ=environ, checkout=tmp_path)
    assert "make vitess" in raised.value.problems[0].recovery
    program(tmp_path / "bin", VitessProgram.VTGATE, "23.0.1")
    with pytest.raises(Unavailable, match=r"vtgate is there in version 23.0.1, and .* in 24\.0"):
        vitess_program(VitessProgram.VTGATE, environ=environ, checkout=tmp_path)


def test_what_make_vitess_builds_is_known_to_work() -> None:
    text = (ROOT / "tools" / "fetch-vitess").read_text(encoding="utf-8")
    built = re.search(r'^VERSION = "(\d+\.\d+)', text, re.MULTILINE)
    assert built is not None
    for name in set(VitessProgram) - {VitessProgram.ETCD}:
        assert built[1] == KNOWN_SERIES[name][-1]
        assert f'"{name}"' in text
