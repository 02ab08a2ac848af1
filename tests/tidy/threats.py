"""The rows of `docs/threat-model.md`, and the tests that say they show them."""

from __future__ import annotations

import re
from functools import cache

from tests.tidy.marks import marked_with
from tests.tidy.source import ROOT

THREAT_MODEL = ROOT / "docs" / "threat-model.md"

_ROW = re.compile(r"^\| (TM-[A-Z]+-\d+) \|(.*)\|$", re.MULTILINE)


@cache
def threats() -> dict[str, tuple[str, ...]]:
    """Each row's id with its cells: what is tried, what it could reach, the rule that stops it."""
    rows = _ROW.findall(THREAT_MODEL.read_text(encoding="utf-8"))
    assert len({threat for threat, _ in rows}) == len(rows), "a row stands twice"
    return {threat: tuple(cell.strip() for cell in cells.split(" | ")) for threat, cells in rows}


@cache
def shown() -> dict[str, tuple[str, ...]]:
    """Id -> the files with a test marked with it."""
    return marked_with("threat")
