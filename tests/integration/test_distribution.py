"""The files of a release: the source distribution is the whole checkout, the wheel made from it is
the package and works, and gathering the changelog leaves what the release workflow asks for."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass, replace
from email.parser import Parser
from pathlib import Path

import pytest

import reconciler
from tests.container import Image
from tests.tidy.source import ROOT

MADE_BY_THE_BUILD = ("PKG-INFO", "setup.cfg")
EXAMPLES = ROOT / "docs" / "examples"
NOT_OF_THE_CHECKOUT = {
    ".git", ".venv", ".servers", ".sandbox", ".demo", ".demo-vitess", ".hypothesis",
    ".import_linter_cache", ".mypy_cache", ".pytest_cache", ".ruff_cache", "__pycache__", "build",
    "dist",
}  # fmt: skip


@dataclass(frozen=True)
class Built:
    sdist: Path
    wheel: Path
    unpacked: Path  # the wheel's files


def ran(*command: str, cwd: Path, **environ: str) -> str:
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environ}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def files_of_the_checkout() -> list[str]:
    """What git has, or, in an unpacked source distribution, what is there."""
    if (ROOT / ".git").exists():
        tracked = ran("git", "ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT)
        return sorted(path for path in tracked.splitlines() if (ROOT / path).is_file())
    return sorted(
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*")
        if path.is_file() and NOT_OF_THE_CHECKOUT.isdisjoint(path.relative_to(ROOT).parts)
    )


def copy_of_the_checkout(folder: Path) -> Path:
    for path in files_of_the_checkout():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / path, folder / path)
    return folder


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """As `make dist` builds them, out of a copy."""
    checkout = copy_of_the_checkout(tmp_path_factory.mktemp("checkout"))
    ran(sys.executable, "-m", "build", "--no-isolation", cwd=checkout)
    (sdist,) = (checkout / "dist").glob("*.tar.gz")
    (wheel,) = (checkout / "dist").glob("*.whl")
    unpacked = tmp_path_factory.mktemp("unpacked")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    return Built(sdist=sdist, wheel=wheel, unpacked=unpacked)


def test_the_source_distribution_is_the_whole_checkout(built: Built) -> None:
    with tarfile.open(built.sdist) as archive:
        names = [member.name.partition("/")[2] for member in archive if member.isfile()]
    brought = {name for name in names if name not in MADE_BY_THE_BUILD and ".egg-info/" not in name}
    own = {path for path in files_of_the_checkout() if ".egg-info/" not in path}
    assert brought - set(MADE_BY_THE_BUILD) == own - set(MADE_BY_THE_BUILD)
    assert {"tests/conftest.py", "docs/errors.md", "bench/rollout.py", "constraints.txt"} <= brought
    assert {"CHANGELOG.md", "Makefile", ".ci/run", ".github/workflows/release.yml"} <= brought


def test_the_wheel_holds_the_package_and_nothing_else(built: Built) -> None:
    brought = {
        path.relative_to(built.unpacked).as_posix()
        for path in built.unpacked.rglob("*")
        if path.is_file() and not path.parent.name.endswith(".dist-info")
    }
    assert {p for p in brought if "dist-info" not in p} == {
        path for path in files_of_the_checkout() if path.startswith("reconciler/")
    }


def test_the_wheel_says_what_it_is(built: Built) -> None:
    (text,) = built.unpacked.glob("*.dist-info/METADATA")
    said = Parser().parsestr(text.read_text(encoding="utf-8"))
    assert said["Name"] == "reconciler"
    assert said["Version"] == reconciler.__version__
    assert said["Requires-Python"] == ">=3.11"
    assert "PyMySQL<1.3,>=1.2" in said.get_all("Requires-Dist", [])
    (entries,) = built.unpacked.glob("*.dist-info/entry_points.txt")
    assert "reconciler = reconciler.__main__:main" in entries.read_text(encoding="utf-8")


def test_the_command_of_the_wheel_works(built: Built) -> None:
    program = (
        "import reconciler; print(reconciler.__file__); import reconciler.__main__ as m; m.main()"
    )
    said = ran(
        sys.executable,
        "-c",
        program,
        "--version",
        cwd=built.unpacked,
        PYTHONPATH=str(built.unpacked),
    )
    assert said.startswith(str(built.unpacked))
    assert reconciler.__version__ in said
    said = ran(
        sys.executable,
        "-m",
        "reconciler",
        "schema",
        cwd=built.unpacked,
        PYTHONPATH=str(built.unpacked),
    )
    assert '"$schema"' in said  # the file beside the code came along


@pytest.fixture
def image(built: Built, tmp_path: Path) -> Image:
    """Of what the release hands on to the job that builds it."""
    context, root = tmp_path / "context", tmp_path / "root"
    (context / "dist").mkdir(parents=True)
    root.mkdir()
    shutil.copy2(built.wheel, context / "dist")
    for name in ("requirements.lock", ".dockerignore"):
        shutil.copy2(ROOT / name, context)
    return Image(context, root)


def test_the_images_hold_a_command_that_works(image: Image, tmp_path: Path) -> None:
    image.build(ROOT / "Containerfile")
    (locked,) = image.from_index
    assert "-r /build/requirements.lock" in locked
    said = image.run("--version")
    assert (said.returncode, reconciler.__version__ in said.stdout) == (0, True), said.stderr
    where = image.run("schema")
    assert '"$schema"' in where.stdout, "of the image, and not of this checkout"
    # The controller's is made from it.
    image.build(EXAMPLES / "controller" / "Containerfile")
    assert (image.user, image.words) == ("10001", ["reconciler", "run"])
    helped = image.run("--help")
    assert (helped.returncode, "reconciler run" in helped.stdout) == (0, True), helped.stderr
    # And a worker's from that one.
    beside = tmp_path / "beside"
    beside.mkdir()
    shutil.copy2(EXAMPLES / "worker" / "temporal.lock", beside)
    (beside / ".dockerignore").touch()
    worker = replace(image, context=beside)
    worker.build(EXAMPLES / "worker" / "Containerfile")
    assert (worker.user, worker.words) == ("10001", ["reconciler", "worker"])
    assert "-r /build/temporal.lock" in worker.from_index[-1]
    helped = worker.run("--help")
    assert (helped.returncode, "reconciler worker" in helped.stdout) == (0, True), helped.stderr
    trusted = (image.root / "gitconfig").read_text()
    assert re.findall(r"directory = (\S+)", trusted) == ["/repo", "/clone/shop"]


def test_a_gathered_changelog_is_what_a_tag_is_checked_against(tmp_path: Path) -> None:
    checkout = copy_of_the_checkout(tmp_path)
    fragment = checkout / "changes" / "something-new.added.md"
    fragment.write_text("Something that this test alone could think of.\n")
    towncrier = str(Path(sys.executable).with_name("towncrier"))
    version = reconciler.__version__
    ran("git", "init", "--quiet", cwd=checkout)  # whose fragments are deleted
    ran(towncrier, "build", "--yes", "--version", version, "--date", "2026-03-01", cwd=checkout)
    text = (checkout / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"\n## {version}, 2026-03-01\n\n### Added\n\n- " in text
    assert "\n\n\n" not in text
    left = sorted(path.name for path in (checkout / "changes").glob("*.md"))
    assert left == ["README.md"]
    (checkout / "LICENSE").write_text("whatever the owner chose\n")
    project = (checkout / "pyproject.toml").read_text(encoding="utf-8")
    chosen = project.replace('# license = ""', 'license = "LicenseRef-Chosen"')
    (checkout / "pyproject.toml").write_text(chosen, encoding="utf-8")
    notes = ran(sys.executable, "tools/check-release", f"v{version}", cwd=checkout)
    assert "- Something that this test alone could think of.\n" in notes
