"""Finds Vitess' programs and the etcd of its topology, and says which versions are known to work.

Rule: only places that the user or the installation controls, as for servers
(`edges/server/find.py`). What Vitess does with a statement or a VSchema differs from version to
version: one that nobody has tried is refused (VT-1).
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

from reconciler.edges.programs import bare_environment, find_program, words_of
from reconciler.edges.vitess.limits import VITESS_SAYS_S_MAX
from reconciler.edges.vitess.problems import vitess_program_missing, vitess_version_unknown


class VitessProgram(StrEnum):
    """Named as they are installed. Only the first is needed to work with a cluster; with the
    others one is booted."""

    VTCTLDCLIENT = "vtctldclient"
    VTCTLD = "vtctld"
    VTGATE = "vtgate"
    VTTABLET = "vttablet"
    ETCD = "etcd"


#: Series of which one version was tried, by what it says of itself.
_KNOWN_VITESS = ("24.0",)
KNOWN_SERIES: Mapping[VitessProgram, tuple[str, ...]] = {
    VitessProgram.VTCTLDCLIENT: _KNOWN_VITESS,
    VitessProgram.VTCTLD: _KNOWN_VITESS,
    VitessProgram.VTGATE: _KNOWN_VITESS,
    VitessProgram.VTTABLET: _KNOWN_VITESS,
    VitessProgram.ETCD: ("3.4", "3.5", "3.6"),
}

_CHECKOUT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundProgram:
    """A program that can be started; `version` is what it says of itself, '' if nothing."""

    name: VitessProgram
    path: Path
    version: str

    @property
    def is_known(self) -> bool:
        return any(self.version.startswith(f"{series}.") for series in KNOWN_SERIES[self.name])


def vitess_program(
    name: VitessProgram, *, environ: Mapping[str, str] = os.environ, checkout: Path = _CHECKOUT
) -> FoundProgram:
    """One of a version that is known to work. Raises Unavailable."""
    found = find_vitess(name, environ=environ, checkout=checkout)
    if found is None:
        raise vitess_program_missing(name)
    if not found.is_known:
        raise vitess_version_unknown(name, found.version, KNOWN_SERIES[name])
    return found


def find_vitess(
    name: VitessProgram, *, environ: Mapping[str, str] = os.environ, checkout: Path = _CHECKOUT
) -> FoundProgram | None:
    """The first of a version that is known to work, or else the first that there is."""
    found = [
        FoundProgram(name=name, path=path, version=version)
        for path in _candidates(name, environ, checkout)
        if (version := _version_of(path)) is not None
    ]
    return next((program for program in found if program.is_known), next(iter(found), None))


def _candidates(name: VitessProgram, environ: Mapping[str, str], checkout: Path) -> Iterator[Path]:
    on_path = find_program(name, environ)
    if on_path is not None:
        yield Path(on_path)
    # What `make vitess` put into the tool's own checkout.
    made = sorted((checkout / ".servers").glob("[!.]*/bin"), reverse=True)
    for folder in (Path(sys.executable).parent, *made):
        if os.access(folder / name, os.X_OK):
            yield folder / name


@cache
def _version_of(path: Path) -> str | None:
    """None: it does not even say its version."""
    said = words_of([path, "--version"], env=bare_environment(), limit_s=VITESS_SAYS_S_MAX)
    if said is None:
        return None
    # "vtgate version Version: 24.0.0 (Git revision ...", "etcd Version: 3.4.23\n..."
    match = re.search(r"Version: (\d+\.\d+\.\d+\S*)", said)
    return match[1] if match else ""
