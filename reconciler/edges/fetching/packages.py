"""The ordinary package client, without root and without touching the system.

`apt-get` with a state, cache and configuration folder of its own, the machine's own mirror and
keyring, and signature checks on. Nothing that it starts is given a secret. Standard library only:
it also runs before anything is installed (`tools/make-venv`).
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reconciler.edges.programs import bare_environment, find_program

DISTRIBUTIONS = ("debian", "ubuntu")
_WAY = ("http_proxy", "https_proxy", "no_proxy")
DEBIAN_SUITES = ("stable", "oldstable", "testing", "unstable", "sid")
COMPONENTS = {"debian": "main", "ubuntu": "main universe"}


class FetchError(Exception):
    """Why it could not be fetched, and what to do about it."""


@dataclass(frozen=True)
class Distribution:
    """`debian`, `ubuntu` or something else, and the codename of its release."""

    name: str
    codename: str


@dataclass(frozen=True)
class Source:
    """One archive of the machine's own package sources."""

    uri: str
    suite: str
    components: tuple[str, ...]
    signed_by: str


class PackageClient:
    """apt-get with folders of its own; it knows one archive and believes that nothing is installed.

    `room` is an empty folder that the caller removes; `suite` None means the machine's own.
    Packages in `pretend` count as installed: what needs them does not bring them along.
    """

    def __init__(self, room: Path, suite: str | None = None, pretend: Sequence[str] = ()) -> None:
        room, distribution = room.resolve(), this_distribution()
        archive = distribution_archive(distribution, list(machine_sources()))
        architecture = output_of(["dpkg", "--print-architecture"]).strip()
        self._archives = room / "cache" / "archives"
        for folder in ("etc/parts", "state/lists/partial", "cache/archives/partial", "log"):
            (room / folder).mkdir(parents=True)
        (room / "status").write_text("".join(_installed(name, architecture) for name in pretend))
        (room / "etc" / "archive.sources").write_text(
            f"Types: deb\nURIs: {archive.uri}\nSuites: {suite or archive.suite}\n"
            f"Components: {COMPONENTS[distribution.name]}\n"
            + (f"Signed-By: {archive.signed_by}\n" if archive.signed_by else "")
        )
        (room / "apt.conf").write_text(_configuration(room, architecture))
        self._environment = {**_environment(), "APT_CONFIG": f"{room}/apt.conf"}
        self._run("update", "--error-on=any")

    def choose(self, packages: Sequence[str]) -> tuple[str, str]:
        """The first of the packages that the archive has, with its version."""
        for package in packages:
            policy = output_of(["apt-cache", "policy", package], self._environment)
            candidate = re.search(r"Candidate: (\S+)", policy)
            if candidate and candidate[1] != "(none)":
                return package, candidate[1]
        raise FetchError(f"the distribution's archive has none of {', '.join(packages)}")

    def download(self, package: str) -> list[Path]:
        """The package and everything it needs, as archive files."""
        self._run("install", "--yes", "--download-only", package)
        return sorted(self._archives.glob("*.deb"))

    def _run(self, *arguments: str) -> None:
        command = ["apt-get", "--quiet=2", *arguments]
        done = _run(command, self._environment)
        if done.returncode != 0:
            raise FetchError(
                f"`{' '.join(command)}` failed with the machine's own package sources:\n"
                f"{done.stderr.strip() or done.stdout.strip()}\n"
                f"See that the machine reaches its package mirror, and run this again."
            )


def can_fetch() -> bool:
    """True on Debian, Ubuntu and their kin, with the tools that every one of them has."""
    tools = ("apt-get", "dpkg", "dpkg-deb", "tar")
    return this_distribution().name in DISTRIBUTIONS and all(map(find_program, tools))


def unpack(package: Path, folder: Path) -> None:
    """Unpack as the calling user, through the folder's own symlinks of a merged /usr."""
    listing = ["dpkg-deb", "--fsys-tarfile", str(package.resolve())]
    env = _environment()
    with subprocess.Popen(listing, stdout=subprocess.PIPE, env=env, cwd="/") as files:
        tar = [
            "tar",
            "-x",
            f"--directory={folder.resolve()}",
            "--keep-directory-symlink",
            "--no-same-owner",
        ]
        done = subprocess.run(tar, stdin=files.stdout, env=env, cwd="/", check=False)
    if done.returncode != 0 or files.returncode != 0:
        raise FetchError(f"could not unpack {package.name}: is the disk full?")


def this_distribution() -> Distribution:
    release = Path("/etc/os-release")
    lines = release.read_text().splitlines() if release.exists() else []
    pairs = (line.partition("=") for line in lines)
    fields = {key: value.strip("\"'") for key, _, value in pairs}
    # A derivative of Ubuntu says `ID_LIKE="ubuntu debian"`: the closer relative comes first.
    family = (fields.get("ID", ""), *fields.get("ID_LIKE", "").split())
    name = next((name for name in family if name in DISTRIBUTIONS), family[0])
    own_names = ("UBUNTU_CODENAME", "DEBIAN_CODENAME", "VERSION_CODENAME")
    codename = next((fields[own] for own in own_names if fields.get(own)), "")
    return Distribution(name, codename)


def distribution_archive(distribution: Distribution, sources: Sequence[Source]) -> Source:
    """The distribution's own archive: not its security archive, and nobody else's."""
    suites = {distribution.codename, *(DEBIAN_SUITES if distribution.name == "debian" else ())}
    candidates = [
        source
        for source in sources
        if source.suite in suites and "main" in source.components and "security" not in source.uri
    ]
    if not candidates:
        raise FetchError(
            f"/etc/apt/sources.list and /etc/apt/sources.list.d hold no archive of "
            f"{distribution.name} {distribution.codename}: add the release's main archive there"
        )
    # Somebody else's archive may use the same suite; only this one has `-updates` beside it.
    updated = {source.uri for source in sources if source.suite.endswith("-updates")}
    candidates.sort(key=lambda s: (s.uri not in updated, "archive-keyring" not in s.signed_by))
    return candidates[0]


def machine_sources(etc: Path = Path("/etc/apt")) -> Iterator[Source]:
    """Every enabled archive of binary packages, from both forms that apt reads, in apt's order."""
    for file in (etc / "sources.list", *sorted((etc / "sources.list.d").glob("*"))):
        if not file.is_file():
            continue
        if file.suffix == ".list":
            yield from one_line_sources(file.read_text(encoding="utf-8", errors="replace"))
        elif file.suffix == ".sources":
            yield from deb822_sources(file.read_text(encoding="utf-8", errors="replace"))


def one_line_sources(text: str) -> Iterator[Source]:
    """`deb [signed-by=...] URI suite component...`"""
    entry = re.compile(r"\s*deb\s+(?:\[([^\]]*)\]\s*)?(\S+)\s+(\S+)\s+([^#]+)")
    for line in text.splitlines():
        if match := entry.match(line):
            pairs = (option.partition("=") for option in (match[1] or "").split())
            options = {key: value for key, _, value in pairs}
            components = tuple(match[4].split())
            yield Source(match[2], match[3], components, options.get("signed-by", ""))


def deb822_sources(text: str) -> Iterator[Source]:
    """Stanzas of `Types:`, `URIs:`, `Suites:`, `Components:`, `Signed-By:`."""
    for stanza in re.split(r"\n[ \t]*\n", text):
        fields = _fields(stanza)
        is_enabled = fields.get("enabled", "yes").lower() not in ("no", "false", "off", "0")
        if not is_enabled or "deb" not in fields.get("types", "").split():
            continue
        components = tuple(fields.get("components", "").split())
        for uri in fields.get("uris", "").split():
            for suite in fields.get("suites", "").split():
                yield Source(uri, suite, components, fields.get("signed-by", ""))


def _fields(stanza: str) -> dict[str, str]:
    """Lower-case names; a value keeps its further lines, for a key may be written out in place."""
    fields: dict[str, str] = {}
    name = ""
    for line in stanza.splitlines():
        if line.startswith("#"):
            continue
        if line[:1].isspace() and name:
            fields[name] += f"\n{line.rstrip()}"
        elif ":" in line:
            name = line.partition(":")[0].strip().lower()
            fields[name] = line.partition(":")[2].strip()
    return fields


def _configuration(room: Path, architecture: str) -> str:
    """The machine's own way to the network (proxy, retries); none of its hooks and folders."""
    own_way = re.compile(r'Acquire::(?:http|https|ftp|tor|Retries)\b[^"]*"[^"]+";')
    kept = [line for line in output_of(["apt-config", "dump"]).splitlines() if own_way.match(line)]
    settings = {
        "Dir::State": f"{room}/state",
        "Dir::State::status": f"{room}/status",
        "Dir::Cache": f"{room}/cache",
        "Dir::Log": f"{room}/log",
        "Dir::Etc": f"{room}/etc",
        "Dir::Etc::sourceparts": f"{room}/etc",
        "Dir::Etc::sourcelist": "none",
        "Dir::Etc::main": "none",
        "Dir::Etc::parts": f"{room}/etc/parts",
        "Dir::Etc::trusted": "/etc/apt/trusted.gpg",
        "Dir::Etc::trustedparts": "/etc/apt/trusted.gpg.d",
        "APT::Architecture": architecture,
        "APT::Architectures": architecture,
        "APT::Install-Recommends": "false",
        "APT::Sandbox::User": "",  # as root: the folders belong to root, not to _apt
        "Acquire::Languages": "none",
        # A frozen mirror's index is signed as ever, but past its date.
        "Acquire::Check-Valid-Until": "false",
    }
    return "\n".join([*kept, *(f'{name} "{value}";' for name, value in settings.items()), ""])


def _installed(package: str, architecture: str) -> str:
    return (
        f"Package: {package}\nStatus: install ok installed\nArchitecture: {architecture}\n"
        f"Multi-Arch: allowed\nVersion: 99\nMaintainer: nobody\nDescription: not needed here\n\n"
    )


def output_of(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    done = _run(command, environment)
    if done.returncode != 0:
        raise FetchError(f"`{' '.join(command)}` failed: {done.stderr.strip()}")
    return done.stdout


def _environment() -> dict[str, str]:
    """With the way to the network, if the machine's is told to programs by variables."""
    way = (os.environ.get(name) for name in _WAY)
    known = {name: value for name, value in zip(_WAY, way, strict=True) if value}
    return {**bare_environment(), **known, "LC_ALL": "C.UTF-8"}


def _run(
    command: Sequence[str], environment: Mapping[str, str] | None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        env=_environment() if environment is None else environment,
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
