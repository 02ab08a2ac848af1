"""What README and the pages do with `make`, typed in a copy of the checkout, with the environment
and the servers of this one."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import reconciler
from tests.integration.test_distribution import copy_of_the_checkout
from tests.tidy.source import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    made = copy_of_the_checkout(tmp_path)
    environment = Path(sys.prefix)
    (made / ".venv" / "bin").mkdir(parents=True)
    for program in Path(sys.executable).parent.iterdir():
        (made / ".venv" / "bin" / program.name).symlink_to(program)
    (made / ".venv" / "lib").symlink_to(environment / "lib")
    shutil.copy(environment / "pyvenv.cfg", made / ".venv")
    (made / ".venv" / ".installed").touch()
    if (ROOT / ".servers").exists():
        (made / ".servers").symlink_to((ROOT / ".servers").resolve())
    return made


def typed(checkout: Path, *command: str) -> str:
    of_another = ("MAKE", "MFLAGS", "PYTEST")  # of a `make test` that this is a part of
    kept = {name: value for name, value in os.environ.items() if not name.startswith(of_another)}
    done = subprocess.run(
        command, cwd=checkout, env=kept, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_make_test_runs_both_of_its_halves(checkout: Path) -> None:
    """Over a file for each in the place of all."""
    offline, on_servers = (checkout / f"tests/{room}/test_one.py" for room in ("unit", "contract"))
    offline.write_text("def test_holds():\n    pass\n")
    on_servers.write_text("def test_holds(mysql_server):\n    assert mysql_server.port\n")
    said = typed(checkout, "make", "test", f"OFFLINE={offline}", f"ON_SERVERS={on_servers}")
    assert said.count("1 passed in") == 2, said


def test_make_demo_shows_the_main_job_to_its_end(checkout: Path) -> None:
    said = typed(checkout, "make", "demo")
    assert "a plan that the world had overtaken ran nothing" in said


def test_a_gathered_changelog_is_what_a_tag_is_checked_against(checkout: Path) -> None:
    fragment = checkout / "changes" / "something-new.added.md"
    fragment.write_text("Something that this test alone could think of.\n")
    version = reconciler.__version__
    typed(checkout, "git", "init", "--quiet")  # whose fragments are deleted
    typed(checkout, "make", "changelog")
    text = (checkout / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"\n## {re.escape(version)}, [-0-9]{{10}}\n\n### Added\n\n- ", text)
    assert "\n\n\n" not in text
    left = sorted(path.name for path in (checkout / "changes").glob("*.md"))
    assert left == ["README.md"]
    (checkout / "LICENSE").write_text("whatever the owner chose\n")
    project = (checkout / "pyproject.toml").read_text(encoding="utf-8")
    chosen = project.replace('# license = ""', 'license = "LicenseRef-Chosen"')
    (checkout / "pyproject.toml").write_text(chosen, encoding="utf-8")
    notes = typed(checkout, sys.executable, "tools/check-release", f"v{version}")
    assert "- Something that this test alone could think of.\n" in notes
