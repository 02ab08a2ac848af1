"""A Temporal server of the tests' own, on loopback; killed, it comes back where it was."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.tidy.source import ROOT
from tests.waiting import PATIENCE_S, until


def temporal_program() -> Path | None:
    """What `make temporal` made, or one on the PATH."""
    made = sorted((ROOT / ".servers").glob("temporal-*/bin/temporal"))
    found = made[-1] if made else shutil.which("temporal")
    return Path(found) if found else None


@dataclass
class TemporalServer:
    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    namespaces: int = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        program = temporal_program()
        assert program is not None
        command = [str(program), "server", "start-dev", "--headless", "--ip", "127.0.0.1"]
        command += ["--port", str(self.port), "--log-level", "error"]
        command += ["--db-filename", str(self.folder / "rollouts.sqlite")]
        with (self.folder / "temporal.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        # Right after the start it may not know its namespace yet.
        until(lambda: self.ask("operator", "namespace", "describe", "default") is not None, "it")

    def new_namespace(self) -> str:
        """With no worker in its memory."""
        self.namespaces += 1
        name = f"of-test-{self.namespaces}"
        self.ask("operator", "namespace", "create", "--namespace", name)
        until(lambda: self.ask("workflow", "list", "--namespace", name) is not None, "a namespace")
        return name

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait(PATIENCE_S)

    def ask(self, *arguments: str) -> str | None:
        """By its own command line; None if that fails."""
        program = temporal_program()
        assert program is not None
        command = [str(program), *arguments, "--address", self.address]
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        done = subprocess.run(command, capture_output=True, text=True, env=environ, check=False)
        return done.stdout if done.returncode == 0 else None


@contextmanager
def temporal_server(folder: Path) -> Iterator[TemporalServer]:
    folder.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        server = TemporalServer(folder, free.getsockname()[1])
    try:
        server.start()
        yield server
    finally:
        server.kill()
