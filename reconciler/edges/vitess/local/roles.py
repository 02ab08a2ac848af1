"""The users of a server that its tablet logs in as.

Rule: each may what the user of that role may in a server that Vitess has set up (`init_db.sql` of
24.0), and no more: what goes through vtgate goes as `vt_app`, so that a privilege which is not
there is missed on a cluster of our own and not first on the user's (VT-30).
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from reconciler.edges.client.opening import open_wire
from reconciler.edges.client.target import Target
from reconciler.edges.server.process import RunningServer

_APP = (
    *("ALTER", "ALTER ROUTINE", "CREATE", "CREATE ROUTINE", "CREATE TEMPORARY TABLES"),
    *(
        "CREATE USER",
        "CREATE VIEW",
        "DELETE",
        "DROP",
        "EVENT",
        "EXECUTE",
        "FILE",
        "INDEX",
        "INSERT",
    ),
    *("LOCK TABLES", "PROCESS", "REFERENCES", "RELOAD", "REPLICATION CLIENT", "SELECT"),
    *("SHOW DATABASES", "SHOW VIEW", "TRIGGER", "UPDATE"),
)
_PRIVILEGES: Mapping[str, tuple[str, ...]] = {
    "allprivs": (*_APP, "REPLICATION SLAVE"),
    "app": _APP,
    "appdebug": ("PROCESS", "SELECT", "SHOW DATABASES"),
    "dba": ("ALL",),
    "filtered": (*_APP, "REPLICATION SLAVE"),
    "repl": ("REPLICATION SLAVE",),
}
ROLES = tuple(_PRIVILEGES)


def user_of(role: str) -> str:
    return f"vt_{role}"


def make_users(target: Target) -> None:
    """On the server, by its administrator."""
    connection = open_wire(target, program="reconciler, cluster", database=None)
    with connection, connection.cursor() as cursor:
        cursor.execute("SET sql_log_bin = 0")
        for role, privileges in _PRIVILEGES.items():
            account = f"'{user_of(role)}'@'%'"  # the server listens on loopback alone
            cursor.execute(f"CREATE USER {account} IDENTIFIED BY '{target.password}'")
            cursor.execute(f"GRANT {', '.join(privileges)} ON *.* TO {account}")


def logins_file(server: RunningServer) -> str:
    """What a tablet reads: the passwords are the server's administrator's."""
    return json.dumps({user_of(role): [server.admin.password] for role in ROLES})
