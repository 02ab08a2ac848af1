"""What the action installs is what was tested, file by file, and says no address."""

from __future__ import annotations

import re
import tomllib

import pytest

from tests.tidy.source import ROOT

_PINNED = re.compile(
    r"^([A-Za-z0-9._-]+)==([^ ;\\]+)([^\n]*\\\n(?:    --hash=sha256:[0-9a-f]{64}[^\n]*\n?)+)", re.M
)
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
OF_WORKERS = (ROOT / "docs" / "examples" / "worker" / "temporal.lock").read_text(encoding="utf-8")
CONSTRAINTS = (ROOT / "constraints.txt").read_text(encoding="utf-8")


def locked(lock: str = LOCK) -> dict[str, str]:
    return {canonical(name): version for name, version, _ in _PINNED.findall(lock)}


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("lock", [LOCK, OF_WORKERS], ids=["the action", "workers"])
def test_every_line_is_a_version_with_the_hashes_of_its_files(lock: str) -> None:
    assert _PINNED.sub("", lock).strip() == ""


@pytest.mark.parametrize("lock", [LOCK, OF_WORKERS], ids=["the action", "workers"])
def test_it_names_no_address(lock: str) -> None:
    assert "://" not in lock
    assert "--index" not in lock


def test_it_has_what_the_package_needs_and_what_builds_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    needed = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    names = {canonical(re.split(r"[<>=!~ ;\[]", one, maxsplit=1)[0]) for one in needed}
    assert names - locked().keys() == set(), "run `make lock`"


def test_that_of_workers_has_what_the_extra_needs_beside_the_rest() -> None:
    assert "temporalio" in locked(OF_WORKERS)
    both = locked(OF_WORKERS).keys() & locked().keys()
    assert {name: locked(OF_WORKERS)[name] for name in both} == {n: locked()[n] for n in both}


@pytest.mark.parametrize("lock", [LOCK, OF_WORKERS], ids=["the action", "workers"])
def test_its_versions_are_those_that_were_tested(lock: str) -> None:
    tested = dict(line.split("==") for line in CONSTRAINTS.split() if "==" in line)
    tested = {canonical(name): version for name, version in tested.items()}
    strange = {name: found for name, found in locked(lock).items() if tested.get(name) != found}
    assert strange == {}, "run `make lock`"
