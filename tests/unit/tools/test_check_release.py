"""A tag is published only where everything says the same as it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tidy.source import ROOT

CHANGELOG = """# Changelog

## 1.2.0, 2026-03-01

### Added

- Something new.

## 1.1.0, 2026-01-01

### Fixed

- Something old.
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """One that may be published as v1.2.0."""
    for folder in ("tools", "reconciler", "changes"):
        (tmp_path / folder).mkdir()
    program = (ROOT / "tools" / "check-release").read_text(encoding="utf-8")
    (tmp_path / "tools" / "check-release").write_text(program)
    (tmp_path / "reconciler" / "__init__.py").write_text('__version__ = "1.2.0"\n')
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\nlicense = "MIT"\n')
    (tmp_path / "LICENSE").write_text("the text\n")
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    (tmp_path / "changes" / "README.md").write_text("how\n")
    return tmp_path


def asked(checkout: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(checkout / "tools" / "check-release"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_a_checkout_that_agrees_tells_what_the_release_brings(checkout: Path) -> None:
    done = asked(checkout, "v1.2.0")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "### Added\n\n- Something new.\n"


@pytest.mark.parametrize("tag", ["1.2.0", "v1.2", "v1.2.0.dev1", "v1.2.0-rc1", "latest", ""])
def test_only_a_version_is_a_tag_of_a_release(checkout: Path, tag: str) -> None:
    done = asked(checkout, tag)
    assert done.returncode == 1
    assert "is no tag of a release" in done.stderr


@pytest.mark.parametrize(
    ("file", "text", "reason"),
    [
        ("reconciler/__init__.py", '__version__ = "1.2.1"\n', "__init__.py says 1.2.1"),
        ("reconciler/__init__.py", "", "__init__.py says nothing"),
        ("CHANGELOG.md", CHANGELOG.replace("1.2.0", "1.3.0"), "has nothing on 1.2.0"),
        ("CHANGELOG.md", "## 1.2.0, not released yet\n\n- x\n", "has nothing on 1.2.0"),
        ("changes/forgotten.fixed.md", "x.\n", "still holds forgotten.fixed.md"),
        ("pyproject.toml", '[project]\nname = "x"\n', "names no license"),
    ],
)
def test_what_disagrees_is_not_published(checkout: Path, file: str, text: str, reason: str) -> None:
    (checkout / file).write_text(text)
    done = asked(checkout, "v1.2.0")
    assert done.returncode == 1
    assert reason in done.stderr
    assert done.stdout == ""


def test_a_license_that_is_named_is_there(checkout: Path) -> None:
    (checkout / "LICENSE").unlink()
    assert "no LICENSE file" in asked(checkout, "v1.2.0").stderr


def test_every_reason_is_told_at_once(checkout: Path) -> None:
    (checkout / "LICENSE").unlink()
    (checkout / "changes" / "forgotten.fixed.md").write_text("x.\n")
    assert len(asked(checkout, "v1.3.0").stderr.splitlines()) == 4


def test_without_a_tag_it_says_how_it_is_called(checkout: Path) -> None:
    assert asked(checkout).returncode == 64
