"""A value as YAML on one line, for the lines that are written by hand and read back."""

from __future__ import annotations

import json
import re
from typing import Any

_UNUSUAL = re.compile(r"[^ -~]")


def in_yaml(value: Any) -> str:
    """JSON, which YAML reads as well, but for what JSON leaves as it is and YAML refuses or takes
    for the end of a line: whatever is not printable is escaped, as YAML escapes it."""
    return _UNUSUAL.sub(_shown, json.dumps(value, ensure_ascii=False))


def _shown(match: re.Match[str]) -> str:
    character = match[0]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
