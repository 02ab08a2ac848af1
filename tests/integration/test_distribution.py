"""The files of a release: the source distribution is the whole checkout, the wheel made from it is
the package and works, and who has them can check them."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from dataclasses import dataclass, replace
from email.parser import Parser
from pathlib import Path

import pytest

import reconciler
from tests.container import Image
from tests.documented import shown
from tests.tidy.source import ROOT
from tests.yaml_cases import read_yaml

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


def shown_on(page: str, *begins: str) -> list[str]:
    """The one command of a page that begins so, of each."""
    found = [[one for one in shown() if one.startswith(b) and page in shown()[one]] for b in begins]
    return [command for (command,) in found]


def test_the_checkout_is_installed_by_the_commands_of_the_readme(
    built: Built, tmp_path: Path
) -> None:
    """Without an index: what is needed besides comes from here."""
    with tarfile.open(built.sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    (unpacked,) = tmp_path.iterdir()
    unpacked.rename(tmp_path / "reconciler")
    without_index = {"PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1", "PIP_NO_BUILD_ISOLATION": "0"}
    here = {"HOME": str(tmp_path), "PYTHONPATH": sysconfig.get_path("purelib")}
    here["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    venv, install = shown_on("README.md", "python3 -m venv", "~/.reconciler/bin/pip install")
    ran("bash", "-c", venv, cwd=tmp_path, **here)
    ran("bash", "-c", install, cwd=tmp_path, **here, **without_index)
    command = tmp_path / ".reconciler" / "bin" / "reconciler"
    assert reconciler.__version__ in ran(str(command), "--version", cwd=tmp_path, **here)


GH = """#!/bin/sh
for word; do echo "$word"; done > asked
"""


def test_a_release_is_checked_by_the_commands_of_its_page(built: Built, tmp_path: Path) -> None:
    """As the workflow leaves it, of which somebody downloads one file. `gh`, which asks GitHub, is
    a stand-in: what it is asked for is what the workflow does."""
    release = read_yaml(ROOT / ".github" / "workflows" / "release.yml")
    steps = [step for job in release["jobs"].values() for step in job["steps"] if "run" in step]
    (hashes,) = [step["run"] for step in steps if ">../SHA256SUMS" in step["run"]]
    ran("bash", "-c", hashes, cwd=built.wheel.parent.parent)
    shutil.copy(built.wheel.parent.parent / "SHA256SUMS", tmp_path)
    shutil.copy(built.wheel, tmp_path)
    check, verify = shown_on("docs/releasing.md", "sha256sum", "gh attestation")
    assert f"{built.wheel.name}: OK" in ran("bash", "-c", check, cwd=tmp_path)

    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    here = verify.replace("1.2.3", reconciler.__version__).replace("OWNER", "o")
    ran("bash", "-c", here, cwd=tmp_path, PATH=f"{tmp_path}:{os.environ['PATH']}")
    words = (tmp_path / "asked").read_text().split()
    assert (tmp_path / words[2]).is_file(), "the wheel has this name"
    asked = dict(zip(words[3::2], words[4::2], strict=True))
    assert asked == {
        "--repo": "o/reconciler",
        "--signer-workflow": "o/reconciler/.github/workflows/release.yml",
        "--source-ref": f"refs/tags/v{reconciler.__version__}",
    }
    assert "attestations" in release["jobs"]["attest"]["permissions"]

    with (tmp_path / built.wheel.name).open("ab") as wheel:
        wheel.write(b"x")
    with pytest.raises(AssertionError, match="FAILED"):
        ran("bash", "-c", check, cwd=tmp_path)
