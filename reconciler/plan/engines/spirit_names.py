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
    if cuts_lock_of(table) or cuts_lock_in(database):
        return None
    return SpiritNames(
        copy=f"_{table}_new",
        checkpoint=f"_{table}{_CHECKPOINT}",
        old=f"_{table}_old",
        lock=_lock_name(database, table),
    )


def cuts_lock_of(table: str) -> bool:
    """Within a character of the table's name: no name that the server would compare."""
    return _is_cut(table, _LOCK_TABLE_BYTES)


def cuts_lock_in(database: str) -> bool:
    """Within a character of the database's name."""
    return _is_cut(database, _LOCK_SCHEMA_BYTES)


def _is_cut(name: str, bytes_max: int) -> bool:
    part = name.encode()[:bytes_max]
    return len(part.decode(errors="ignore").encode()) < len(part)


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


def _lock_name(database: str, table: str) -> str:
    digest = hashlib.sha1((database + table).encode(), usedforsecurity=False).hexdigest()
    schema_part = database.encode()[:_LOCK_SCHEMA_BYTES].decode()
    table_part = table.encode()[:_LOCK_TABLE_BYTES].decode()
    return f"{schema_part}.{table_part}-{digest[:_LOCK_HASH_CHARS]}"
