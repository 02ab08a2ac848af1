"""Finds the programs of the engines, and says which versions of them are known to work.

Rule: only places that the user or the installation controls, as for servers
(`edges/server/find.py`). A version that nobody has tried is refused (EN-10): these programs drop
tables, and some lose rows and end well, if they are not called just as they must be.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from reconciler.edges.engines.limits import ENGINE_SAYS_S_MAX
from reconciler.edges.engines.problems import engine_missing, engine_version_unknown
from reconciler.edges.programs import bare_environment, find_program, words_of
from reconciler.errors import Problem, Unavailable
from reconciler.model.engine import EngineName

#: What each is called where it is installed. `direct` is the server itself, `vitess` the cluster.
PROGRAMS: Mapping[EngineName, str] = {
    EngineName.GH_OST: "gh-ost",
    EngineName.SPIRIT: "spirit",
    EngineName.PT_OSC: "pt-online-schema-change",
}

#: Those whose options, helper tables and ends have been tried.
KNOWN_VERSIONS: Mapping[EngineName, tuple[str, ...]] = {
    EngineName.GH_OST: ("1.1.10",),
    EngineName.SPIRIT: ("0.15.1",),
    EngineName.PT_OSC: ("3.2.1",),
}

_CHECKOUT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineProgram:
    """A program that can be started; `version` is what it says of itself, '' if nothing."""

    name: EngineName
    path: Path
    version: str

    @property
    def is_known(self) -> bool:
        return self.version in KNOWN_VERSIONS[self.name]


def engine_program(name: EngineName) -> EngineProgram:
    """One of this machine's, of a version that is known to work. Raises Unavailable."""
    return _usable(name, find_engine(name))


def _usable(name: EngineName, found: EngineProgram | None) -> EngineProgram:
    if found is None:
        raise engine_missing(name)
    if not found.is_known:
        raise engine_version_unknown(name, found.version, KNOWN_VERSIONS[name])
    return found


class MachinePrograms:
    """`EnginePrograms` of this machine, as `find_engine` finds them."""

    def __init__(
        self, *, environ: Mapping[str, str] = os.environ, checkout: Path = _CHECKOUT
    ) -> None:
        self._environ = environ
        self._checkout = checkout

    def unusable(self, name: EngineName) -> Problem | None:
        if name not in PROGRAMS:
            return None
        try:
            _usable(name, self._found(name))
        except Unavailable as unavailable:
            return unavailable.problems[0]
        return None

    def version(self, name: EngineName) -> str:
        found = self._found(name) if name in PROGRAMS else None
        return found.version if found is not None else ""

    def _found(self, name: EngineName) -> EngineProgram | None:
        return find_engine(name, environ=self._environ, checkout=self._checkout)


def find_engine(
    name: EngineName, *, environ: Mapping[str, str] = os.environ, checkout: Path = _CHECKOUT
) -> EngineProgram | None:
    """The first of a version that is known to work, or else the first that there is."""
    found = [
        EngineProgram(name=name, path=path, version=version)
        for path in _candidates(PROGRAMS[name], environ, checkout)
        if (version := _version_of(path)) is not None
    ]
    return next((program for program in found if program.is_known), next(iter(found), None))


def _candidates(program: str, environ: Mapping[str, str], checkout: Path) -> Iterator[Path]:
    on_path = find_program(program, environ)
    if on_path is not None:
        yield Path(on_path)
    # What `make engines` put into the tool's own checkout.
    made = sorted((checkout / ".servers" / "engines").glob("[!.]*/bin"), reverse=True)
    for folder in (Path(sys.executable).parent, *made):
        if os.access(folder / program, os.X_OK):
            yield folder / program


@cache
def _version_of(path: Path) -> str | None:
    """None: it does not even say its version."""
    said = words_of([path, "--version"], env=bare_environment(), limit_s=ENGINE_SAYS_S_MAX)
    if said is None:
        return None
    # "1.1.10 (git commit: ...)", "spirit v0.15.1", "pt-online-schema-change 3.2.1"
    match = re.match(r"(?:[a-z-]+ )?v?(\d+\.\d+\.\d+\S*)", said)
    return match[1] if match else ""
