"""Whose turn it is on a shard: one session for looks and one for rows may send what a split does.

Rules: a session holds its lock as long as it lives, and no longer; whoever takes over ends the
session that has the lock, and waits until the server has freed it. So nothing that the session
before had sent, or sends yet, is carried out behind a statement of the next one (SP-57).
"""

from __future__ import annotations

import hashlib

from reconciler.ddl.quote import quote_string
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.problems import ServerRefusal, misread
from reconciler.edges.mysql.split.limits import TAKE_OVER_S_MAX
from reconciler.edges.mysql.split.problems import driven_elsewhere
from reconciler.errors import Unavailable

# It has ended by itself, or it is another account's: then its end is waited for.
_NOT_TO_BE_KILLED = (1094, 1095)


def turn_name(database: str, identity: str, role: str) -> str:
    """GET_LOCK's names are the whole server's, at most 64 characters, and blind to case: two shards
    of one server do not meet, nor do two moves."""
    digest = hashlib.sha256(f"{database.casefold()}\0{identity}".encode()).hexdigest()
    return f"reconciler-split:{digest[:32]}:{role}"


def take_turn(link: Link, label: str, name: str) -> None:
    """Hold the lock, after the end of the session that had it. Raises Unavailable if that one does
    not end in time, ServerRefusal, LinkLost."""
    if _locked(link, name, wait_s=0):
        return
    holder = _answer(link, f"SELECT IS_USED_LOCK({quote_string(name)})")
    if holder is not None:
        _end(link, holder)
    if not _locked(link, name, wait_s=TAKE_OVER_S_MAX):
        raise Unavailable(driven_elsewhere(label, holder))


def _locked(link: Link, name: str, *, wait_s: int) -> bool:
    return _answer(link, f"SELECT GET_LOCK({quote_string(name)}, {wait_s})") == 1


def _end(link: Link, connection_id: int) -> None:
    try:
        link.execute(f"KILL CONNECTION {connection_id}")
    except ServerRefusal as refusal:
        if refusal.error.number not in _NOT_TO_BE_KILLED:
            raise


def _answer(link: Link, sql: str) -> int | None:
    """Over a session that leaves bytes as well."""
    rows = link.query_bytes(sql.encode())
    if len(rows) != 1 or len(rows[0]) != 1:
        raise misread()
    (value,) = rows[0]
    try:
        return None if value is None else int(value)
    except ValueError:
        raise misread() from None
