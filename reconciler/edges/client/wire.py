"""One connection to one server: PyMySQL's, held against servers that mean harm.

Rules: an answer has one deadline and one bound, however it is sliced (CN-3); what is no answer, or
more than was asked for, ends the connection and never leaves as another error than `Lost` (CN-4);
a server that asks for a file gets none (CN-5). Statements go one at a time.
"""

from __future__ import annotations

import socket
import ssl
import struct
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import pymysql
from pymysql.connections import MAX_PACKET_LEN, Connection, MySQLResult
from pymysql.constants import CLIENT, COMMAND, CR
from pymysql.protocol import MysqlPacket

from reconciler.edges.client.answer import NOT_MYSQL, Answer
from reconciler.edges.client.limits import LATE_S_MAX, LEAST_WAIT_S, LOGIN_BYTES_MAX
from reconciler.edges.client.login import PasswordUse, PluginRefused, ProofOnly
from reconciler.edges.client.row_packets import Row
from reconciler.edges.client.tls import Encryption

_Packet = TypeVar("_Packet", bound=MysqlPacket)

_HEADER = struct.Struct("<HBB")
_AN_ERROR = 0xFF
_RECEIVED_AT_ONCE = 32_768

_LOST = "the connection was lost"
_TIMED_OUT = "the server gave no answer in time"


class Lost(pymysql.err.OperationalError):
    """The connection is gone, or was ended for what came over it. `reason` is in our own words."""

    def __init__(self, reason: str = _LOST, *, timed_out: bool = False) -> None:
        super().__init__(CR.CR_SERVER_LOST, reason)
        self.reason = reason
        self.timed_out = timed_out


if TYPE_CHECKING:

    class _PyMySql(Connection[Any]):
        """What PyMySQL has had since 0.7 without documenting it."""

        _sock: socket.socket | None
        _result: MySQLResult | None
        _next_seq_id: int
        _current_timeout: float | None
        _auth_plugin_name: str
        server_version: str
        server_status: int
        server_thread_id: tuple[int]
        password: bytes
        decoders: dict[int, Any]

        def _force_close(self) -> None: ...
        def _get_server_information(self) -> None: ...
        def _process_auth(self, plugin_name: bytes, auth_packet: Any, handler: Any) -> Any: ...
        def _execute_command(self, command: int, sql: str | bytes) -> None: ...
        def _read_ok_packet(self) -> Any: ...
        def write_packet(self, payload: bytes) -> None: ...
        def _write_bytes(self, data: bytes) -> None: ...

else:
    _PyMySql = Connection


class Wire(_PyMySql):
    """`send` and `receive` are apart, so that a loss can be placed: before the statement left,
    nothing happened; after it, nobody knows. Not for two threads at once, except `cut`."""

    def __init__(
        self,
        *,
        encryption: Encryption,
        password_use: PasswordUse,
        connect_timeout_s: float,
        answer_timeout_s: float,
        answer_bytes_max: int,
        **options: Any,
    ) -> None:
        """`options` are PyMySQL's. Nothing is connected yet."""
        self._within_s: float | None = answer_timeout_s
        self._answer_bytes_max = answer_bytes_max
        self._login_within_s = connect_timeout_s
        self._password_use = password_use
        self._logging_in = False
        self._buffer, self._at = b"", 0
        self._due_at: float | None = None
        self._bytes_left = 0
        self._look_bytes_left: int | None = None
        self.leaves_bytes = False  # True: every value is what the server sent, nothing is decoded
        self.unread = 0  # answers to what was sent and nobody has asked for yet (`SentSoon`)
        proofs: Any = {"caching_sha2_password": ProofOnly}
        super().__init__(
            connect_timeout=connect_timeout_s,
            read_timeout=connect_timeout_s,
            write_timeout=answer_timeout_s,
            local_infile=False,
            ssl=encryption.context,
            ssl_disabled=encryption.context is None,
            defer_connect=True,
            auth_plugin_map=proofs if password_use is PasswordUse.PROOF else None,
            **options,
        )
        assert not self.client_flag & CLIENT.LOCAL_FILES, "the server may ask for no file of ours"

    # Connecting

    def connect(self, sock: Any = None) -> None:
        """Raises Lost, PluginRefused, or what PyMySQL raises for an error of the server's or of
        the network's."""
        self._logging_in = True
        self._begin_answer(self._login_within_s, LOGIN_BYTES_MAX)
        try:
            super().connect(sock)
        except (pymysql.err.MySQLError, OSError):
            raise
        except Exception:  # PyMySQL trips over what is no protocol in as many ways as there are
            raise Lost(NOT_MYSQL) from None
        finally:
            self._logging_in = False

    def _get_server_information(self) -> None:
        super()._get_server_information()
        if self._at < len(self._buffer):
            # What somebody slipped in before the encryption would count as said behind it.
            raise Lost("the server said more than a greeting")
        if not self._password_use.takes(self._auth_plugin_name):
            self._auth_plugin_name = ""  # the server may ask for another one

    def _process_auth(self, plugin_name: bytes, auth_packet: Any, handler: Any = None) -> Any:
        name = plugin_name.decode(errors="replace")
        if not self._password_use.takes(name):
            raise PluginRefused(name)
        return super()._process_auth(plugin_name, auth_packet, handler)

    @property
    def is_encrypted(self) -> bool:
        return isinstance(self._sock, ssl.SSLSocket)

    # Asking

    def send(self, sql: str | bytes) -> None:
        self._execute_command(COMMAND.COM_QUERY, sql)

    def expect_silence(self) -> None:
        """Before anything is sent. Raises Lost where something was said that nobody asked for."""
        while self.unread:
            self.unread -= 1
            try:
                self.receive_next()
            except pymysql.err.MySQLError as error:  # which nobody asks for any more
                if isinstance(error, Lost):
                    raise
        if self._at < len(self._buffer):
            raise self.ended("the server said more than it was asked")

    def receive(self) -> tuple[Row, ...] | None:
        """The rows; None for a statement that has none."""
        self._read_query_result()
        rows: tuple[Row, ...] | None = self._result.rows if self._result is not None else None
        return rows

    def receive_next(self) -> tuple[Row, ...] | None:
        """As `receive`, of what was sent before the answer to what went before it was read."""
        self.begin_next()
        return self.receive()

    def begin_next(self) -> None:
        """Before the answer is read to what was sent behind other statements."""
        self._next_seq_id = 1
        self._begin_answer(self._within_s, self._answer_bytes_max)

    @property
    def changed(self) -> int:
        """How many rows the statement that was answered last has changed."""
        return int(self._result.affected_rows or 0) if self._result is not None else 0

    @property
    def warnings(self) -> int:
        """How many the server has for the statement that it answered last."""
        return int(self._result.warning_count) if self._result is not None else 0

    def answer_begins_within(self, seconds: float) -> bool:
        """Wait so long for the first bytes of the answer that is due. From then on the whole of it
        must come within the bound of any answer. Raises Lost."""
        if self._at == len(self._buffer):
            sock = self._sock
            if sock is None:
                raise Lost
            wait_s = max(seconds, LEAST_WAIT_S)
            sock.settimeout(wait_s)
            self._current_timeout = wait_s
            try:
                received = sock.recv(_RECEIVED_AT_ONCE)
            except TimeoutError:
                return False
            except (OSError, ValueError):  # ValueError: another thread closed it
                raise self.ended(_LOST) from None
            if not received:
                raise self.ended(_LOST)
            self._buffer, self._at = received, 0
        self._begin_answer(self._within_s, self._answer_bytes_max)
        return True

    def wait_at_most(self, seconds: float | None) -> None:
        """Bound the wait for each whole answer from now on."""
        self._within_s = seconds

    def take_at_most(self, total_bytes: int) -> None:
        """Bound all answers from now on together."""
        self._look_bytes_left = total_bytes

    @property
    def column_names(self) -> list[str]:
        described = self._result.description if self._result is not None else None
        return [str(column[0]) for column in described or ()]

    def cut(self) -> None:
        if (sock := self._sock) is not None:
            with suppress(OSError):  # it was gone already
                socket.socket.shutdown(sock, socket.SHUT_RDWR)  # below TLS: its reader is at work

    def _execute_command(self, command: int, sql: str | bytes) -> None:
        self.expect_silence()
        if not self._logging_in:
            self._begin_answer(self._within_s, self._answer_bytes_max)
        super()._execute_command(command, sql)

    def _read_query_result(self, unbuffered: bool = False) -> int:
        self._result = None
        answer = Answer()
        try:
            answer.read_from(self)
        except pymysql.err.MySQLError:
            raise
        except Exception:  # as above, of an answer
            raise self.ended(NOT_MYSQL) from None
        if answer.has_next and not self.client_flag & CLIENT.MULTI_STATEMENTS:
            raise self.ended("the server answered more than was asked")
        self._result = answer
        if answer.server_status is not None:
            self.server_status = answer.server_status
        return answer.affected_rows or 0

    def _read_ok_packet(self) -> Any:
        try:
            return super()._read_ok_packet()
        except Lost:
            raise
        except pymysql.err.MySQLError as error:
            if error.args[0] == CR.CR_COMMANDS_OUT_OF_SYNC:  # PyMySQL's word for no OK
                raise self.ended(NOT_MYSQL) from None
            raise
        except Exception:  # as above, of an OK
            raise self.ended(NOT_MYSQL) from None

    # Reading

    def _begin_answer(self, within_s: float | None, bytes_max: int) -> None:
        self._due_at = None if within_s is None else time.monotonic() + within_s
        self._bytes_left = bytes_max

    def charge(self, size: int) -> None:
        """Count what an answer takes; ends the connection over its bound."""
        self._bytes_left -= size
        if self._look_bytes_left is not None:
            self._look_bytes_left -= size
            if self._look_bytes_left < 0:
                raise self.ended("the server's answers together are longer than any schema")
        if self._bytes_left < 0:
            raise self.ended("the server's answer is longer than any answer should be")

    def _read_packet(self, packet_type: type[_Packet] = MysqlPacket) -> _Packet:  # type: ignore[assignment]
        return packet_type(self.payload(), self.encoding)

    def payload(self) -> bytes:
        """What the next packet holds, never nothing. Raises Lost, or the error that it is."""
        if self._at == len(self._buffer):
            self._buffer, self._at = self._receive(_RECEIVED_AT_ONCE), 0
        buffer, begin = self._buffer, self._at + 4
        size = int.from_bytes(buffer[begin - 4 : begin - 1], "little")
        end = begin + size
        # Most are here as a whole, and in order: of those nothing is left to be asked.
        if (
            begin < end <= len(buffer)
            and size < MAX_PACKET_LEN
            and buffer[begin - 1] == self._next_seq_id
            and buffer[begin] != _AN_ERROR
        ):
            self._next_seq_id = (self._next_seq_id + 1) % 256
            self._at = end
            self.charge(size + 4)
            return buffer[begin:end]
        return self._payload()

    @property
    def place(self) -> tuple[bytes, int]:
        """Where the next packet begins, among what was received."""
        return self._buffer, self._at

    def read_since(self, place: tuple[bytes, int]) -> bytes:
        """The packets since then, headers and all; nothing where more had to be received."""
        buffer, at = place
        return buffer[at : self._at] if buffer is self._buffer else b""

    def pass_over(self, packets: bytes, count: int) -> bool:
        """Whether so many packets, which are these bytes, come next; they are read then."""
        if not self._buffer.startswith(packets, self._at):
            return False
        self._at += len(packets)
        self._next_seq_id = (self._next_seq_id + count) % 256
        self.charge(len(packets))
        return True

    def _payload(self) -> bytes:
        """The same of one that is not here yet, has several parts, or is out of order."""
        parts = []
        while True:
            low, high, sequence = _HEADER.unpack(self._take(4))
            size = low + (high << 16)
            self.charge(size + 4)
            if sequence != self._next_seq_id:
                # A server that shuts down says so in a packet that is nobody's answer.
                raise self.ended(_LOST if sequence == 0 else NOT_MYSQL)
            self._next_seq_id = (sequence + 1) % 256
            parts.append(self._take(size))
            if size < MAX_PACKET_LEN:
                break
        data = parts[0] if len(parts) == 1 else b"".join(parts)
        if not data:
            # An empty row cannot be: it would have no columns.
            raise self.ended(NOT_MYSQL)
        if data[0] == _AN_ERROR:
            self._raise_error(data)
        return data

    def _raise_error(self, data: bytes) -> None:
        number = int.from_bytes(data[1:3], "little")
        if len(data) < 4 or not number:
            raise self.ended(NOT_MYSQL)
        if CR.CR_ERROR_FIRST <= number <= CR.CR_ERROR_LAST:
            raise self.ended(_LOST)  # a client's error: a proxy tells of its own server
        try:
            pymysql.err.raise_mysql_exception(data)
        except pymysql.err.MySQLError as error:
            if data[3:4] == b"#":  # errors of a greeting have none
                error.args = (*error.args, data[4:9].decode(errors="replace"))
            raise

    def _take(self, size: int) -> bytes:
        end = self._at + size
        if end <= len(self._buffer):
            taken = self._buffer[self._at : end]
            self._at = end
            return taken
        received = bytearray(self._buffer[self._at :])
        while len(received) < size:
            received += self._receive(max(_RECEIVED_AT_ONCE, min(size - len(received), 1 << 20)))
        self._buffer, self._at = bytes(received), size
        return self._buffer[:size]

    def _receive(self, size: int) -> bytes:
        sock = self._sock
        if sock is None:
            raise Lost
        if self._due_at is not None:
            left_s = self._due_at - time.monotonic()
            if left_s <= 0:
                raise self.ended(_TIMED_OUT, timed_out=True)
            current = self._current_timeout
            if current is None or not left_s <= current <= left_s + LATE_S_MAX:
                sock.settimeout(left_s)
                self._current_timeout = left_s
        elif self._current_timeout is not None:
            sock.settimeout(None)
            self._current_timeout = None
        try:
            received = sock.recv(size)
        except TimeoutError:
            raise self.ended(_TIMED_OUT, timed_out=True) from None
        except (OSError, ValueError):  # ValueError: another thread closed it
            raise self.ended(_LOST) from None
        if not received:
            raise self.ended(_LOST)
        return received

    def ended(self, reason: str, *, timed_out: bool = False) -> Lost:
        """End the connection; for raising."""
        self._buffer, self._at = b"", 0
        self._force_close()
        return Lost(reason, timed_out=timed_out)
