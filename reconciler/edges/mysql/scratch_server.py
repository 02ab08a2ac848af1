"""One server for throwaway databases: its connections, kept for the next database, and the
databases of other owners that foreign keys refer to.

Rule: only databases that this run made are ever dropped, and those of runs that died a day ago.
"""

from __future__ import annotations

import itertools
import re
import secrets
import threading
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from reconciler.ddl.quote import quote_identifier
from reconciler.edges.mysql.connect import Link, connect
from reconciler.edges.mysql.problems import LinkLost, ServerRefusal, as_unavailable
from reconciler.edges.mysql.reading import column
from reconciler.edges.mysql.server_settings import ServerLook, look_at_server
from reconciler.edges.mysql.target import Target
from reconciler.errors import Problem, Refused, Unavailable
from reconciler.limits import SCRATCH_LEFTOVER_AFTER_S, SCRATCH_WAIT_S_MAX
from reconciler.model.observation import OutsideParent

_DATABASE_EXISTS = 1007
_OURS = re.compile(r"_reconciler_([0-9a-f]{8})_[0-9a-f]{8}_[0-9]+")


def is_scratch_name(database: str) -> bool:
    """Whether a database was made by a run of this product, to be dropped again."""
    return _OURS.fullmatch(database) is not None


@dataclass(slots=True)
class _Outside:
    """A database of another owner, as long as `users` scratch databases need it."""

    parents: tuple[OutsideParent, ...]
    users: int


class ScratchServer:
    """Safe to use from several threads; each takes links of its own."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._idle: dict[str, deque[Link]] = {}  # by how their session is set
        self._numbers = itertools.count(1)
        self._stem = f"_reconciler_{int(time.time()):08x}_{secrets.token_hex(4)}"
        self._outside: dict[str, _Outside] = {}
        self._outside_changed = threading.Condition()
        with (
            connect(target, program="reconciler, scratch", with_database=False) as link,
            as_unavailable(target.label),
        ):
            self.look: ServerLook = look_at_server(link)
            _drop_leftovers(link)

    @property
    def label(self) -> str:
        return self._target.label

    def new_name(self) -> str:
        return f"{self._stem}_{next(self._numbers)}"

    def take(self, session: str) -> Link:
        """A link that nobody else uses, its session set by the statement `session`.
        Raises Unavailable, ServerRefusal or LinkLost."""
        with suppress(KeyError, IndexError):
            return self._idle[session].pop()
        link = connect(self._target, program="reconciler, scratch", with_database=False)
        link.try_again_on_deadlock()
        try:
            link.execute(session)
        except (ServerRefusal, LinkLost):
            link.close()
            raise
        return link

    def give_back(self, link: Link, session: str) -> None:
        self._idle.setdefault(session, deque()).append(link)

    def close(self) -> None:
        for idle in self._idle.values():
            while idle:
                idle.pop().close()

    def hold_outside(self, link: Link, database: str, parents: Sequence[OutsideParent]) -> None:
        """Have another owner's database here until `release_outside`. Who needs the very same one
        shares it, who needs another of its name waits. Raises ServerRefusal, LinkLost, Refused if
        the name is taken by somebody else, Unavailable if it stays in use."""
        wanted = tuple(sorted(parents, key=lambda parent: parent.table))
        with self._outside_changed:
            free = self._outside_changed.wait_for(
                lambda: database not in self._outside or self._outside[database].parents == wanted,
                timeout=SCRATCH_WAIT_S_MAX,
            )
            if not free:
                raise Unavailable(_outside_in_use(database))
            if database in self._outside:
                self._outside[database].users += 1
                return
            # Made while holding the condition: who shares it must find it complete.
            _make_outside(link, database, wanted)
            self._outside[database] = _Outside(parents=wanted, users=1)

    def release_outside(self, link: Link, database: str) -> None:
        with self._outside_changed:
            held = self._outside[database]
            held.users -= 1
            if held.users == 0:
                del self._outside[database]
                link.execute(f"DROP DATABASE {quote_identifier(database)}")
            self._outside_changed.notify_all()


def _make_outside(link: Link, database: str, parents: Sequence[OutsideParent]) -> None:
    own = link.database
    try:
        link.execute(f"CREATE DATABASE {quote_identifier(database)}")
    except ServerRefusal as refusal:
        if refusal.error.number == _DATABASE_EXISTS:
            raise Refused(_outside_exists(database)) from None
        raise
    try:
        link.use(database)
        link.execute("SET SESSION foreign_key_checks = 0")  # its own parents are not here
        for parent in parents:
            link.execute(parent.definition)
    except ServerRefusal:
        link.execute(f"DROP DATABASE {quote_identifier(database)}")
        raise
    finally:
        link.execute("SET SESSION foreign_key_checks = 1")
        if own is not None:
            link.use(own)


def _drop_leftovers(link: Link) -> None:
    """What runs that were killed left behind; a run of today may still be at work."""
    names = column(
        link.query(
            "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA"
            " WHERE SCHEMA_NAME LIKE '\\_reconciler\\_%'"
        )
    )
    now = int(str(link.query("SELECT UNIX_TIMESTAMP()")[0][0]))
    for name in names:
        made = _OURS.fullmatch(name)
        if made is not None and now - int(made[1], 16) > SCRATCH_LEFTOVER_AFTER_S:
            link.execute(f"DROP DATABASE IF EXISTS {quote_identifier(name)}")


def _outside_exists(database: str) -> Problem:
    return Problem(
        code="scratch-name-taken",
        message=f"a foreign key refers to a table of database {database}, and the scratch server"
        " already has a database of that name",
        recovery="use `scratch: auto`, or drop that database from the scratch server if a run that"
        " was killed left it there",
    )


def _outside_in_use(database: str) -> Problem:
    return Problem(
        code="scratch-busy",
        message=f"another proof keeps database {database}, which a foreign key refers to, in use on"
        " the scratch server",
        recovery="run the same command again",
    )
