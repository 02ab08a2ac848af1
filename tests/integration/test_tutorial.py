"""docs/tutorial.md, typed as it stands: every command is run, and what the page shows is compared.

A `sh` block is a piece of one long session; its last command may end with the code that a comment
`# exit code N` names, all others with 0. The `text` block behind it is what it says: these lines,
in this order, where `…` is anything.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.preloaded import Started, for_a_shell
from tests.tidy.source import ROOT

PAGE = ROOT / "docs" / "tutorial.md"
_BLOCKS = re.compile(r"```sh\n(?P<commands>.*?)```(?:\n```text\n(?P<shown>.*?)```)?", re.DOTALL)
_END = "@@ block {number} ended with"


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    commands: str
    code: int
    shown: tuple[str, ...]


def blocks() -> tuple[Block, ...]:
    return tuple(
        Block(
            commands=found["commands"],
            code=int(code[1]) if (code := re.search(r"# exit code (\d)", found["commands"])) else 0,
            shown=tuple(filter(str.strip, (found["shown"] or "").split("\n"))),
        )
        for found in _BLOCKS.finditer(PAGE.read_text(encoding="utf-8"))
    )


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    down = ["-m", "reconciler", "sandbox", "down", "--folder", str(tmp_path / "try" / ".sandbox")]
    Started(down).communicate()


def test_every_command_of_the_tutorial_does_what_the_page_says(home: Path) -> None:
    page = blocks()
    said = _session(home, page)
    for number, block in enumerate(page):
        *lines, end = said[number]
        assert end == str(block.code), f"{block.commands}\n{chr(10).join(lines)}"
        _check_shown(block, lines)


def test_what_the_page_shows_is_looked_for() -> None:
    """The comparison can fail: by a line that is missing, and by one out of order."""
    block = Block(commands="", code=0, shown=("a …", "b"))
    _check_shown(block, ["a 1", "x", "b"])
    for lines in (["a 1"], ["b", "a 1"], ["a", "b"]):
        with pytest.raises(AssertionError):
            _check_shown(block, lines)


def _check_shown(block: Block, lines: list[str]) -> None:
    rest = iter(lines)
    for line in block.shown:
        pattern = ".*".join(map(re.escape, line.rstrip().split("…")))
        assert any(re.match(pattern, found) for found in rest), (
            f"after\n{block.commands}\nthe page shows {line!r}, and this was said:\n"
            + "\n".join(lines)
        )


def _session(home: Path, page: tuple[Block, ...]) -> list[list[str]]:
    """What each block said, with the code of its last command as a last line. Any other command
    that fails ends the session."""
    command, file = for_a_shell()
    script = ["exec 2>&1", f'reconciler() {{ {" ".join(command)} -m reconciler "$@"; }}']
    for number, block in enumerate(page):
        script += [*_typed(block), f'echo "{_END.format(number=number)} $?"']
    environ = {
        **{k: v for k, v in os.environ.items() if not k.startswith(("SCHEMA_", "SANDBOX_"))},
        "HOME": str(home),
        # Data folders that were initialised before are copied (`test_servers` begins without).
        "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"),
        "GIT_CONFIG_NOSYSTEM": "1",
        "COLUMNS": "100",
        **{
            f"GIT_{role}_{what}": value
            for role in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", "Ann"), ("EMAIL", "ann@example.org"))
        },
    }
    ended = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=home,
        env=environ,
        pass_fds=[file],
        capture_output=True,
        text=True,
        check=False,
    )
    said: list[list[str]] = [[]]
    for line in ended.stdout.splitlines():
        if line.startswith(_END.format(number=len(said) - 1)):
            said[-1].append(line.rpartition(" ")[2])
            said.append([])
        else:
            said[-1].append(line)
    assert len(said) == len(page) + 1, f"block {len(said) - 1} did not end:\n" + "\n".join(said[-1])
    return said


def _typed(block: Block) -> tuple[str, ...]:
    if not block.code:
        return ("set -e", block.commands)
    before, _, last = block.commands.rstrip().rpartition("\n")
    return ("set -e", before, "set +e", last)
