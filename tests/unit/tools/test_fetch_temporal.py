"""Temporal is had, or somebody is told in words that it is not, and why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.tidy.source import ROOT
from tests.unit.tools.fake_go import REFUSED, FakeGo, Module

TEMPORAL = Module(
    path="github.com/temporalio/cli",
    version="1.5.1",
    checksum="h1:0RZMk14BWxz44Xg6ciDQvpfAMffoG3J7/K03ql80teY=",
)
SAYS_ITS_VERSION = """for package in "$@"; do :; done
        program=$out/$(basename "$package")
        printf '#!/bin/sh\\necho temporal version 1.5.1\\n' > "$program"; chmod +x "$program\""""


@pytest.fixture
def go(tmp_path: Path) -> FakeGo:
    program = ROOT / "tools" / "fetch-temporal"
    return FakeGo(tmp_path, program, TEMPORAL, builds=SAYS_ITS_VERSION)


def test_it_is_built_once(go: FakeGo) -> None:
    for _ in range(2):
        done = go.run()
        assert (done.returncode, done.stderr) == (0, "")
    assert go.builds_done == 1
    receipt = json.loads((go.into / "temporal-1.5.1" / "receipt.json").read_text())
    assert (receipt["name"], receipt["version"]) == ("temporal", "1.5.1")


def test_what_cannot_be_had_is_told_by_name(go: FakeGo, tmp_path: Path) -> None:
    go.downloads(TEMPORAL, Error=REFUSED)
    done = go.run()
    assert done.returncode == 1
    assert "temporal: github.com/temporalio/cli@v1.5.1: Go's module registry refuses" in done.stderr
    done = go.run(path=str(tmp_path / "without"))
    assert done.returncode == 1
    assert "temporal: there is no `go` on the PATH" in done.stderr
    assert "not there: temporal\n" in done.stderr
