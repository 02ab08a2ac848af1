"""MySQL's packets, as a server writes them: right ones, from which a lying server makes wrong ones.

Payloads come without their header (three bytes of length, one of sequence); `packet` adds it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

# Capabilities that a server of today greets with, as far as a client needs them here.
LONG_PASSWORD, CONNECT_WITH_DB, LOCAL_FILES, PROTOCOL_41, SSL = 1, 1 << 3, 1 << 7, 1 << 9, 1 << 11
TRANSACTIONS, SECURE_CONNECTION, MULTI_RESULTS = 1 << 13, 1 << 15, 1 << 17
PLUGIN_AUTH, CONNECT_ATTRS, LENENC_AUTH = 1 << 19, 1 << 20, 1 << 21
CAPABILITIES = (
    LONG_PASSWORD | CONNECT_WITH_DB | LOCAL_FILES | PROTOCOL_41 | TRANSACTIONS | SECURE_CONNECTION
    | MULTI_RESULTS | PLUGIN_AUTH | CONNECT_ATTRS | LENENC_AUTH
)  # fmt: skip

AUTOCOMMIT, MORE_RESULTS = 2, 8
VAR_STRING = 253
UTF8MB4 = 45
SALT = b"abcdefgh" + b"ijklmnopqrst"

Value = str | int | None


def packet(payload: bytes, sequence: int) -> bytes:
    return struct.pack("<I", len(payload))[:3] + bytes([sequence % 256]) + payload


def greeting(
    version: str = "8.4.6",
    *,
    plugin: str = "mysql_native_password",
    capabilities: int = CAPABILITIES,
    connection_id: int = 7,
) -> bytes:
    return (
        b"\x0a"
        + version.encode()
        + b"\0"
        + struct.pack("<I", connection_id)
        + SALT[:8]
        + b"\0"
        + struct.pack("<HBHHB", capabilities & 0xFFFF, UTF8MB4, AUTOCOMMIT, capabilities >> 16, 21)
        + b"\0" * 10
        + SALT[8:]
        + b"\0"
        + plugin.encode()
        + b"\0"
    )


def ok(*, status: int = AUTOCOMMIT) -> bytes:
    return b"\0\0\0" + struct.pack("<HH", status, 0)


def eof(*, status: int = AUTOCOMMIT) -> bytes:
    return b"\xfe" + struct.pack("<HH", 0, status)


def error(number: int, message: str, state: str = "HY000") -> bytes:
    return b"\xff" + struct.pack("<H", number) + f"#{state}{message}".encode()


def auth_switch(plugin: str, data: bytes = SALT + b"\0") -> bytes:
    return b"\xfe" + plugin.encode() + b"\0" + data


def file_request(path: str) -> bytes:
    """LOAD DATA LOCAL: the server asks for a file of the client's machine."""
    return b"\xfb" + path.encode()


def length_coded(size: int) -> bytes:
    if size < 251:
        return bytes([size])
    if size < 1 << 16:
        return b"\xfc" + struct.pack("<H", size)
    if size < 1 << 24:
        return b"\xfd" + struct.pack("<I", size)[:3]
    return b"\xfe" + struct.pack("<Q", size)


def text(value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return length_coded(len(data)) + data


def column(name: str) -> bytes:
    return (
        text("def")
        + text("") * 3
        + text(name) * 2
        + b"\x0c"
        + struct.pack("<HIBHB", UTF8MB4, 1024, VAR_STRING, 0, 0)
        + b"\0\0"
    )


def row(values: Iterable[Value]) -> bytes:
    return b"".join(b"\xfb" if value is None else text(str(value)) for value in values)


def result(columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> list[bytes]:
    """The payloads of a whole result set."""
    return [
        length_coded(len(columns)),
        *map(column, columns),
        eof(),
        *map(row, rows),
        eof(),
    ]
