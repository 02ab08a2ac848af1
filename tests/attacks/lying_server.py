"""A server that lies: it logs clients in, answers as an honest one, and lies where it is told.

Honest by default: a MySQL or MariaDB with one database, given by a `Catalogue`, which answers all
that a look at a shard asks. A test takes one of the moments over: the greeting, the login, or any
statement. What clients said is kept: how often they came, as whom, and with which statements.
"""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.attacks import packets
from tests.attacks.packets import Value

_COM_QUIT, _COM_QUERY = 1, 3
_SSL_REQUEST_BYTES = 32  # a login's first bytes, alone
_ANSWER_S_MAX = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """What the honest part of the server knows. Texts are as SHOW CREATE prints them; `programs`
    are rows as the query for triggers, routines and events wants them."""

    version: str = "8.4.6"
    tables: Mapping[str, str] = field(default_factory=dict)
    views: Mapping[str, str] = field(default_factory=dict)
    sequences: Mapping[str, str] = field(default_factory=dict)
    outside: Mapping[tuple[str, str], str] = field(default_factory=dict)
    programs: Sequence[Sequence[Value]] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    grants: Sequence[str] = ("GRANT ALL PRIVILEGES ON *.* TO `app`@`%`",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What a client said of itself; `answer` is its answer to the greeting's challenge."""

    user: str
    answer: bytes
    encrypted: bool
    capabilities: int


class Conversation:
    """One client. The sequence number of the next packet is kept here."""

    def __init__(
        self, client: socket.socket, tls: ssl.SSLContext | None, heard: list[bytes]
    ) -> None:
        self._socket = client
        self._tls = tls
        self._heard = heard
        self.sequence = 0

    @property
    def encrypted(self) -> bool:
        return isinstance(self._socket, ssl.SSLSocket)

    def encrypt(self) -> None:
        assert self._tls is not None, "this server was given no certificate"
        self._socket = self._tls.wrap_socket(self._socket, server_side=True)

    def send(self, *payloads: bytes) -> None:
        for payload in payloads:
            self.send_raw(packets.packet(payload, self.sequence))
            self.sequence = (self.sequence + 1) % 256

    def send_raw(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self) -> bytes:
        """One payload; b'' once the client has gone."""
        header = self._exactly(4)
        if not header:
            return b""
        self.sequence = (header[3] + 1) % 256
        payload = self._exactly(int.from_bytes(header[:3], "little"))
        self._heard.append(payload)
        return payload

    def answer(self, columns: Sequence[str], rows: Sequence[Sequence[Value]]) -> None:
        self.send(*packets.result(columns, rows))

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _exactly(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self._socket.recv(size - len(data))
            if not more:
                return b""
            data += more
        return data


OnLogin = Callable[[Conversation, Login], bool]
OnStatement = Callable[[Conversation, str], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lies:
    """What the server does instead of what an honest one would. `greeting` is a payload;
    `on_connect` has the connection to itself; `on_login` and `on_statement` tell by True that they
    have answered."""

    greeting: bytes | None = None
    on_connect: Callable[[Conversation], None] | None = None
    on_login: OnLogin = lambda _conversation, _login: False
    on_statement: OnStatement = lambda _conversation, _sql: False


class LyingServer:
    """Listens on a port of its own. `heard` are all payloads of all clients and `statements` what
    of them was SQL, in order of arrival."""

    def __init__(
        self,
        catalogue: Catalogue | None = None,
        lies: Lies | None = None,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._catalogue = catalogue or Catalogue()
        self._lies = lies or Lies()
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[Conversation] = []
        self.connections = 0
        self.logins: list[Login] = []
        self.heard: list[bytes] = []
        self.statements: list[str] = []
        self.ended = threading.Event()  # a client has gone
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        port: int = self._listener.getsockname()[1]
        return port

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for conversation in self._open:
            conversation.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                client.settimeout(_ANSWER_S_MAX)
                # An answer is many small packets: none waits for the last one to be acknowledged.
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.connections += 1
                conversation = Conversation(client, self._tls, self.heard)
                self._open.append(conversation)
                threading.Thread(target=self._serve, args=(conversation,), daemon=True).start()

    def _serve(self, conversation: Conversation) -> None:
        # The client's end of a lie is often a connection cut in the middle of it.
        with contextlib.suppress(OSError, ValueError):
            if self._lies.on_connect is not None:
                self._lies.on_connect(conversation)
            elif self._logged_in(conversation):
                self._answer_all(conversation)
        conversation.close()
        self.ended.set()

    def _logged_in(self, conversation: Conversation) -> bool:
        capabilities = packets.CAPABILITIES | (packets.SSL if self._tls else 0)
        honest = packets.greeting(self._catalogue.version, capabilities=capabilities)
        conversation.send(self._lies.greeting or honest)
        said = conversation.receive()
        if len(said) == _SSL_REQUEST_BYTES:
            conversation.encrypt()
            said = conversation.receive()
        if not said:
            return False
        login = _login(said, conversation.encrypted)
        self.logins.append(login)
        if not self._lies.on_login(conversation, login):
            conversation.send(packets.ok())
        return True

    def _answer_all(self, conversation: Conversation) -> None:
        while command := conversation.receive():
            sql = command[1:].decode(errors="replace")
            if command[0] == _COM_QUIT:
                return
            if command[0] != _COM_QUERY:
                conversation.send(packets.ok())
                continue
            self.statements.append(sql)
            if not self._lies.on_statement(conversation, sql):
                answer_honestly(conversation, sql, self._catalogue)


@contextmanager
def lying_server(
    catalogue: Catalogue | None = None,
    lies: Lies | None = None,
    *,
    tls: ssl.SSLContext | None = None,
) -> Iterator[LyingServer]:
    server = LyingServer(catalogue, lies, tls=tls)
    try:
        yield server
    finally:
        server.close()


def answer_honestly(conversation: Conversation, sql: str, catalogue: Catalogue) -> None:
    """What a server that means well answers to what this product asks."""
    columns, rows = _rows(sql, catalogue)
    if columns:
        conversation.answer(columns, rows)
    elif sql.startswith("SHOW CREATE"):
        conversation.send(packets.error(1146, "Table doesn't exist", "42S02"))
    else:
        conversation.send(packets.ok())


_VARIABLES = {
    "VERSION()": None,  # the catalogue's
    "@@character_set_database": "utf8mb4",
    "@@collation_database": "utf8mb4_0900_ai_ci",
    "explicit_defaults_for_timestamp": "1",
    "innodb_default_row_format": "dynamic",
    "innodb_file_per_table": "1",
    "innodb_page_size": "16384",
    "innodb_strict_mode": "1",
    "binlog_format": "ROW",
    "default_storage_engine": "InnoDB",
    "default_collation_for_utf8mb4": "utf8mb4_0900_ai_ci",
    "log_bin": "0",
    "lower_case_table_names": "0",
    "old_alter_table": "0",
    "partial_revokes": "0",
    "restrict_fk_on_non_standard_key": "1",
    "server_uuid": "6f2b4c1a-0000-4000-8000-000000000001",
    "sql_generate_invisible_primary_key": "0",
    "sql_mode": "ONLY_FULL_GROUP_BY,STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE",
    "sql_require_primary_key": "0",
}
_OF_SETTINGS = (
    "SELECT @@global.",
    "SELECT @@session.",
    "SELECT @@SESSION.",
    "SELECT @@character_set",
)
_SHOWN = re.compile(r"SHOW CREATE (TABLE|VIEW|SEQUENCE) (?:`((?:[^`]|``)+)`\.)?`((?:[^`]|``)+)`")

_Answer = tuple[Sequence[str], Sequence[Sequence[Value]]]


def _rows(sql: str, catalogue: Catalogue) -> _Answer:
    if sql.startswith("SELECT VERSION()"):
        return _settings(sql, catalogue)
    if "FROM mysql.user" in sql:
        return ("CURRENT_USER()", "User", "Host"), (("root@%", "root", "%"),)
    if "FROM mysql.global_grants" in sql:
        return ("USER", "HOST"), ()
    if sql == "SHOW GRANTS":
        return ["Grants"], [[grant] for grant in catalogue.grants]
    if shown := _SHOWN.match(sql):
        return _definition(shown, catalogue)
    if "setup_instruments" in sql:
        return ["ENABLED", "TIMED"], [["YES", "YES"]]
    if sql == "SHOW BINARY LOG STATUS":
        return ["File", "Binlog_Do_DB", "Binlog_Ignore_DB"], [["binlog.000001", "", ""]]
    if "SUM(LENGTH(" in sql:  # of programs of other databases
        return ["SUM"], [[0]] * 4
    if "HEX(TRIGGER_SCHEMA)" in sql:
        return [f"c{n}" for n in range(5)], []
    if "TRIGGER_SCHEMA, 'trigger'" in sql:  # of several databases
        return [f"c{n}" for n in range(8)], []
    if "information_schema.TRIGGERS" in sql:
        return [f"c{n}" for n in range(7)], catalogue.programs
    if "information_schema.TABLES" in sql:
        columns, rows = _listing(catalogue, with_facts="TABLE_ROWS" in sql)
        if "SELECT TABLE_SCHEMA," not in sql:
            return columns, rows
        databases = re.findall("'(.*?)'", sql)
        return ["TABLE_SCHEMA", *columns], [[one, *row] for one in databases for row in rows]
    if sql == "SHOW FULL PROCESSLIST":
        return ["Id", "db", "Info", "State"], []
    if sql.startswith("SHOW CREATE DATABASE"):
        return ["Database", "Create Database"], [["d", "CREATE DATABASE `d`"]]
    if "SCHEMATA_EXTENSIONS" in sql:
        return ["SCHEMA_NAME", "OPTIONS"], []
    if "INNODB_" in sql:
        return ["NAME", "VALUE"], []
    if found := re.findall(r"GET_LOCK\('", sql):
        return [f"c{n}" for n in range(len(found))], [[1] * len(found)]
    if sql.startswith(_OF_SETTINGS):
        return _settings(sql, catalogue)
    if sql.startswith("SELECT"):
        return ["1"], [[1]]
    return [], []


def _settings(sql: str, catalogue: Catalogue) -> _Answer:
    wanted = re.findall(r"VERSION\(\)|\(SELECT[^)]*\)\)|'NO'|@@[\w.]+", sql.removeprefix("SELECT "))
    values: list[Value] = []
    for name in wanted:
        bare = re.sub(r"@@(global|session)\.", "", name, flags=re.IGNORECASE)
        known = catalogue.variables.get(bare, _VARIABLES.get(bare, ""))
        values.append(catalogue.version if name == "VERSION()" else known)
    return wanted, [values]


def _definition(shown: re.Match[str], catalogue: Catalogue) -> _Answer:
    kind, database, name = shown[1], shown[2], shown[3].replace("``", "`")
    known = {"TABLE": catalogue.tables, "VIEW": catalogue.views, "SEQUENCE": catalogue.sequences}
    found = known[kind].get(name)
    if database is not None:
        found = catalogue.outside.get((database.replace("``", "`"), name))
    if found is None:
        return [], []
    if kind == "VIEW":
        return [kind, "Create", "charset", "collation"], [[name, found, "utf8mb4", "utf8mb4_bin"]]
    return [kind, "Create"], [[name, found]]


def _listing(catalogue: Catalogue, *, with_facts: bool) -> _Answer:
    kinds = {
        "BASE TABLE": catalogue.tables,
        "VIEW": catalogue.views,
        "SEQUENCE": catalogue.sequences,
    }
    named = sorted((name, kind) for kind, names in kinds.items() for name in names)
    if not with_facts:
        return ["TABLE_NAME", "TABLE_TYPE"], named
    facts: list[Value] = [0, 16_384, 0, "Dynamic", 1_700_000_000]
    columns = ["TABLE_NAME", "TABLE_TYPE", "TABLE_ROWS", "DATA_LENGTH", "INDEX_LENGTH", "F", "C"]
    return columns, [[*pair, *facts] for pair in named]


def _login(said: bytes, encrypted: bool) -> Login:
    capabilities = int.from_bytes(said[:4], "little")
    user, _, rest = said[32:].partition(b"\0")
    size = rest[0] if rest else 0
    return Login(
        user=user.decode(errors="replace"),
        answer=rest[1 : 1 + size],
        encrypted=encrypted,
        capabilities=capabilities,
    )
