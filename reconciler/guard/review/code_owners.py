"""CODEOWNERS: who owns a path. The patterns are those of .gitignore without `!` and `[...]`.

The last line that matches wins, and a line without owners takes ownership away.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Where GitHub looks, in its order; the first one found is the only one.
CODE_OWNERS_PATHS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnedBy:
    """One line: a pattern, and its owners as written: `@user`, `@org/team`, or an address."""

    pattern: str
    owners: tuple[str, ...]


def parse_code_owners(text: str) -> tuple[OwnedBy, ...]:
    lines = []
    for line in text.splitlines():
        # A blank or a '#' that is part of a name is written with a backslash.
        words = [word.replace("\0", " ") for word in line.replace("\\ ", "\0").split()]
        comment = next((i for i, word in enumerate(words) if word.startswith("#")), len(words))
        if pattern := next(iter(words[:comment]), None):
            owners = tuple(words[1:comment])
            lines.append(OwnedBy(pattern=pattern.replace("\\#", "#"), owners=owners))
    return tuple(lines)


def owners_of(path: str, lines: tuple[OwnedBy, ...]) -> tuple[str, ...]:
    """Empty where nobody owns the path."""
    for line in reversed(lines):
        if _matches(line.pattern, path):
            return line.owners
    return ()


def _matches(pattern: str, path: str) -> bool:
    """`/a` is at the root, `a/b` too, `a` anywhere; a folder stands for everything below it, and
    `a/*` for the files of that folder alone."""
    anchored = "/" in pattern.rstrip("/")
    expression = "".join(map(_piece, re.findall(r"\*\*/|/\*\*$|\*\*|\*|\?|.", pattern.strip("/"))))
    before = "" if anchored else "(?:.*/)?"
    return re.fullmatch(before + expression + _below(pattern), path) is not None


def _below(pattern: str) -> str:
    if pattern.endswith("/"):
        return "/.*"
    return "" if pattern.endswith("/*") else "(?:/.*)?"


def _piece(piece: str) -> str:
    known = {"**/": "(?:.*/)?", "/**": "/.*", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return known.get(piece) or re.escape(piece)
