"""What Spirit calls what it makes, and which tables it makes nothing for.

Rule: exactly as version 0.15 does it, byte for byte: whose a table is is decided by these names.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

_NAME_BYTES_MAX = 64  # MySQL: of an identifier, in characters; Spirit counts bytes
_CHECKPOINT = "_chkpnt"
_KEPT = re.compile(r"_old_\d{8}_\d{6}")
_KEPT_BYTES = len("_old_20260102_030405")
_LOCK_SCHEMA_BYTES, _LOCK_TABLE_BYTES, _LOCK_HASH_CHARS = 20, 32, 8

SENTINEL = "_spirit_sentinel"
"""One in a database, for whatever runs there; while it is there nothing is swapped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpiritNames:
    """What is beside the table while it is copied, and after."""

    copy: str
    checkpoint: str
    old: str
    #: Of GET_LOCK: the run on a table holds it.
    lock: str

    @property
    def tables(self) -> tuple[str, ...]:
        return (self.copy, self.checkpoint, SENTINEL, self.old)


def names_for(database: str, table: str) -> SpiritNames | None:
    """None: Spirit would not quote the name, or cut it, so that what it makes could be another
    table's."""
    if "`" in database + table or len(table.encode()) > _NAME_BYTES_MAX - len(f"_{_CHECKPOINT}"):
        return None
    lock = _lock_name(database, table)
    if lock is None:
        return None
    return SpiritNames(
        copy=f"_{table}_new", checkpoint=f"_{table}{_CHECKPOINT}", old=f"_{table}_old", lock=lock
    )


def can_be_kept(table: str) -> bool:
    """Whether the old table's name, which ends with the time, is not cut."""
    return len(table.encode()) <= _NAME_BYTES_MAX - _KEPT_BYTES - 1


def kept_name(table: str, at_s: int) -> str:
    """What Spirit would call the old table, were it started at that second of Unix time."""
    return f"_{table}_old_{datetime.fromtimestamp(at_s, UTC):%Y%m%d_%H%M%S}"


def kept_of(table: str, found: str) -> bool:
    """Whether `found` is what Spirit calls a kept old table."""
    stem = f"_{table}"
    return found.startswith(stem) and _KEPT.fullmatch(found.removeprefix(stem)) is not None


def _lock_name(database: str, table: str) -> str | None:
    digest = hashlib.sha1((database + table).encode(), usedforsecurity=False).hexdigest()
    try:
        schema_part = database.encode()[:_LOCK_SCHEMA_BYTES].decode()
        table_part = table.encode()[:_LOCK_TABLE_BYTES].decode()
    except UnicodeDecodeError:
        return None  # cut within a character: no name that the server would compare
    return f"{schema_part}.{table_part}-{digest[:_LOCK_HASH_CHARS]}"
