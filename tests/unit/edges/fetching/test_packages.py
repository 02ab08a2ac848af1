"""The machine's package sources are understood in both of their forms."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.edges.fetching import packages


def test_one_line_form() -> None:
    text = """\
# deb http://commented.example/debian bookworm main
deb-src http://mirror.example/debian bookworm main
deb http://mirror.example/debian bookworm main contrib # the mirror
deb [ arch=amd64 signed-by=/keys/a.gpg ] http://other.example/debian/ bookworm-updates main
"""
    assert list(packages.one_line_sources(text)) == [
        packages.Source("http://mirror.example/debian", "bookworm", ("main", "contrib"), ""),
        packages.Source(
            "http://other.example/debian/", "bookworm-updates", ("main",), "/keys/a.gpg"
        ),
    ]


def test_stanza_form() -> None:
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
        packages.Source("mirror+file:/etc/apt/mirrors.txt", suite, ("main", "universe"), key)
        for suite in ("noble", "noble-updates")
    ]
    assert list(packages.deb822_sources(text)) == expected


def test_only_the_files_that_apt_reads(tmp_path: Path) -> None:
    parts = tmp_path / "sources.list.d"
    parts.mkdir()
    (tmp_path / "sources.list").write_text("deb http://a.example/debian sid main\n")
    (parts / "b.list").write_text("deb http://b.example/debian sid main\n")
    (parts / "c.list.disabled").write_text("deb http://c.example/debian sid main\n")
    (parts / "d.sources").write_text(
        "Types: deb\nURIs: http://d.example/debian\nSuites: sid\nComponents: main\n"
    )
    found = [source.uri for source in packages.machine_sources(tmp_path)]
    assert [uri.removeprefix("http://")[0] for uri in found] == ["a", "b", "d"]


def test_the_distributions_own_archive_is_chosen() -> None:
    others = [
        packages.Source(
            "http://somebody.example/debian", "bookworm", ("main",), "/keys/somebody.gpg"
        ),
        packages.Source("http://docker.example/debian", "bookworm", ("stable",), ""),
        packages.Source("http://mirror.example/debian-security", "bookworm", ("main",), ""),
    ]
    own = packages.Source("http://mirror.example/debian", "bookworm", ("main",), "")
    updates = packages.Source("http://mirror.example/debian", "bookworm-updates", ("main",), "")
    debian = packages.Distribution("debian", "bookworm")

    found = packages.distribution_archive(debian, [*others, own, updates])
    assert found == own

    with pytest.raises(packages.FetchError, match="no archive of debian bookworm"):
        packages.distribution_archive(debian, others[1:])
