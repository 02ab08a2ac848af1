"""Which columns an expression uses.

Both servers print a column within an expression in backquotes, always.
"""

from __future__ import annotations

import re

from reconciler.diff.pairing import name_key

# Strings are skipped as a whole; what is doubled or escaped in them does not end them.
_STRING_OR_NAME = re.compile(r"'(?:[^'\\]|\\.|'')*'|`((?:[^`]|``)*)`", re.DOTALL)


def columns_used(expression: str) -> frozenset[str]:
    """The folded names of everything in backquotes; names of functions and databases among them."""
    names = (match[1] for match in _STRING_OR_NAME.finditer(expression))
    return frozenset(name_key(name.replace("``", "`")) for name in names if name is not None)
