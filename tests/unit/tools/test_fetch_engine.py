"""Engines that can be had are had; of those that cannot, somebody is told in words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tidy.source import ROOT

PROGRAM = ROOT / "tools" / "fetch-engine"
MODULES = {
    "gh-ost": ("github.com/github/gh-ost", "1.1.10"),
    "spirit": ("github.com/block/spirit", "0.15.1"),
}
CHECKSUMS = {
    "gh-ost": "h1:J2m79Icn6jCqh7T6wX3GnSCKhsWRS8xySY8+Lk0ek/w=",
    "spirit": "h1:/m+jX/srH1VJqNFkyBPBg5tPi+/8qggH2WqILlxUmCQ=",
}
REFUSED = (
    "example.com/x@v1: reading https://registry.example/x/@v/v1.info: 403 Forbidden\n"
    "\tserver response: This module version is not available."
)


class Go:
    """A `go` that is first on the PATH, and answers as it is told."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "bin"
        self.folder.mkdir()
        self.into = folder / "engines"
        self.answers = folder / "answers"
        self.answers.mkdir()
        module = folder / "module"
        module.mkdir()
        self.go_mod = module / "go.mod"
        self.needs("1.25")
        for name in MODULES:
            self.downloads(name, Dir=str(module), GoMod=str(self.go_mod), Sum=CHECKSUMS[name])
        self.builds("""printf '#!/bin/sh\\necho %s\\n' "$version" > "$out"; chmod +x "$out" """)

    def needs(self, version: str) -> None:
        self.go_mod.write_text(f"module x\n\ngo {version}\n")

    def downloads(self, name: str, **fields: str) -> None:
        module, version = MODULES[name]
        wanted = f"{module}@v{version}".replace("/", "-")
        (self.answers / wanted).write_text(json.dumps(fields))

    def builds(self, with_script: str) -> None:
        program = self.folder / "go"
        program.write_text(f"""#!/bin/sh
case "$1 $2" in
"env GOVERSION") echo go1.25.3 ;;
"env GOTOOLCHAIN") echo local ;;
"mod download") cat "{self.answers}/$(echo "$4" | tr / -)" ;;
build*)
    echo build >> "{self.answers}/builds"
    while [ "$1" != -o ]; do
        case "$1" in -ldflags=*) version=${{1##*=}} ;; esac
        shift
    done
    out=$2
    mkdir -p "$(dirname "$out")"
    {with_script} ;;
esac
""")
        program.chmod(0o755)

    @property
    def builds_done(self) -> int:
        file = self.answers / "builds"
        return len(file.read_text().splitlines()) if file.exists() else 0

    def fetch(self, *names: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(PROGRAM), "--into", str(self.into), *names]
        path = f"{self.folder}{os.pathsep}{os.environ['PATH']}" if path is None else path
        environ = {**os.environ, "PATH": path}
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


@pytest.fixture
def go(tmp_path: Path) -> Go:
    return Go(tmp_path)


def test_a_prefix_tells_what_is_in_it_and_a_second_run_finds_it(go: Go) -> None:
    for _ in range(2):
        done = go.fetch("gh-ost", "spirit")
        assert (done.returncode, done.stderr) == (0, "")
    assert go.builds_done == 2
    receipt = json.loads((go.into / "gh-ost-1.1.10" / "receipt.json").read_text())
    assert (receipt["name"], receipt["version"]) == ("gh-ost", "1.1.10")
    assert len(receipt["sha256"]) == 64
    assert "github.com/github/gh-ost v1.1.10 h1:" in receipt["how"]
    assert os.access(go.into / "gh-ost-1.1.10" / "bin" / "gh-ost", os.X_OK)


def test_what_the_registry_refuses_is_told_by_name_and_the_others_are_had(go: Go) -> None:
    go.downloads("gh-ost", Error=REFUSED)
    done = go.fetch("gh-ost", "spirit")
    assert done.returncode == 1
    assert "gh-ost: github.com/github/gh-ost@v1.1.10: Go's module registry refuses" in done.stderr
    assert "This module version is not available." in done.stderr
    assert "not there: gh-ost\n" in done.stderr
    assert "registry.example" not in done.stdout + done.stderr
    assert [path.name for path in go.into.glob("[!.]*")] == ["spirit-0.15.1"]


def test_a_refusal_while_it_is_built_names_the_module_that_is_missing(go: Go) -> None:
    lines = REFUSED.replace("\n", "\\n").replace("\t", "\\t")
    go.builds(f"printf '%b\\n' '{lines}' >&2; exit 1")
    done = go.fetch("spirit")
    assert done.returncode == 1
    assert "refuses example.com/x@v1: This module version is not available." in done.stderr
    assert "registry.example" not in done.stderr


@pytest.mark.parametrize(
    "script", ["exit 1", "kill -9 $PPID", "exit 0", 'echo false > "$out"; chmod +x "$out"']
)
def test_what_did_not_get_whole_has_no_place(go: Go, script: str) -> None:
    go.builds(script)
    assert go.fetch("gh-ost").returncode != 0
    assert list(go.into.glob("[!.]*")) == []
    go.builds("""printf '#!/bin/sh\\necho %s\\n' "$version" > "$out"; chmod +x "$out" """)
    assert go.fetch("gh-ost").returncode == 0
    assert not list(go.into.glob(".fetching-*"))


def test_a_module_that_changed_since_it_was_chosen_is_not_built(go: Go) -> None:
    fields = {"Dir": str(go.go_mod.parent), "GoMod": str(go.go_mod), "Sum": "h1:other="}
    go.downloads("gh-ost", **fields)
    done = go.fetch("gh-ost")
    assert done.returncode == 1
    assert "is not what it was when it was chosen: its checksum is h1:other=" in done.stderr
    assert go.builds_done == 0


def test_an_old_go_is_told_which_it_must_be(go: Go) -> None:
    go.needs("1.99.1")
    done = go.fetch("spirit")
    assert done.returncode == 1
    assert "needs Go 1.99.1 or newer, and the `go` on the PATH is go1.25.3" in done.stderr
    assert go.builds_done == 0


def test_without_go_somebody_is_told_what_to_install(go: Go, tmp_path: Path) -> None:
    done = go.fetch("spirit", path=str(tmp_path))
    assert done.returncode == 1
    assert "there is no `go` on the PATH" in done.stderr
    assert "Install Go" in done.stderr


def test_an_engine_that_nobody_knows_is_a_mistake_of_the_call(go: Go) -> None:
    done = go.fetch("onlineddl")
    assert done.returncode == 2
    assert "no such engine: onlineddl" in done.stderr
