"""By what git names an object: SHA-1, or SHA-256 where the repository is of that kind.

Rule: what is asked of git, or becomes a part of an address, is such a name whole and nothing else.
"""

from __future__ import annotations

import re

_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def is_git_id(text: str) -> bool:
    return _ID.fullmatch(text) is not None
