"""Finds the server binaries at hand, and says what each of them is.

Rule: only places that the user or the installation controls. Never the working directory: the
repository under review may have been written by somebody else, and a server in it would be run.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from reconciler.edges.programs import find_program, server_environment, words_of
from reconciler.edges.server.limits import SERVER_SAYS_S_MAX
from reconciler.edges.server.problems import no_server
from reconciler.model.server import Flavor, ServerVersion

DAEMONS = ("mysqld", "mariadbd")
# Where packages put servers, and where an ordinary user's PATH does not look.
_FETCHED = "reconciler/servers"
SYSTEM_FOLDERS = ("/usr/sbin", "/usr/local/sbin", "/usr/libexec", "/usr/local/mysql/bin")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerBinary:
    """A server that can be started."""

    path: Path
    version: ServerVersion


def find_server(flavor: Flavor | None = None, series: str | None = None) -> ServerBinary:
    """The first server at hand of that flavor and series (`mysql 9.7`); None: any."""
    for server in find_servers():
        if flavor in (None, server.version.flavor) and series in (None, server.version.series):
            return server
    raise no_server(series or flavor or "MySQL or MariaDB")


def find_servers() -> tuple[ServerBinary, ...]:
    """Every server at hand, the preferred ones first; broken ones are passed over."""
    found: dict[Path, ServerBinary] = {}
    for candidate in _candidates():
        version = _ask_version(candidate)
        if version is not None:
            binary = ServerBinary(path=candidate.absolute(), version=version)
            found.setdefault(candidate.resolve(), binary)
    return tuple(found.values())


def _candidates() -> Iterator[Path]:
    for daemon in DAEMONS:
        on_path = find_program(daemon)
        if on_path is not None:
            yield Path(on_path)
    checkout = Path(__file__).parents[3]
    folders = (Path(sys.executable).parent, *_fetched(checkout), *map(Path, SYSTEM_FOLDERS))
    for folder in folders:
        for daemon in DAEMONS:
            if os.access(folder / daemon, os.X_OK):
                yield folder / daemon


def fetched_folder(environ: Mapping[str, str] = os.environ) -> Path | None:
    """The user's own, for what `reconciler scratch fetch` fetches; None: there is no home."""
    if folder := environ.get("XDG_DATA_HOME"):
        return Path(folder) / _FETCHED
    return Path(home) / ".local/share" / _FETCHED if (home := environ.get("HOME")) else None


def _fetched(checkout: Path) -> list[Path]:
    """What `make servers` put into the tool's own checkout, and `scratch fetch` into the user's
    folder; MySQL first, newest version first."""
    own = fetched_folder()
    holders = (checkout / ".servers", *([own] if own is not None and own.is_absolute() else ()))
    return sorted(
        (folder for holder in holders for folder in holder.glob("[!.]*/bin")),
        key=lambda folder: ((folder / "mysqld").exists(), _numbers(folder.parent.name)),
        reverse=True,
    )


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text))


@cache
def _ask_version(path: Path) -> ServerVersion | None:
    """None: it does not answer like a server."""
    command: tuple[str | Path, ...] = (path, "--no-defaults", "--version")
    said = words_of(command, env=server_environment(), limit_s=SERVER_SAYS_S_MAX)
    # "mysqld  Ver 9.7.4 for Linux on x86_64", "mariadbd  Ver 10.11.18-MariaDB for ..."
    match = re.search(r"\bVer (\d+)\.(\d+)\.(\d+)(\S*)", said or "")
    if match is None:
        return None
    flavor = Flavor.MARIADB if "mariadb" in match[4].lower() else Flavor.MYSQL
    return ServerVersion(flavor, int(match[1]), int(match[2]), int(match[3]))
