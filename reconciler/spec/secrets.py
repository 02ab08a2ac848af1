"""What of a spec is never shown, for it may be a secret (PL-12).

People write a password where it belongs and slip: without quotes, so that YAML takes `*word` for an
alias, or without the blank that makes it a value, so that it is part of a key. What stands below a
connection is shown only where it is a key that connections have; elsewhere a key is shown if it is
a plain word.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

Path = tuple[str | int, ...]

NOT_SHOWN = "(not shown)"

_SECRET_KEYS = frozenset({"connection", "scratch", "ledger", "vitess", "planetscale", "prometheus"})
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")
_NAME = re.compile(r"[\w .-]{1,80}")
_CONNECTION_KEYS = frozenset(
    {
        *("host", "port", "socket", "database", "user", "password", "tls", "connection"),
        *("ca", "cert", "key", "verify", "connect_timeout", "read_timeout", "replica"),
        *("vitess", "vtgate", "vtctld", "address", "cells", "keyspace"),
        *("planetscale", "organization", "branch", "mysql", "token_id", "token", "revert_window"),
        *("prometheus", "query", "url", "keep", "image"),
    }
)


def may_be_secret(at: Path) -> bool:
    """Of the value at this place."""
    return not _SECRET_KEYS.isdisjoint(at)


def shown_key(above: Path, key: str) -> str:
    """A key as messages show it, quoted, or a word for it. `above` is where its mapping stands."""
    is_shown = key in _CONNECTION_KEYS if may_be_secret(above) else _WORD.fullmatch(key) is not None
    return repr(key) if is_shown else NOT_SHOWN


def shown_name(name: str) -> str:
    """A name that nothing can have, such as `my shop`; not a line that lost its blank."""
    return repr(name) if _NAME.fullmatch(name) else NOT_SHOWN


def dotted(at: Path) -> str:
    """A path as people write it: environments.production.shards[1]; lists count from 0."""
    text = ""
    for depth, part in enumerate(at):
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            name = _name(at[:depth], part)
            text += f".{name}" if text else name
    return text or "the file"


def _name(above: Sequence[str | int], part: str) -> str:
    if may_be_secret(tuple(above)):
        return part if part in _CONNECTION_KEYS else NOT_SHOWN
    return part if _NAME.fullmatch(part) else NOT_SHOWN
