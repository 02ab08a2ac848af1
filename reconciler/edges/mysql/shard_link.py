"""The connection by which a session changes its shard, and the claim that goes with it.

Rule: a lost connection is made again for looking, never for running twice. The claim is a GET_LOCK
that goes when the server lets go of the connection, which is after everything that was sent over it
has been read and run (ST-16).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from reconciler.edges.client.target import Target
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.limits import SESSION_SILENT_S_MAX
from reconciler.edges.mysql.locks import claim_name
from reconciler.edges.mysql.problems import (
    LinkLost,
    LostAhead,
    ServerRefusal,
    as_unavailable,
    server_changed,
    session_differs,
)
from reconciler.edges.mysql.reach import ByItself, Reach, database_of
from reconciler.edges.mysql.reading import number, text
from reconciler.edges.mysql.server_settings import ServerLook, look_at_server
from reconciler.edges.mysql.session_settings import (
    Variables,
    copied_variables,
    session_variables,
    set_session,
)
from reconciler.errors import Unavailable

Result = TypeVar("Result")


class ShardLink:
    """Not for two threads at once."""

    def __init__(self, target: Target, reach: Reach | None = None) -> None:
        """Raises Unavailable."""
        self.target = target
        self.reach = reach or ByItself()
        self._asks_soon = self.reach.serves_many  # else something may stand between
        self._link, self.server = self._opened()
        self.database = database_of(self._link)
        self.claim_name = claim_name(self.database)
        self._claimed_over: Link | None = None
        self._session_id: int | None = None

    @property
    def is_encrypted(self) -> bool:
        """What the two sides have agreed on, where the spec leaves it to them."""
        return self._link.is_encrypted

    def close(self) -> None:
        self._link.close()

    def looked(self, look: Callable[[Link], Result]) -> Result:
        """Look over the connection; once over a new one if it was lost. Raises Unavailable."""
        with as_unavailable(self.target.label):
            try:
                return look(self._link)
            except LinkLost:
                self._link.close()
                self._asks_soon = False  # which it may have been lost over
            self._link, server = self._opened()
            if server != self.server:
                raise Unavailable(server_changed(self.target.label))
            return look(self._link)

    def ask_soon(self, link: Link, *statements: str) -> None:
        """Of a link that looks: as its own, where nothing stands between that may take one question
        at a time. Raises LinkLost."""
        if self._asks_soon:
            link.ask_soon(statements)

    def claimed(self, *soon: str) -> Link | None:
        """The connection, once nobody else may send anything to the shard; None: somebody may.
        `soon`: what it is to run next. Raises Unavailable."""
        return self._link if self.looked(lambda link: self._claims(link, soon)) else None

    def session_id(self, link: Link) -> int:
        """Of the connection that `claimed` has just given, as the server calls it: a proxy's
        greeting has another number. Raises ServerRefusal or LinkLost."""
        if self._session_id is None:
            self._session_id = number(link.row("SELECT CONNECTION_ID()", width=1)[0])
        return link.connection_id if self._session_id is None else self._session_id

    def _claims(self, link: Link, soon: Sequence[str]) -> bool:
        """A connection that was made again has lost the claim, or another has it by now."""
        if self._claimed_over is not link or not self._still_claimed(link, soon):
            self._session_id = None
            row = link.row("SELECT GET_LOCK(%s, 0)", [self.claim_name], width=1)
            if number(row[0]) != 1:
                return False
            self._claimed_over = link
        return True

    def _still_claimed(self, link: Link, soon: Sequence[str]) -> bool:
        """What stands before a server may have changed the session behind this connection."""
        asked = link.filled_in(
            "SELECT CONNECTION_ID(), IS_USED_LOCK(%s) = CONNECTION_ID()", [self.claim_name]
        )
        if soon:
            self.ask_soon(link, asked, *soon)
        own, is_holder = map(number, link.row(asked, width=2))
        self._session_id = own
        return is_holder == 1

    def _opened(self) -> tuple[Link, ServerLook]:
        """One that is lost over what was sent ahead is opened again, once, to ask one by one."""
        with as_unavailable(self.target.label):
            try:
                return self._set_and_checked()
            except LostAhead:
                self._asks_soon = False
            return self._set_and_checked()

    def _set_and_checked(self) -> tuple[Link, ServerLook]:
        """Raises Unavailable, ServerRefusal or LinkLost."""
        link = self.reach.open(self.target, program="reconciler, applying")
        try:
            server = look_at_server(link, for_statements=True)
            silent = ("wait_timeout", str(SESSION_SILENT_S_MAX))
            wanted = (*session_variables(server.settings), silent)
            copied = copied_variables(server.settings)
            self.ask_soon(link, set_session(wanted), _asked_of_session(copied))
            self.reach.set_session(link, wanted)
            _check_session(link, copied)
        except (Unavailable, ServerRefusal, LinkLost):
            link.close()
            raise
        return link, server


def _check_session(link: Link, copied: Variables) -> None:
    """init_connect, or a proxy, may give sessions other values than the server's own."""
    row = link.row(_asked_of_session(copied), width=len(copied))
    differing = [
        name for (name, value), found in zip(copied, row, strict=True) if text(found) != value
    ]
    if differing:
        raise Unavailable(session_differs(link.target.label, differing))


def _asked_of_session(copied: Variables) -> str:
    return "SELECT " + ", ".join(f"@@session.{name}" for name, _ in copied)
