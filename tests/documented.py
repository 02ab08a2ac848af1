"""The commands that README and the pages show, each told once.

A block of `sh` or `console` is its lines, without comments and prompts; beside the blocks it is
each `reconciler ...` that stands as code. docs/tutorial.md is a session of its own
(tests/integration/test_tutorial.py), and docs/messages.md shows what reports say.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tests.tidy.source import ROOT, relative
from tests.yaml_cases import read_yaml

SESSIONS = ROOT / "tests" / "cases" / "docs"
#: What a test of this kind cannot run, by what it needs, and who runs it instead.
ELSEWHERE = SESSIONS / "elsewhere.yaml"

_FOLDERS = ("*.md", "runbooks/*.md", "formats/*.md")
_GENERATED = ("messages.md", "tutorial.md")
_BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$", re.S | re.M
)
_INLINE = re.compile(r"`(reconciler [a-z][^`]*)`")
_COMMENT = re.compile(r"(^|\s)#(\s.*)?$")


@dataclass(frozen=True, slots=True)
class Block:
    page: str
    language: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a session: a command of a page, or only what makes the world right for it."""

    run: str
    typed: str
    code: int
    says: str


def pages() -> tuple[Path, ...]:
    docs = ROOT / "docs"
    found = sorted(path for folder in _FOLDERS for path in docs.glob(folder))
    return (ROOT / "README.md", *(path for path in found if path.name not in _GENERATED))


def blocks(page: Path) -> Iterator[Block]:
    for found in _BLOCK.finditer(page.read_text(encoding="utf-8")):
        yield Block(relative(page), found["language"], found["text"])


@cache
def shown() -> dict[str, tuple[str, ...]]:
    """Each command with the pages that show it."""
    found: dict[str, list[str]] = {}
    for page in pages():
        beside = _BLOCK.sub("", page.read_text(encoding="utf-8"))
        commands = [one for block in blocks(page) for one in _commands(block)]
        commands += [" ".join(one.split()) for one in _INLINE.findall(beside)]
        for command in commands:
            found.setdefault(command, []).append(relative(page))
    return {command: tuple(sorted(set(where))) for command, where in sorted(found.items())}


def _commands(block: Block) -> Iterator[str]:
    if block.language not in ("sh", "console"):
        return
    is_typed = block.language == "sh"
    whole = ""
    for line in block.text.splitlines():
        bare = _COMMENT.sub("", line.strip()).strip()
        if not is_typed and not whole:
            if not bare.startswith("$ "):
                continue
            bare = bare.removeprefix("$ ")
        whole = f"{whole} {bare}".strip()
        if whole.endswith("\\"):
            whole = whole.removesuffix("\\").strip()
        elif whole and (not whole.startswith("case ") or whole.endswith("esac")):
            yield " ".join(whole.split())
            whole = ""


def sessions() -> tuple[Path, ...]:
    return tuple(path for path in sorted(SESSIONS.glob("*.yaml")) if path != ELSEWHERE)


def steps(session: Path) -> tuple[Step, ...]:
    return tuple(_step(entry) for entry in _read(session))


def _step(entry: dict[str, Any]) -> Step:
    assert entry.keys() <= {"run", "typed", "do", "code", "says"}, entry
    run = " ".join(entry.get("run", "").split())
    return Step(
        run=run,
        typed=entry.get("do") or entry.get("typed", run).replace("{run}", run),
        code=entry.get("code", 0),
        says=entry.get("says", ""),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Elsewhere:
    needs: str
    run_by: tuple[str, ...]
    commands: tuple[str, ...]


def elsewhere() -> tuple[Elsewhere, ...]:
    return tuple(
        Elsewhere(
            needs=entry["needs"],
            run_by=tuple(entry.get("run_by", ())),
            commands=tuple(" ".join(one.split()) for one in entry["commands"]),
        )
        for entry in _read(ELSEWHERE)
    )


def _read(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_yaml(path)
    return found
