"""Which program of an engine is started, and which is not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reconciler.edges.engines.find import KNOWN_VERSIONS, PROGRAMS, EngineProgram, find_engine
from reconciler.edges.engines.problems import engine_version_unknown
from reconciler.model.engine import EngineName
from tests.tidy.source import ROOT

OTHERS = [*PROGRAMS]
SAYS = {
    EngineName.GH_OST: "{} (git commit: unknown)",
    EngineName.SPIRIT: "spirit v{}\n  commit: unknown\n  go: go1.26.8",
    EngineName.PT_OSC: "pt-online-schema-change {}",
}


def program(folder: Path, name: EngineName, says: str, *, status: int = 0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / PROGRAMS[name]
    path.write_text(f"#!/bin/sh\necho '{says}'\nexit {status}\n")
    path.chmod(0o755)
    return path


def found(name: EngineName, tmp_path: Path, path: str = "") -> EngineProgram | None:
    return find_engine(name, environ={"PATH": path}, checkout=tmp_path / "checkout")


@pytest.mark.invariant("EN-10")
@pytest.mark.parametrize("name", OTHERS)
def test_a_program_on_the_path_tells_its_version(name: EngineName, tmp_path: Path) -> None:
    version = KNOWN_VERSIONS[name][0]
    path = program(tmp_path / "bin", name, SAYS[name].format(version))
    seen = found(name, tmp_path, str(tmp_path / "bin"))
    assert seen == EngineProgram(name=name, path=path, version=version)
    assert seen.is_known


@pytest.mark.invariant("EN-10")
@pytest.mark.parametrize("name", OTHERS)
def test_one_that_was_built_is_found_in_the_tools_own_checkout(
    name: EngineName, tmp_path: Path
) -> None:
    folder = tmp_path / "checkout" / ".servers" / "engines" / f"{name}-1" / "bin"
    path = program(folder, name, SAYS[name].format(KNOWN_VERSIONS[name][0]))
    program(folder.parents[1] / ".fetching-x" / "bin", name, SAYS[name].format("9.9.9"))
    seen = found(name, tmp_path)
    assert seen is not None
    assert seen.path == path


@pytest.mark.invariant("EN-10")
def test_nothing_of_the_working_directory_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    program(here, EngineName.SPIRIT, "spirit 0.15.1")
    program(here / ".servers" / "engines" / "spirit-0.15.1" / "bin", EngineName.SPIRIT, "0.15.1")
    monkeypatch.chdir(here)
    for path in ("", ".", ":/nowhere", "bin:."):
        assert found(EngineName.SPIRIT, tmp_path, path) is None


@pytest.mark.invariant("EN-10")
def test_a_version_that_is_known_goes_before_one_that_is_not(tmp_path: Path) -> None:
    program(tmp_path / "bin", EngineName.GH_OST, "2.0.0 (git commit: x)")
    made = tmp_path / "checkout" / ".servers" / "engines" / "gh-ost-1.1.10" / "bin"
    path = program(made, EngineName.GH_OST, "1.1.10 (git commit: x)")
    seen = found(EngineName.GH_OST, tmp_path, str(tmp_path / "bin"))
    assert seen is not None
    assert seen.path == path


@pytest.mark.invariant("EN-10")
@pytest.mark.parametrize(
    ("says", "version"),
    [("1.1.11 (git commit: x)", "1.1.11"), ("1.1.10-rc1", "1.1.10-rc1"), ("unversioned", "")],
)
def test_a_version_that_nobody_has_tried_is_not_known(
    says: str, version: str, tmp_path: Path
) -> None:
    program(tmp_path / "bin", EngineName.GH_OST, says)
    seen = found(EngineName.GH_OST, tmp_path, str(tmp_path / "bin"))
    assert seen is not None
    assert seen.version == version
    assert not seen.is_known
    (problem,) = engine_version_unknown(seen.name, seen.version, KNOWN_VERSIONS[seen.name]).problems
    assert (version or "a version that it does not tell") in problem.message
    assert "1.1.10" in problem.message


def test_what_does_not_start_is_not_there(tmp_path: Path) -> None:
    program(tmp_path / "bin", EngineName.PT_OSC, "Can't locate DBI.pm", status=2)
    assert found(EngineName.PT_OSC, tmp_path, str(tmp_path / "bin")) is None


@pytest.mark.invariant("EN-10")
def test_what_make_engines_builds_is_known_to_work() -> None:
    text = (ROOT / "tools" / "fetch-engine").read_text(encoding="utf-8")
    built = re.findall(r'program="([\w-]+)",.*?version="([\d.]+)"', text, re.DOTALL)
    assert dict(built) == {
        PROGRAMS[name]: KNOWN_VERSIONS[name][-1] for name in (EngineName.GH_OST, EngineName.SPIRIT)
    }


def test_every_engine_that_is_a_program_has_a_name_and_versions() -> None:
    in_place = {EngineName.DIRECT, EngineName.VITESS}
    assert set(PROGRAMS) == set(KNOWN_VERSIONS) == set(EngineName) - in_place
    assert all(KNOWN_VERSIONS.values())
