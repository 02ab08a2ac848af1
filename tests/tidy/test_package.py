"""What an install brings is what the package uses: each dependency is a name to trust."""

from __future__ import annotations

import ast
import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from tests.tidy.source import PACKAGE, ROOT, nodes, python_files

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def test_every_dependency_is_imported_and_every_import_declared() -> None:
    ours = {_plain(name) for name in map(_name, PROJECT["dependencies"])}
    distributions = packages_distributions()
    used = {
        _plain(distribution)
        for path in python_files(PACKAGE)
        for module in _imports(path)
        for distribution in distributions.get(module, ())
    }
    extras = {_plain(_name(one)) for one in PROJECT["optional-dependencies"]["temporal"]}
    assert ours == used - {"reconciler"} - extras


def test_an_extra_is_imported_by_its_own_room_alone() -> None:
    """Whoever did not ask for it has a package that works without."""
    rooms = {
        path.parent.relative_to(PACKAGE).as_posix()
        for path in python_files(PACKAGE)
        if "temporalio" in _imports(path)
    }
    assert rooms == {"edges/temporal"}


def _imports(path: Path) -> set[str]:
    found = set()
    for node in nodes(path, ast.Import):
        found |= {alias.name.partition(".")[0] for alias in node.names}
    for source in nodes(path, ast.ImportFrom):
        if source.module and not source.level:
            found.add(source.module.partition(".")[0])
    return found


def _name(requirement: str) -> str:
    return re.split(r"[<>=!~ ;\[]", requirement, maxsplit=1)[0]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
