"""A Containerfile carried out without containers: its own commands, in a folder in place of a root.

What takes packages from an index or a distribution is left out by name; that the versions of the
one are those that are tested is held by tests/tidy/test_lock.py. The tested ones stand in for them.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatch
from pathlib import Path

# Of the machine that an image is made on: its packages, and its accounts.
_LEFT_OUT = ("apt-get ", "rm -rf /var/lib/apt/lists/", "useradd ")
_MOVED = ("/opt/", "/build/")


@dataclass
class Image:
    """`context` holds what is copied, `root` becomes what the image holds."""

    context: Path
    root: Path
    path: list[str] = field(default_factory=list)
    entry: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)  # by default
    user: str = "root"
    from_index: list[str] = field(default_factory=list)

    def build(self, containerfile: Path) -> None:
        for word, rest in instructions(containerfile.read_text(encoding="utf-8")):
            match word:
                case "COPY" if not rest.startswith("--from="):
                    self._copy(*shlex.split(rest))
                case "RUN":
                    for command in rest.split(" && "):
                        self._run(" ".join(command.split()))
                case "ENV":
                    name, _, value = rest.partition("=")
                    assert name == "PATH"
                    self.path = [part for part in value.split(":") if part != "$PATH"]
                case "USER":
                    self.user = rest
                case "ENTRYPOINT":
                    self.entry, self.told = json.loads(rest), []
                case "CMD":
                    self.told = json.loads(rest)
                case "COPY" | "FROM" | "ARG" | "WORKDIR":
                    pass
                case _:
                    raise AssertionError(f"nobody here knows {word}")

    @property
    def words(self) -> list[str]:
        """What is run."""
        return [*self.entry, *self.told]

    def run(self, *more: str) -> subprocess.CompletedProcess[str]:
        """As a container would, where nothing of this environment is found."""
        (self.root / "empty").mkdir(exist_ok=True)
        return self._ran(shlex.join([*self.words, *more]), cwd=self.root / "empty")

    def _copy(self, *words: str) -> None:
        *sources, target = words
        into = self._moved(target)
        Path(into).mkdir(parents=True, exist_ok=True)
        for source in sources:
            found = sorted(self.context.glob(source))
            assert found, f"nothing to copy: {source}"
            for path in found:
                inside = path.relative_to(self.context).as_posix()
                assert is_sent((self.context / ".dockerignore").read_text(), inside), inside
                shutil.copy2(path, into)

    def _run(self, command: str) -> None:
        if command.startswith(_LEFT_OUT):
            return
        made = re.fullmatch(r"python -m venv (\S+)", command)
        if made:
            self._venv(Path(self._moved(made[1])))
        elif "--require-hashes" in command:
            self.from_index.append(command)
        elif installs := re.fullmatch(r"(\S+)/bin/pip install (.*)", command):
            python = self._moved(f"{installs[1]}/bin/python")
            self._must(f"{sys.executable} -m pip --python {python} install {installs[2]}")
        else:
            self._must(command)

    def _venv(self, folder: Path) -> None:
        self._must(f"{sys.executable} -m venv --without-pip {folder}")
        (packages,) = folder.glob("lib/python*/site-packages")
        (packages / "tested.pth").write_text(f"{sysconfig.get_path('purelib')}\n")

    def _must(self, command: str) -> None:
        done = self._ran(self._moved(command), cwd=self.root)
        assert done.returncode == 0, (command, done.stdout, done.stderr)

    def _ran(self, command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        path = [*map(self._moved, self.path), os.environ["PATH"] if not self.entry else os.defpath]
        environ = {
            "PATH": ":".join(path),
            "HOME": str(self.root),
            "GIT_CONFIG_SYSTEM": str(self.root / "gitconfig"),
        }
        return subprocess.run(
            ["sh", "-euc", command],
            cwd=cwd,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )

    def _moved(self, text: str) -> str:
        for folder in _MOVED:
            text = re.sub(rf"(?<![\w.]){folder}", f"{self.root}{folder}", text)
        return text


def instructions(text: str) -> Iterator[tuple[str, str]]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for line in "\n".join(lines).replace("\\\n", " ").splitlines():
        if line.strip():
            word, _, rest = line.strip().partition(" ")
            yield word, rest.strip()


def is_sent(ignored: str, path: str) -> bool:
    """Whether what builds an image gets the file: the last line that is about it says so."""
    sent = True
    for line in ignored.splitlines():
        pattern = line.strip().removeprefix("!")
        if pattern and not pattern.startswith("#") and fnmatch(path, pattern):
            sent = line.strip().startswith("!")
    return sent
