"""The rules of `docs/invariants.md`, and the tests that say they carry them."""

from __future__ import annotations

import re
from functools import cache

from tests.tidy.marks import marked_with
from tests.tidy.source import ROOT

INVARIANTS = ROOT / "docs" / "invariants.md"

_ROW = re.compile(r"^\| ([A-Z]{2}-\d+) \|(.*)\|$", re.MULTILINE)
_FILE = re.compile(r"`([\w./-]+\.(?:py|toml|json|yml|md))`")


@cache
def rules() -> dict[str, tuple[str, ...]]:
    """Each rule's id with the cells of its row."""
    rows = _ROW.findall(INVARIANTS.read_text(encoding="utf-8"))
    assert len({rule for rule, _ in rows}) == len(rows), "a rule stands twice"
    return {rule: tuple(cell.strip() for cell in cells.split("|")) for rule, cells in rows}


def enforced_by(rule: str) -> tuple[str, ...]:
    """The files that the last cell names; a path without a room's prefix is in the package."""
    return tuple(_FILE.findall(rules()[rule][-1]))


@cache
def carried() -> dict[str, tuple[str, ...]]:
    """Rule -> the files with a test marked with it."""
    return marked_with("invariant")
