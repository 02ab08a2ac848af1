"""Programs that leave a mark when they run, and repositories that would like them to."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from reconciler.cli.main import run

IDENTITY = ("-c", "user.name=t", "-c", "user.email=t@example.org")


def git(folder: Path, *arguments: str, given: bytes = b"") -> str:
    """As a person runs it: with the configuration of the repository and all it names."""
    done = subprocess.run(
        ["git", *IDENTITY, *arguments], cwd=folder, input=given, capture_output=True, check=True
    )
    return done.stdout.decode().strip()


@dataclass(frozen=True, slots=True)
class Traps:
    """Scripts in one folder; each leaves a file of its name in another when it is run."""

    folder: Path
    marks: Path

    @classmethod
    def laid_in(cls, folder: Path) -> Traps:
        for name in ("traps", "marks"):
            (folder / name).mkdir(parents=True)
        return cls(folder / "traps", folder / "marks")

    def program(self, name: str, then: str = "exit 1") -> str:
        """The path of a script that leaves its mark."""
        place = self.folder / name
        return script(place, f"env > {self.marks}/{name}\n{then}")

    @property
    def sprung(self) -> list[str]:
        return sorted(path.name for path in self.marks.iterdir())


def script(place: Path, lines: str) -> str:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(f"#!/bin/sh\n{lines}\n")
    place.chmod(0o755)
    return str(place)


SPEC = """\
version: 1
keyspace: shop
schema: schemas/shop
environments: {prod: {connection: {database: d, user: u}, shards: ["-"]}}
"""


def project(root: Path) -> Path:
    """A repository with one keyspace, committed on main."""
    (root / "specs").mkdir(parents=True)
    (root / "schemas" / "shop").mkdir(parents=True)
    (root / "specs" / "shop.yaml").write_text(SPEC)
    (root / "schemas" / "shop" / "a.sql").write_text("CREATE TABLE a (id int);\n")
    git(root, "init", "--quiet", "--initial-branch=main")
    commit(root)
    return root


def commit(root: Path) -> str:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", "work")
    return git(root, "rev-parse", "HEAD")


def ended(*arguments: str) -> int:
    """The command line, as its process would end."""
    try:
        return run(arguments)
    except SystemExit as end:
        return int(end.code or 0)


def configure(root: Path, traps: Traps) -> None:
    """A configuration that names a program wherever git would run one."""
    settings = {
        "core.fsmonitor": "fsmonitor",
        "core.sshCommand": "ssh",
        "core.askPass": "askpass",
        "core.pager": "pager",
        "core.alternateRefsCommand": "alternate-refs",
        "core.gitProxy": "proxy",
        "credential.helper": "credentials",
        "diff.external": "external-diff",
        "diff.trap.textconv": "textconv",
        "diff.trap.command": "diff-driver",
        "filter.trap.smudge": "smudge",
        "filter.trap.clean": "clean",
        "filter.trap.process": "filter-process",
        "gpg.program": "gpg",
        "uploadpack.packObjectsHook": "pack-objects",
        "pager.rev-list": "pager-of-rev-list",
    }
    for name, trap in settings.items():
        git(root, "config", name, traps.program(trap))
    for name in ("rev-parse", "rev-list", "cat-file", "show-ref"):
        git(root, "config", f"alias.{name}", f"!{traps.program(f'alias-{name}')}")
    git(root, "config", "log.showSignature", "true")
    (root / ".git" / "info").mkdir(exist_ok=True)
    (root / ".git" / "info" / "attributes").write_text("* diff=trap filter=trap\n")
    for name in ("post-index-change", "reference-transaction", "post-checkout", "pre-auto-gc"):
        trap = traps.program(f"hook-{name}")
        (root / ".git" / "hooks").mkdir(exist_ok=True)
        os.symlink(trap, root / ".git" / "hooks" / name)
