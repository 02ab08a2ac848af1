"""The machine's package sources are understood in both of their forms."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PATH = Path(__file__).parents[3] / "tools" / "package_client.py"


@pytest.fixture(scope="module")
def package_client() -> ModuleType:
    """Not part of the package: it is what runs before anything is installed."""
    found = importlib.util.spec_from_file_location("package_client", PATH)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules[found.name] = module  # dataclasses look their own module up
    found.loader.exec_module(module)
    return module


def test_one_line_form(package_client: ModuleType) -> None:
    text = """\
# deb http://commented.example/debian bookworm main
deb-src http://mirror.example/debian bookworm main
deb http://mirror.example/debian bookworm main contrib # the mirror
deb [ arch=amd64 signed-by=/keys/a.gpg ] http://other.example/debian/ bookworm-updates main
"""
    Source = package_client.Source
    assert list(package_client.one_line_sources(text)) == [
        Source("http://mirror.example/debian", "bookworm", ("main", "contrib"), ""),
        Source("http://other.example/debian/", "bookworm-updates", ("main",), "/keys/a.gpg"),
    ]


def test_stanza_form(package_client: ModuleType) -> None:
    text = """\
# a comment
Types: deb deb-src
URIs: mirror+file:/etc/apt/mirrors.txt
Suites: noble noble-updates
Components: main universe
Signed-By:
 -----BEGIN PGP PUBLIC KEY BLOCK-----
 .
 aaaa

Enabled: no
Types: deb
URIs: http://disabled.example/ubuntu
Suites: noble
Components: main

Types: deb-src
URIs: http://source.example/ubuntu
Suites: noble
Components: main
"""
    key = "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n aaaa"
    expected = [
        package_client.Source("mirror+file:/etc/apt/mirrors.txt", suite, ("main", "universe"), key)
        for suite in ("noble", "noble-updates")
    ]
    assert list(package_client.deb822_sources(text)) == expected


def test_only_the_files_that_apt_reads(package_client: ModuleType, tmp_path: Path) -> None:
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (tmp_path / "sources.list").write_text("deb http://a.example/debian sid main\n")
    (parts / "b.list").write_text("deb http://b.example/debian sid main\n")
    (parts / "c.list.disabled").write_text("deb http://c.example/debian sid main\n")
    (parts / "d.sources").write_text(
        "Types: deb\nURIs: http://d.example/debian\nSuites: sid\nComponents: main\n"
    )
    found = [source.uri for source in package_client.machine_sources(tmp_path)]
    assert [uri.removeprefix("http://")[0] for uri in found] == ["a", "b", "d"]


def test_the_distributions_own_archive_is_chosen(package_client: ModuleType) -> None:
    Source: Any = package_client.Source
    others = [
        Source("http://somebody.example/debian", "bookworm", ("main",), "/keys/somebody.gpg"),
        Source("http://docker.example/debian", "bookworm", ("stable",), ""),
        Source("http://mirror.example/debian-security", "bookworm", ("main",), ""),
    ]
    own = Source("http://mirror.example/debian", "bookworm", ("main",), "")
    updates = Source("http://mirror.example/debian", "bookworm-updates", ("main",), "")
    debian = package_client.Distribution("debian", "bookworm")

    found = package_client.distribution_archive(debian, [*others, own, updates])
    assert found == own

    with pytest.raises(package_client.FetchError, match="no archive of debian bookworm"):
        package_client.distribution_archive(debian, others[1:])
