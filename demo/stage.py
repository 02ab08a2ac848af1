"""What the demos share: a folder to play in, a repository, and commands typed as a user types them.

Everything shown is the product's own command; a demo only types, and ends what it started.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
RECONCILER = Path(sys.executable).with_name("reconciler")
COMMAND_S_MAX = 600  # the longest apply of a demo takes one minute on a machine at rest
BOLD, DIM, END = ("\033[1m", "\033[2m", "\033[0m") if sys.stdout.isatty() else ("", "", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The demo's folder: a fleet and a user's repository."""

    folder: Path
    environ: dict[str, str]

    @property
    def repository(self) -> Path:
        return self.folder / "shop"

    @property
    def fleet(self) -> Path:
        return self.folder / "fleet"


def play(acts: Callable[[Stage], Stage], *, title: str, folder: Path) -> tuple[Stage, bool]:
    """Run the demo, and end its servers however it ends; with `--keep` they stay."""
    parser = argparse.ArgumentParser(description=title)
    parser.add_argument("--folder", type=Path, default=folder)
    parser.add_argument("--keep", action="store_true", help="leave the servers running")
    arguments = parser.parse_args()
    stage = Stage(folder=arguments.folder.resolve(), environ=_environ())
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("demo: ended from outside"))
    _clear(stage)
    try:
        stage = acts(stage)
    finally:
        if not arguments.keep:
            run(stage, "sandbox", "down", "--folder", str(stage.fleet), quiet=True)
    return stage, arguments.keep


def _clear(stage: Stage) -> None:
    """An earlier demo, finished or not."""
    run(stage, "sandbox", "down", "--folder", str(stage.fleet), quiet=True)
    shutil.rmtree(stage.folder, ignore_errors=True)
    stage.folder.mkdir(parents=True)


def say(heading: str, line: str) -> None:
    print(f"\n{BOLD}▌ {heading}{END}")
    if line:
        print(f"{DIM}  {line}{END}")
    sys.stdout.flush()


def tell(line: str, *, prompt: bool = False) -> None:
    print(f"\n{BOLD}{line}{END}" if prompt else f"  {line}")
    sys.stdout.flush()


def run(stage: Stage, *arguments: str, expect: int = 0, quiet: bool = False) -> None:
    """Type one command of the product; any other exit code than the expected one ends the demo."""
    if not quiet:
        tell(typed(*arguments), prompt=True)
    ended = subprocess.run(
        [str(RECONCILER), *arguments],
        cwd=working_folder(stage),
        env=stage.environ,
        capture_output=quiet,
        check=False,
        timeout=COMMAND_S_MAX,
    )
    if not quiet and expect:
        tell(f"(exit code {ended.returncode})")
    if ended.returncode != expect:
        if quiet:
            sys.stderr.buffer.write(ended.stdout + ended.stderr)
        sys.exit(
            f"demo: `reconciler {shlex.join(arguments)}` gave {ended.returncode}, not {expect}"
        )


def typed(*arguments: str) -> str:
    words = (shown(Path(word)) if word.startswith("/") else word for word in arguments)
    return f"$ reconciler {shlex.join(words)}"


def working_folder(stage: Stage) -> Path:
    return stage.repository if stage.repository.exists() else stage.folder.parent


def shell(stage: Stage, command: str) -> None:
    tell(f"$ {command}", prompt=True)
    subprocess.run(["sh", "-c", command], cwd=stage.repository, env=stage.environ, check=True)


def git(stage: Stage, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=stage.repository, env=stage.environ, check=True)


def commit(stage: Stage, message: str) -> None:
    git(stage, "add", "--all")
    git(stage, "commit", "--quiet", "--message", message)


def merge(stage: Stage, branch: str) -> None:
    git(stage, "switch", "--quiet", "main")
    git(stage, "merge", "--quiet", "--no-ff", "--message", f"Merge branch '{branch}'", branch)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert text.count(old) == 1, f"{path.name} does not hold {old!r} once"
    path.write_text(text.replace(old, new))


def shown(path: Path) -> str:
    return os.path.relpath(path)


def with_exports(stage: Stage, path: Path) -> Stage:
    """With the variables that a shell would have from `. sandbox.env`."""
    lines = [line.removeprefix("export ") for line in path.read_text().splitlines()]
    words = [word for line in lines for word in shlex.split(line)]
    environ = {**stage.environ, **dict(word.split("=", 1) for word in words)}
    return Stage(folder=stage.folder, environ=environ)


def where_to_look(places: dict[str, str]) -> None:
    width = max(map(len, places))
    print(f"\n{BOLD}Where to look{END}")
    for place, what in places.items():
        print(f"  {place:<{width}}  {what}")


def how_to_end(stage: Stage) -> None:
    fleet, shop = shown(stage.fleet), shown(stage.repository)
    print(
        f"\nThe servers still run. `. {fleet}/sandbox.env`, then try the commands in {shop};\n"
        f"end them with `reconciler sandbox down --folder {fleet}`."
    )


def _environ() -> dict[str, str]:
    """The caller's, with an author for commits and without a pager or anybody's git settings."""
    return {
        **os.environ,
        "GIT_AUTHOR_NAME": "Demo",
        "GIT_AUTHOR_EMAIL": "demo@example.test",
        "GIT_COMMITTER_NAME": "Demo",
        "GIT_COMMITTER_EMAIL": "demo@example.test",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_PAGER": "cat",
    }
