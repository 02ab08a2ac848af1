"""The commands of README and of the pages, typed as they stand on shards of a real server.

A session is a file of `tests/cases/docs/`: its steps are typed into one shell, in their order.

    run    the command, as pages print it
    typed  the same with values of here for those of the page; `{run}` is the command itself
    do     what stands on no page, and makes the world right for what follows
    code   how it ends, where that is not 0
    says   a part of what it says

The shell finds two commands, in `$COMMANDS`: `reconciler`, and `sql SHARD STATEMENT`, by which a
colleague works past git. A shard called `-80` has the database `${DATABASES}_-80`, and it is empty.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.edges.server.process import RunningServer
from reconciler.model.fleet import even_shards
from tests.conftest import run_as_admin
from tests.documented import Step, sessions, steps
from tests.preloaded import Started, for_a_shell
from tests.scratch_servers import scratch_for
from tests.tidy.source import ROOT

_END = "@@ step {number} ended with"
_SQL = (
    "import os, sys, pymysql\n"
    "shard, statement = sys.argv[1:]\n"
    "pymysql.connect(host='127.0.0.1', port=int(os.environ['PORT']), user=os.environ['ADMIN'],\n"
    "    password=os.environ['ADMIN_PASSWORD'], database=os.environ['DATABASES'] + '_' + shard,\n"
    "    autocommit=True, ssl_disabled=True).cursor().execute(statement)\n"
)
_OF_ANOTHER = ("SCHEMA_", "SANDBOX_", "SCRATCH_", "RECONCILER_", "GITHUB_", "FLEET_")
SHARDS = sorted({shard for count in (2, 4) for shard in even_shards(count)})


@dataclass(frozen=True, slots=True)
class World:
    """What the shell of a session finds: empty shards, a scratch server, and an empty folder."""

    home: Path
    commands: Path
    server: RunningServer
    databases: str

    @property
    def environ(self) -> dict[str, str]:
        scratch = scratch_for(self.server)
        kept = {k: v for k, v in os.environ.items() if not k.startswith(_OF_ANOTHER)}
        return {
            **kept,
            "HOME": str(self.home),
            "XDG_DATA_HOME": str(self.home / ".local" / "share"),
            "COMMANDS": str(self.commands),
            "PATH": f"{self.commands}:{os.environ['PATH']}",
            "CHECKOUT": str(ROOT),
            "PORT": str(self.server.port),
            "ADMIN": self.server.admin.user,
            "ADMIN_PASSWORD": self.server.admin.password,
            "DATABASES": self.databases,
            "SCRATCH_PORT": str(scratch.port),
            "SCRATCH_USER": scratch.user,
            "THE_SCRATCH_PASSWORD": scratch.password,
            "SQL": _SQL,
            "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "COLUMNS": "100",
            **{
                f"GIT_{role}_{what}": value
                for role in ("AUTHOR", "COMMITTER")
                for what, value in (("NAME", "Ann"), ("EMAIL", "ann@example.org"))
            },
        }


@pytest.fixture
def world(tmp_path: Path, mysql_server: RunningServer) -> Iterator[World]:
    home, commands = tmp_path / "home", tmp_path / "commands"
    home.mkdir()
    commands.mkdir()
    databases = f"docs_{os.getpid()}"
    made = [f"`{databases}_{shard}`" for shard in SHARDS]
    run_as_admin(mysql_server, *(f"CREATE DATABASE {name}" for name in made))
    yield World(home, commands, mysql_server, databases)
    if (home / ".sandbox").exists():  # a session that ended before it took its own down
        down = ["-m", "reconciler", "sandbox", "down", "--folder", str(home / ".sandbox")]
        Started(down).communicate()
    run_as_admin(mysql_server, *(f"DROP DATABASE {name}" for name in made))


@pytest.mark.parametrize("session", sessions(), ids=lambda path: path.stem)
def test_every_command_of_a_session_ends_as_it_should(session: Path, world: World) -> None:
    typed = steps(session)
    wrong = []
    for step, (said, code) in zip(typed, _session(world, typed), strict=True):
        if code != step.code or step.says not in said:
            wrong.append(f"$ {step.typed}\n{said}\nended with {code}, not {step.code} {step.says}")
    assert not wrong, "\n\n".join(wrong)


def _session(world: World, typed: tuple[Step, ...]) -> list[tuple[str, int]]:
    """What each step said, and how it ended."""
    command, file = for_a_shell()
    for name, does in (("reconciler", "-m reconciler"), ("sql", '-c "$SQL"')):
        program = world.commands / name
        program.write_text(f'#!/bin/sh\nexec {" ".join(command)} {does} "$@"\n')
        program.chmod(0o755)
    script = ["exec 2>&1"]
    for number, step in enumerate(typed):
        end = _END.format(number=number)
        script += [step.typed, f'CODE=$?; echo; echo "{end} $CODE"']
    ended = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=world.home,
        env=world.environ,
        pass_fds=[file],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    parts = re.split(r"^@@ step \d+ ended with (\d+)\n", ended.stdout, flags=re.MULTILINE)
    found = [(said, int(code)) for said, code in zip(parts[::2], parts[1::2], strict=False)]
    assert len(found) == len(typed), f"the shell ended in a step:\n{parts[-1]}"
    return found
