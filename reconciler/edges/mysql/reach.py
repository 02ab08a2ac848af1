"""How the server behind a shard is reached: by itself, or by something that stands before it.

What is asked of a server, and how its answers are read, is the same either way.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Protocol

from reconciler.edges.client.target import Target
from reconciler.edges.mysql.connect import Link, connect
from reconciler.edges.mysql.limits import LOCK_ANSWER_S_MAX, LOCK_SILENT_S_MAX
from reconciler.edges.mysql.problems import as_unavailable
from reconciler.edges.mysql.processes import Process
from reconciler.edges.mysql.server_settings import ServerLook
from reconciler.edges.mysql.session_settings import Variables, set_session
from reconciler.edges.mysql.target import required_database
from reconciler.edges.mysql.vital_signs import measure
from reconciler.guard.health import Vitals
from reconciler.model.engine import EngineName
from reconciler.model.server import ServerError, ServerVersion
from reconciler.plan.model import PlannedStatement


class Reach(Protocol):
    """Holds nothing of a shard; safe to use from several threads. `serves_many`: one connection can
    look at several databases of the server, and is to that server alone."""

    @property
    def serves_many(self) -> bool: ...

    def open(self, target: Target, *, program: str) -> Link:
        """Log in. The link's `database` is the shard's, as its server calls it. Raises Unavailable
        or InvalidInput."""

    def set_session(self, link: Link, variables: Variables) -> None:
        """Every variable has the value afterwards that it has on a server. Raises Unavailable where
        one cannot, ServerRefusal or LinkLost."""

    def endpoint(self, target: Target) -> Hashable:
        """Equal for the shards whose locks one connection can hold."""

    def open_for_locks(self, target: Target, *, program: str) -> Link:
        """Log in to hold locks, and to do nothing else. Raises as `open`."""

    def lock_database(self, link: Link, target: Target) -> str:
        """The name of the shard's database on the server that its lock is taken on."""

    def vitals(self, link: Link, version: ServerVersion) -> Vitals:
        """As `measure` in `vital_signs`. Raises LinkLost."""

    def runs(self, process: Process, sql: str, database: str) -> bool:
        """Whether a session of the server is at this statement of the shard, as it was sent or in
        whatever words it arrives; it may say so of another one, and never of none."""

    def allows(self, engine: EngineName) -> bool:
        """Whether an engine may work on a shard that is reached so."""

    def lock_wait(self, statement: PlannedStatement, lock_wait_s: int) -> Variables:
        """What bounds a statement's wait for a lock, in its session; `after_statement` takes it
        back."""

    def after_statement(self) -> Variables: ...

    def ended_between(self, error: ServerError) -> bool:
        """Whether what stands before the server may have ended the statement, in which case the
        server may be at it yet."""

    def confirm(self, link: Link, server: ServerLook) -> None:
        """What was read over the link since it was opened is all of one server. Raises Unavailable,
        ServerRefusal or LinkLost."""


class ByItself:
    """`Reach` of a server that the spec's connection leads to."""

    serves_many = True

    def open(self, target: Target, *, program: str) -> Link:
        required_database(target)
        return connect(target, program=program)

    def set_session(self, link: Link, variables: Variables) -> None:
        link.execute(set_session(variables))

    def endpoint(self, target: Target) -> Hashable:
        return target.endpoint

    def open_for_locks(self, target: Target, *, program: str) -> Link:
        link = connect(target, program=program, with_database=False)
        try:
            with as_unavailable(target.label):
                link.wait_at_most(LOCK_ANSWER_S_MAX)
                link.execute(f"SET SESSION wait_timeout = {LOCK_SILENT_S_MAX}")
        except BaseException:
            link.close()
            raise
        return link

    def lock_database(self, link: Link, target: Target) -> str:
        return required_database(target)

    def vitals(self, link: Link, version: ServerVersion) -> Vitals:
        return measure(link, version)

    def runs(self, process: Process, sql: str, database: str) -> bool:
        return process.runs(sql, database)

    def allows(self, engine: EngineName) -> bool:
        return True

    def lock_wait(self, statement: PlannedStatement, lock_wait_s: int) -> Variables:
        return (("lock_wait_timeout", str(max(1, lock_wait_s))),)

    def after_statement(self) -> Variables:
        return ()

    def ended_between(self, error: ServerError) -> bool:
        return False

    def confirm(self, link: Link, server: ServerLook) -> None:
        """A connection is to one server."""


def database_of(link: Link) -> str:
    """Of a link that a reach has opened."""
    assert link.database, "it was opened with one"
    return link.database
