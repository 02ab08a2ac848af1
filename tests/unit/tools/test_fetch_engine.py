"""Engines that can be had are had; of those that cannot, somebody is told in words."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.tidy.source import ROOT
from tests.unit.tools.fake_go import REFUSED, FakeGo, Module

PROGRAM = ROOT / "tools" / "fetch-engine"
GH_OST = Module(
    path="github.com/github/gh-ost",
    version="1.1.10",
    checksum="h1:J2m79Icn6jCqh7T6wX3GnSCKhsWRS8xySY8+Lk0ek/w=",
)
SPIRIT = Module(
    path="github.com/block/spirit",
    version="0.15.1",
    checksum="h1:/m+jX/srH1VJqNFkyBPBg5tPi+/8qggH2WqILlxUmCQ=",
)
SAYS_ITS_VERSION = """printf '#!/bin/sh\\necho %s\\n' "$version" > "$out"; chmod +x "$out" """


@pytest.fixture
def go(tmp_path: Path) -> FakeGo:
    return FakeGo(tmp_path, PROGRAM, GH_OST, SPIRIT, builds=SAYS_ITS_VERSION)


def test_a_prefix_tells_what_is_in_it_and_a_second_run_finds_it(go: FakeGo) -> None:
    for _ in range(2):
        done = go.run("gh-ost", "spirit")
        assert (done.returncode, done.stderr) == (0, "")
    assert go.builds_done == 2
    receipt = json.loads((go.into / "gh-ost-1.1.10" / "receipt.json").read_text())
    assert (receipt["name"], receipt["version"]) == ("gh-ost", "1.1.10")
    assert len(receipt["sha256"]) == 64
    assert "github.com/github/gh-ost v1.1.10 h1:" in receipt["how"]
    assert os.access(go.into / "gh-ost-1.1.10" / "bin" / "gh-ost", os.X_OK)


def test_what_the_registry_refuses_is_told_by_name_and_the_others_are_had(go: FakeGo) -> None:
    go.downloads(GH_OST, Error=REFUSED)
    done = go.run("gh-ost", "spirit")
    assert done.returncode == 1
    assert "gh-ost: github.com/github/gh-ost@v1.1.10: Go's module registry refuses" in done.stderr
    assert "This module version is not available." in done.stderr
    assert "not there: gh-ost\n" in done.stderr
    assert "registry.example" not in done.stdout + done.stderr
    assert [path.name for path in go.into.glob("[!.]*")] == ["spirit-0.15.1"]


def test_a_refusal_while_it_is_built_names_the_module_that_is_missing(go: FakeGo) -> None:
    lines = REFUSED.replace("\n", "\\n").replace("\t", "\\t")
    go.builds(f"printf '%b\\n' '{lines}' >&2; exit 1")
    done = go.run("spirit")
    assert done.returncode == 1
    assert "refuses example.com/x@v1: This module version is not available." in done.stderr
    assert "registry.example" not in done.stderr


@pytest.mark.parametrize(
    "script", ["exit 1", "kill -9 $PPID", "exit 0", 'echo false > "$out"; chmod +x "$out"']
)
def test_what_did_not_get_whole_has_no_place(go: FakeGo, script: str) -> None:
    go.builds(script)
    assert go.run("gh-ost").returncode != 0
    assert list(go.into.glob("[!.]*")) == []
    go.builds(SAYS_ITS_VERSION)
    assert go.run("gh-ost").returncode == 0
    assert not list(go.into.glob(".fetching-*"))


def test_a_module_that_changed_since_it_was_chosen_is_not_built(go: FakeGo) -> None:
    go.downloads(GH_OST, **go.files("h1:other="))
    done = go.run("gh-ost")
    assert done.returncode == 1
    assert "is not what it was when it was chosen: its checksum is h1:other=" in done.stderr
    assert go.builds_done == 0


def test_an_old_go_is_told_which_it_must_be(go: FakeGo) -> None:
    go.needs("1.99.1")
    done = go.run("spirit")
    assert done.returncode == 1
    assert "needs Go 1.99.1 or newer, and the `go` on the PATH is go1.25.3" in done.stderr
    assert go.builds_done == 0


def test_without_go_somebody_is_told_what_to_install(go: FakeGo, tmp_path: Path) -> None:
    done = go.run("spirit", path=str(tmp_path))
    assert done.returncode == 1
    assert "there is no `go` on the PATH" in done.stderr
    assert "Install Go" in done.stderr


def test_an_engine_that_nobody_knows_is_a_mistake_of_the_call(go: FakeGo) -> None:
    done = go.run("onlineddl")
    assert done.returncode == 2
    assert "no such engine: onlineddl" in done.stderr
