"""Docker or Podman, asked by its command line: the words of it that both have in common.

Rule: it is given variables by name (SV-1), a password never in an argument, and what it answers is
only believed for what was asked: whether it works, which image is there, one port.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.edges.containers.limits import PULL_S_MAX, RUNTIME_ANSWER_S_MAX
from reconciler.edges.containers.problems import (
    image_not_had,
    no_runtime,
    port_not_ours,
    runtime_unusable,
)
from reconciler.edges.programs import bare_environment, find_program

_RUNTIMES = ("docker", "podman")
# Where a runtime's daemon, its own settings and its logins to registries are.
_OF_RUNTIMES = (
    *("CONTAINER_CONNECTION", "CONTAINER_HOST", "DBUS_SESSION_BUS_ADDRESS", "DOCKER_CERT_PATH"),
    *("DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_HOST", "DOCKER_TLS_VERIFY"),
    *("REGISTRY_AUTH_FILE", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"),
)
LABEL = "reconciler.scratch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """How a command of the runtime ended, and all that it wrote."""

    is_done: bool
    out: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    name: str
    path: str

    def ours(self, place: str) -> Said:
        """The names of all containers that were labelled so, running or not, a line each."""
        listed = ("--all", f"--filter=label={LABEL}={place}", "--format={{.Names}}")
        return self._said(("ps", *listed), RUNTIME_ANSWER_S_MAX)

    def have(self, reference: str) -> str:
        """The image's id. Raises Unavailable where it is not here and cannot be pulled."""
        if found := self.image_id(reference):
            return found
        pulled = self._said(("pull", reference), PULL_S_MAX)
        if not pulled.is_done:
            raise image_not_had(self.name, pulled.words, reference)
        return self.image_id(reference)

    def image_id(self, reference: str) -> str:
        """Of what the name stands for by now, as this runtime tells it; '' where it is not here."""
        asked = ("image", "inspect", "--format={{.Id}}", reference)
        return self._said(asked, RUNTIME_ANSWER_S_MAX).out.strip()

    def run(
        self,
        name: str,
        reference: str,
        arguments: Sequence[str],
        *,
        place: str,
        port: int,
        folder: str,
        variables: Sequence[str],
    ) -> list[str]:
        """The command that is the container for as long as it runs. Its `port` is published at one
        of 127.0.0.1 that nobody has, `folder` is in memory, so that no volume is made, and the
        values of `variables` are taken from the runtime's own environment. No process of it can
        gain what it did not begin with."""
        # The images' own start as root, hand their folder to the server's user and become it by
        # setuid(), which no set-user-id program helps with: that takes capabilities, which stay as
        # the runtime gives them, and no new privileges.
        return [
            *(self.path, "run", "--rm", f"--name={name}", f"--label={LABEL}={place}"),
            "--security-opt=no-new-privileges",
            *(f"--publish=127.0.0.1::{port}", f"--tmpfs={folder}"),
            *(f"--env={variable}" for variable in variables),
            *(reference, *arguments),
        ]

    def removal(self, name: str) -> list[str]:
        return [self.path, "rm", "--force", "--volumes", name]

    def remove(self, name: str) -> None:
        """Also one that was never started, or is gone already."""
        self._said(self.removal(name)[1:], RUNTIME_ANSWER_S_MAX)

    def port(self, name: str, port: int) -> int | None:
        """Where it was published; None: not yet. Raises Refused for one that others could reach."""
        lines = self._said(("port", name, f"{port}/tcp"), RUNTIME_ANSWER_S_MAX).out.split()
        if not lines:
            return None
        found = re.fullmatch(r"127\.0\.0\.1:([0-9]{1,5})", lines[0])
        if found is None or len(lines) > 1:
            raise port_not_ours(self.name)
        return int(found[1])

    def _said(self, arguments: Sequence[str], limit_s: float) -> Said:
        try:
            done = subprocess.run(
                (self.path, *arguments),
                cwd="/",
                stdin=subprocess.DEVNULL,
                env=runtime_environment(),
                capture_output=True,
                text=True,
                errors="replace",
                timeout=limit_s,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Said(is_done=False, out="", words=f"it gave no answer within {limit_s:.0f} s")
        except OSError as error:
            return Said(is_done=False, out="", words=error.strerror or "it cannot be started")
        is_done = done.returncode == 0
        return Said(
            is_done=is_done, out=done.stdout if is_done else "", words=done.stderr or done.stdout
        )


def usable_runtime(place: str) -> tuple[Runtime, tuple[str, ...]]:
    """The first that works, and the names of the containers that are labelled `place`. Raises
    Unavailable where none does."""
    failed = []
    for name in _RUNTIMES:
        if (path := find_program(name)) is None:
            continue
        runtime = Runtime(name=name, path=path)
        listed = runtime.ours(place)
        if listed.is_done:
            return runtime, tuple(listed.out.split())
        failed.append((name, listed.words))
    raise runtime_unusable(failed) if failed else no_runtime()


def runtime_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    named = {name: environ[name] for name in _OF_RUNTIMES if name in environ}
    return {**bare_environment(environ), **named}
