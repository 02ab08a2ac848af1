"""Servers of MySQL and MariaDB from the machine's own archive, without root and beside its system.

A server comes with every library it needs. Rules: nothing outside of one folder is written; a
prefix `<name>-<version>/` appears there complete or not at all (`prefixes.py`); a second run finds
it and stops. The server gets its place once it has started and said what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from reconciler.edges.fetching.packages import (
    FetchError,
    PackageClient,
    can_fetch,
    this_distribution,
)
from reconciler.edges.fetching.prefixes import (
    loader_command,
    prefix_of,
    put_in_place,
    room_in,
    strip,
    unpack_with_needs,
    upstream_of,
    write_script,
)
from reconciler.edges.programs import find_program, server_environment, words_of
from reconciler.edges.server.limits import SERVER_SAYS_S_MAX

NAMES = ("mysql", "mariadb", "mariadb-10")

# No program of these but the server is started: of MySQL's 329 MB about half stays.
UNNEEDED = ("usr/bin",)
# MySQL's package wants perl for scripts that nobody runs here: 10 MB less to download.
PRETENDED = ("perl", "perl-base")


@dataclass(frozen=True)
class Recipe:
    """Where a server comes from: the first package there is; suite None is the machine's own."""

    daemon: str
    suite: str | None
    packages: tuple[str, ...]


MYSQL_PACKAGES = ("mysql-server-core", "mysql-server-core-8.4", "mysql-server-core-8.0")
RECIPES: Mapping[str, Mapping[str, Recipe]] = {
    "debian": {
        "mysql": Recipe("mysqld", "sid", MYSQL_PACKAGES),  # no other suite carries it
        "mariadb": Recipe("mariadbd", "trixie", ("mariadb-server-core",)),
        "mariadb-10": Recipe("mariadbd", "bookworm", ("mariadb-server-core",)),
    },
    "ubuntu": {
        "mysql": Recipe("mysqld", None, MYSQL_PACKAGES),
        "mariadb": Recipe("mariadbd", None, ("mariadb-server-core", "mariadb-server-core-10.6")),
    },
}


def provide(name: str, into: Path, tell: Callable[[str], None]) -> None:
    """See that there is such a server: fetched before, on the PATH, or fetched now. Raises
    FetchError."""
    recipes = RECIPES.get(this_distribution().name, {}) if can_fetch() else {}
    if (prefix := prefix_of(name, into)) is not None:
        tell(f"{name}: {prefix}")
    elif (installed := on_path(name)) is not None:
        tell(f"{name}: {installed}, on the PATH")
    elif name in recipes:
        tell(f"{name}: fetching")
        tell(f"{name}: {fetch(name, recipes[name], into)}")
    elif name == "mariadb-10" and (prefix_of("mariadb", into) or on_path("mariadb")):
        tell(f"{name}: this release has no second MariaDB; the one there is serves for both")
    else:
        raise FetchError(what_to_install(name))


def on_path(name: str) -> Path | None:
    """A server that the machine has, unless AppArmor keeps it inside its packaged data folder."""
    for daemon in ("mysqld",) if name == "mysql" else ("mariadbd", "mysqld"):
        found = find_program(daemon)
        if found is None or any(Path("/etc/apparmor.d").glob(f"usr.sbin.{daemon}")):
            continue
        version = version_text(Path(found))
        is_mariadb = "mariadb" in version.lower()
        is_series = name != "mariadb-10" or " 10." in version
        if version and is_series and is_mariadb == name.startswith("mariadb"):
            return Path(found)
    return None


def what_to_install(name: str) -> str:
    daemon, least = ("mysqld", "MySQL 8.0") if name == "mysql" else ("mariadbd", "MariaDB 10.6")
    return (
        f"there is no {daemon} ({least} or newer) on the PATH, and no apt-get to fetch one with.\n"
        f"Install it with the system's package manager (Fedora: `dnf install mysql-server "
        f"mariadb-server`, Arch: `pacman -S mariadb`, macOS: `brew install mysql mariadb`), see "
        f"that `{daemon} --version` works, and run this again."
    )


def fetch(name: str, recipe: Recipe, into: Path) -> Path:
    """Fetch, unpack and try the server; only then does it get its place."""
    with room_in(into) as room:
        client = PackageClient(room / "apt", recipe.suite, PRETENDED)
        package, version = client.choose(recipe.packages)
        prefix = room / "prefix"
        unpack_with_needs(client, package, prefix)
        strip(prefix, UNNEEDED)
        write_wrapper(prefix, recipe.daemon)
        if not version_text(prefix / "bin" / recipe.daemon):
            raise FetchError(f"the {recipe.daemon} of {package} does not start on this machine")
        receipt = {"name": name, "package": package, "version": version}
        return put_in_place(
            prefix, receipt, into / f"{name.removesuffix('-10')}-{upstream_of(version)}"
        )


def write_wrapper(prefix: Path, daemon: str) -> None:
    """A script that starts the server with its own loader and files, wherever the prefix stands."""
    charsets = sorted((prefix / "usr" / "share").glob("*/charsets"))
    if not ((prefix / "usr" / "sbin" / daemon).exists() and charsets):
        raise FetchError(f"the packages make no complete {daemon} (server, messages)")
    share = f"$prefix/{charsets[0].parent.relative_to(prefix)}"
    write_script(
        prefix / "bin" / daemon,
        f"Starts {daemon} with the loader and the libraries it came with.",
        f"""exec {loader_command(prefix)} \\
    "$prefix/usr/sbin/{daemon}" "$@" --basedir="$prefix/usr" \\
    --plugin-dir="$prefix/usr/lib/mysql/plugin" \\
    --lc-messages-dir="{share}" --character-sets-dir="{share}/charsets\"""",
    )


def version_text(daemon: Path) -> str:
    """What the server says of its version; empty if it does not start."""
    command = (daemon, "--no-defaults", "--version")
    return words_of(command, env=server_environment(), limit_s=SERVER_SAYS_S_MAX) or ""
