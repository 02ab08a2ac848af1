"""Programs built from Go modules, each module in one version that was chosen before.

Rules: a module is what it was when it was chosen (its checksum), and so is everything that it needs
(its own go.sum). What cannot be had is told in words, without the address of the registry: whose
that is depends on the machine. Only Go's own caches are written besides.
Standard library only: it runs before anything is installed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from reconciler.edges.fetching.packages import FetchError


@dataclass(frozen=True)
class GoModule:
    """A module in one version. `checksum` is Go's own of the module's files."""

    path: str
    version: str
    checksum: str

    @property
    def how(self) -> str:
        """For a receipt: what was built, and with what."""
        return f"Go module {self.path} v{self.version} {self.checksum}, {go_version()}"


# Two compilers at once, in 1 GB of memory; no cgo: nothing of the system's is linked in.
GO_BUILD = {"GOFLAGS": "-p=2 -buildvcs=false", "GOWORK": "off", "CGO_ENABLED": "0"}
# From this version on, Go fetches a newer one of itself where a module asks for it.
GO_FETCHES_GO = (1, 21)


def downloaded(module: GoModule, room: Path) -> Path:
    """The folder of the module's files, which are what they were when the version was chosen."""
    if shutil.which("go") is None:
        raise FetchError(
            "there is no `go` on the PATH to build it with.\nInstall Go (Debian, Ubuntu: `apt "
            "install golang-go`, or a newer one as Go's own site says), see that `go version` "
            "works, and run this again."
        )
    wanted = f"{module.path}@v{module.version}"
    told = json.loads(go("mod", "download", "-json", wanted, cwd=room, may_fail=True) or "{}")
    if "Dir" not in told:
        raise FetchError(what_was_answered(wanted, told.get("Error", "")))
    if told["Sum"] != module.checksum:
        raise FetchError(
            f"{wanted} is not what it was when it was chosen: its checksum is {told['Sum']}, and "
            f"was {module.checksum}.\nBuild nothing from it; find out who changed it."
        )
    refuse_old_go(Path(told["GoMod"]).read_text(encoding="utf-8"), wanted)
    return Path(told["Dir"])


def refuse_old_go(go_mod: str, wanted: str) -> None:
    needed = re.search(r"^go (\d+(?:\.\d+)*)", go_mod, re.MULTILINE)
    own = numbers(go_version())
    fetches_newer = own >= GO_FETCHES_GO and go("env", "GOTOOLCHAIN").strip() != "local"
    if needed and own < numbers(needed[1]) and not fetches_newer:
        raise FetchError(
            f"{wanted} needs Go {needed[1]} or newer, and the `go` on the PATH is {go_version()}.\n"
            f"Install a newer one (or say GOTOOLCHAIN=auto, if it may fetch one), and run this "
            f"again."
        )


def go(*arguments: str, cwd: Path | None = None, may_fail: bool = False) -> str:
    done = subprocess.run(
        ["go", *arguments],
        cwd=cwd,
        env={**os.environ, **GO_BUILD},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode != 0 and not may_fail:
        raise FetchError(what_was_answered(f"`go {arguments[0]}`", done.stderr))
    return done.stdout


def go_version() -> str:
    return go("env", "GOVERSION").strip()


def what_was_answered(asked: str, answer: str) -> str:
    """In words, and without the address of the registry."""
    if refused := re.search(r"(?:(\S+@\S+): )?reading .*\n\s*server response: (.+)", answer):
        return (
            f"{asked}: Go's module registry refuses {refused[1] or 'it'}: {refused[2]}\n"
            f"A refusal is final: it cannot be built here. Where another registry has it, name "
            f"that in GOPROXY; or put the program on the PATH yourself."
        )
    lines = [re.sub(r"https?://\S+", "the registry", line) for line in answer.strip().splitlines()]
    # The last lines of a build say what is wrong; those before them, what was downloaded.
    return f"{asked} failed:\n" + ("\n".join(lines[-10:]) or "it said nothing")


def numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text))
