"""A `go` that is first on the PATH and answers as it is told, for programs that build with it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REFUSED = (
    "example.com/x@v1: reading https://registry.example/x/@v/v1.info: 403 Forbidden\n"
    "\tserver response: This module version is not available."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    path: str
    version: str
    checksum: str


class FakeGo:
    """`program` is what is tried; it puts what it makes into `into`."""

    def __init__(self, folder: Path, program: Path, *modules: Module, builds: str) -> None:
        self.folder = folder / "bin"
        self.folder.mkdir()
        self.into = folder / "into"
        self.answers = folder / "answers"
        self.answers.mkdir()
        self.module_folder = folder / "module"
        self.module_folder.mkdir()
        self._program = program
        self.needs("1.25")
        for module in modules:
            self.downloads(module, **self.files(module.checksum))
        self.builds(builds)

    def files(self, checksum: str) -> dict[str, str]:
        """What `go mod download` tells of a module that it has."""
        go_mod = self.module_folder / "go.mod"
        return {"Dir": str(self.module_folder), "GoMod": str(go_mod), "Sum": checksum}

    def needs(self, version: str) -> None:
        (self.module_folder / "go.mod").write_text(f"module x\n\ngo {version}\n")

    def downloads(self, module: Module, **fields: str) -> None:
        wanted = f"{module.path}@v{module.version}".replace("/", "-")
        (self.answers / wanted).write_text(json.dumps(fields))

    def builds(self, with_script: str) -> None:
        """`$out` is what is to be made, `$version` what it is stamped with, `$@` of what."""
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
    shift 2
    mkdir -p "$(dirname "$out")"
    {with_script} ;;
esac
""")
        program.chmod(0o755)

    @property
    def builds_done(self) -> int:
        file = self.answers / "builds"
        return len(file.read_text().splitlines()) if file.exists() else 0

    def run(self, *arguments: str, path: str | None = None) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(self._program), "--into", str(self.into), *arguments]
        path = f"{self.folder}{os.pathsep}{os.environ['PATH']}" if path is None else path
        environ = {**os.environ, "PATH": path}
        return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
