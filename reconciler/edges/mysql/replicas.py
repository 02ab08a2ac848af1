"""The replicas of a server: which are registered with it, where they listen, and what each says of
whom it follows, and how far behind.

An engine that copies reads the binary log as a replica does, registers like one, and is none
(EN-61).
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace

from reconciler.edges.client.target import Target
from reconciler.edges.client.tls import is_local
from reconciler.edges.mysql.connect import Link, connect
from reconciler.edges.mysql.limits import LISTENS_S_MAX, REPLICAS_MAX
from reconciler.edges.mysql.problems import LinkLost, ServerRefusal
from reconciler.edges.mysql.reading import count, number, text
from reconciler.errors import Unavailable
from reconciler.model.server import Flavor, ServerVersion

_HERE = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Channel:
    """What a replica says of one that it follows. `uuid` '' where the server has none;
    `behind_s` None: it does not know. `is_filtered`: it takes over a part of what is written."""

    name: str
    uuid: str
    server_id: int | None
    host: str
    port: int | None
    is_running: bool
    is_filtered: bool
    behind_s: int | None


def listed_replicas(link: Link, version: ServerVersion) -> tuple[Target | None, ...] | None:
    """Where each that is registered listens, as the login of the link; None for one that does not
    say (report_host is not set), None at all where the server does not tell. Raises LinkLost."""
    try:
        rows = link.rows_by_name(_list_replicas(version))
    except ServerRefusal:
        return None
    if len(rows) > REPLICAS_MAX:
        return None
    return tuple(
        _replica(link.target, row) for row in rows if not _is_reader_of_an_engine(link.target, row)
    )


def channels_sql(version: ServerVersion) -> str:
    if version.flavor is Flavor.MARIADB:
        return "SHOW ALL REPLICAS STATUS"
    return "SHOW REPLICA STATUS" if version.at_least(8, 0, 22) else "SHOW SLAVE STATUS"


def read_channel(row: Mapping[str, object]) -> Channel:
    def named(old: str) -> object:
        new = old.replace("Master", "Source").replace("Slave", "Replica")
        return row.get(new, row.get(old))

    running = {text(named(key) or "") for key in ("Slave_IO_Running", "Slave_SQL_Running")}
    port = named("Master_Port")
    return Channel(
        name=text(row.get("Channel_Name", row.get("Connection_name")) or ""),
        uuid=text(named("Master_UUID") or ""),
        server_id=number(named("Master_Server_Id")),
        host=text(named("Master_Host") or ""),
        port=None if port is None else number(port),
        is_running=running == {"Yes"},
        is_filtered=any(
            text(value or "") for key, value in row.items() if key.startswith("Replicate_")
        ),
        behind_s=count(named("Seconds_Behind_Master")),
    )


def _is_reader_of_an_engine(source: Target, row: Mapping[str, object]) -> bool:
    """gh-ost and Spirit register under the name of this machine and the port of their source. What
    is there a server of the number that it registered with is a replica all the same."""
    port = number(row.get("Port"))
    if text(row.get("Host") or "") != socket.gethostname() or port != source.port:
        return False
    if _nobody_listens(source.port):
        return True
    here = replace(
        source, host=_HERE, socket=None, named_by_a_server=not source.is_local, database=None
    )
    try:
        with connect(here, program="reconciler, looking", with_database=False) as link:
            found = number(link.row("SELECT @@global.server_id", width=1)[0])
    except (Unavailable, ServerRefusal, LinkLost):
        return False
    return found is not None and found != _server_id(row)


def _nobody_listens(port: int) -> bool:
    try:
        socket.create_connection((_HERE, port), timeout=LISTENS_S_MAX).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        pass
    return False


def _server_id(row: Mapping[str, object]) -> int | None:
    return number(row.get("Server_Id", row.get("Server_id")))


def _list_replicas(version: ServerVersion) -> str:
    if version.flavor is Flavor.MARIADB:
        return "SHOW REPLICA HOSTS"
    return "SHOW REPLICAS" if version.at_least(8, 0, 22) else "SHOW SLAVE HOSTS"


def _replica(source: Target, row: Mapping[str, object]) -> Target | None:
    """None: it did not say where it listens (report_host is not set)."""
    host, port = text(row.get("Host") or ""), number(row.get("Port"))
    if not host or port is None:
        return None
    on_this_machine = source.is_local and is_local(host, None)
    known = host == source.host or on_this_machine
    return replace(source, host=host, port=port, socket=None, named_by_a_server=not known)
