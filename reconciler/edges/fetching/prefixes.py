"""Prefixes: folders of programs that stand beside a checkout and need nothing of the system's.

Rules: a prefix appears complete or not at all; runs at the same time wait for each other; what a
killed run left half done is swept away by the next. A program of the distribution is started
through the dynamic loader that came with it, so that the machine's own libraries do not matter.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from reconciler.edges.fetching.packages import FetchError, PackageClient, unpack
from reconciler.edges.programs import server_environment, words_of
from reconciler.edges.server.limits import SERVER_SAYS_S_MAX

RECEIPT = "receipt.json"
# What no program reads that is started from a prefix.
UNREAD = (
    *("etc", "usr/games", "usr/libexec", "usr/lib/gcc", "usr/lib/*/gconv"),
    *(f"usr/share/{name}" for name in ("doc", "gcc", "gdb", "info", "lintian", "locale", "man")),
)


@contextmanager
def alone(into: Path) -> Iterator[None]:
    """One fetch at a time; what a killed one left half done is swept away."""
    into.mkdir(parents=True, exist_ok=True)
    with (into / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for leftover in into.glob(".fetching-*"):
            shutil.rmtree(leftover)
        yield


@contextmanager
def room_in(into: Path) -> Iterator[Path]:
    """A folder to work in, on the same disk as the prefixes."""
    room = Path(tempfile.mkdtemp(prefix=".fetching-", dir=into))
    try:
        yield room
    finally:
        shutil.rmtree(room)


def prefix_of(name: str, into: Path, version: str | None = None) -> Path | None:
    """The prefix of that name, and of that version if one is named."""
    for file in sorted(into.glob(f"[!.]*/{RECEIPT}")):
        receipt = json.loads(file.read_text())
        if receipt["name"] == name and version in (None, receipt["version"]):
            return file.parent
    return None


def put_in_place(prefix: Path, receipt: Mapping[str, str], target: Path) -> Path:
    """The prefix is complete: it gets its place, and what had it before is gone."""
    (prefix / RECEIPT).write_text(json.dumps(receipt) + "\n")
    if target.exists():
        shutil.rmtree(target)
    return prefix.rename(target)


def receipt_of(name: str, version: str, how: str, *programs: Path) -> dict[str, str]:
    """What a prefix says of itself, with the sums of the programs that it was made for."""
    sums = " ".join(hashlib.sha256(program.read_bytes()).hexdigest() for program in programs)
    return {"name": name, "version": version, "sha256": sums, "how": how}


def tried(program: Path, version: str) -> None:
    """It starts on this machine, and is of that version."""
    said = words_of((program, "--version"), env=server_environment(), limit_s=SERVER_SAYS_S_MAX)
    if said is None or version not in re.findall(r"[\d.]*\d", said):
        raise FetchError(
            f"{program.name} does not start on this machine, or is not {version}: "
            f"{(said or 'it says nothing').strip()}"
        )


def upstream_of(version: str) -> str:
    """Of a package's version: without the epoch and the distribution's own part."""
    return re.sub(r"^\d+:|-[^-]*$", "", version)


def unpack_with_needs(client: PackageClient, package: str, prefix: Path) -> None:
    """A package and everything that it needs, without what nobody reads."""
    for folder in ("lib", "lib64", "sbin"):  # older packages still write to /lib
        (prefix / "usr" / folder).mkdir(parents=True)
        (prefix / folder).symlink_to(f"usr/{folder}")
    for archive in client.download(package):
        unpack(archive, prefix)
    strip(prefix, UNREAD)


def strip(prefix: Path, patterns: tuple[str, ...]) -> None:
    for pattern in patterns:
        for path in prefix.glob(pattern):
            shutil.rmtree(path)


def loader_command(prefix: Path) -> str:
    """The words of a shell script, below its `$prefix`, that start what follows with the prefix's
    own loader and libraries."""
    # Debian 12 has an absolute symlink as lib64/ld-linux-*: it would lead out of the prefix.
    loaders = [
        path
        for pattern in ("ld-linux*.so.*", "ld64.so.*")
        for path in sorted((prefix / "usr").glob(f"lib*/**/{pattern}"))
        if not path.is_symlink()
    ]
    if not loaders:
        raise FetchError("the packages bring no dynamic loader along")
    libraries = {file.parent for file in (prefix / "usr" / "lib").glob("**/lib*.so*")}
    library_path = ":".join(f"$prefix/{folder.relative_to(prefix)}" for folder in sorted(libraries))
    return f'"$prefix/{loaders[0].relative_to(prefix)}" --library-path "{library_path}"'


def write_script(path: Path, title: str, lines: str) -> None:
    """A program of the prefix, which finds the prefix wherever that stands by then."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"""#!/bin/sh
# {title}
set -e
self=$(readlink -f -- "$0")
prefix=${{self%/bin/*}}
{lines}
""")
    path.chmod(0o755)
