"""Statements on a development branch, over the MySQL protocol and a login made for them alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from reconciler.edges.client.target import Target
from reconciler.edges.mysql.connect import Link, connect
from reconciler.edges.planetscale.limits import BRANCH_ANSWER_S, BRANCH_CONNECT_S

_PORT = 3306


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchLogin:
    """What PlanetScale made for one branch; it never shows itself (PL-12)."""

    login_id: str
    branch: str
    host: str
    user: str
    password: str

    def __repr__(self) -> str:
        return f"BranchLogin({self.branch})"


class BranchSession(Protocol):
    def execute(self, sql: str) -> None:
        """Run one statement. Raises ServerRefusal or LinkLost."""


def connect_to_branch(login: BranchLogin, keyspace: str) -> Link:
    """Over TLS, with the server's name and chain verified. Raises Unavailable."""
    target = Target(
        label=f"branch {login.branch}",
        host=login.host,
        port=_PORT,
        socket=None,
        database=keyspace,
        user=login.user,
        password=login.password,
        tls=None,
        connect_timeout_s=BRANCH_CONNECT_S,
        read_timeout_s=BRANCH_ANSWER_S,
    )
    return connect(target, program="reconciler, on a development branch")
