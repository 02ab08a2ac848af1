"""Logs in to a target: in the first of the ways that TLS allows and that both sides can."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass

import pymysql
from pymysql.constants import CR

from reconciler.edges.client.limits import ANSWER_BYTES_MAX, TCP_DEAD_AFTER_S
from reconciler.edges.client.login import PasswordUse
from reconciler.edges.client.target import Target
from reconciler.edges.client.tls import Encryption, ways_to_speak
from reconciler.edges.client.wire import Wire
from reconciler.edges.secrets import SECRETS

_SECURE_TRANSPORT_REQUIRED = 3159


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionOptions:
    """What differs between those who speak to servers; `answer_bytes_max` bounds one answer."""

    autocommit: bool = True
    client_flag: int = 0
    answer_bytes_max: int = ANSWER_BYTES_MAX


USUAL = SessionOptions()


def open_wire(
    target: Target, *, program: str, database: str | None, options: SessionOptions = USUAL
) -> Wire:
    """Raises InvalidInput where the TLS files are no good, and else what `Wire.connect` raises."""
    SECRETS.add(target.password, public=(target.user, target.host, target.database or ""))
    SECRETS.add_address(target.socket or target.host)
    ways = ways_to_speak(target.tls, local=target.is_local, label=target.label)
    for way in ways[:-1]:
        try:
            return _opened(target, way, program, database, options)
        except (pymysql.err.MySQLError, OSError) as error:
            if not is_about_encryption(error):
                raise
    return _opened(target, ways[-1], program, database, options)


def is_about_encryption(error: Exception) -> bool:
    """Whether a login failed because the two sides do not agree on whether, or how, to encrypt."""
    if isinstance(getattr(error, "original_exception", error), ssl.SSLError):
        return True
    return bool(error.args) and error.args[0] in (
        CR.CR_SSL_CONNECTION_ERROR,
        _SECURE_TRANSPORT_REQUIRED,
    )


def _opened(
    target: Target, way: Encryption, program: str, database: str | None, options: SessionOptions
) -> Wire:
    wire = Wire(
        encryption=way,
        password_use=_password_use(target, way),
        connect_timeout_s=target.connect_timeout_s,
        answer_timeout_s=target.read_timeout_s,
        answer_bytes_max=options.answer_bytes_max,
        host=target.host,
        port=target.port,
        unix_socket=target.socket,
        user=target.user,
        password=target.password.encode(),
        database=database,
        charset="utf8mb4",
        autocommit=options.autocommit,
        program_name=program,
        client_flag=options.client_flag,
    )
    wire.connect()
    if way.context is not None and not wire.is_encrypted:
        wire.close()
        raise pymysql.err.OperationalError(CR.CR_SSL_CONNECTION_ERROR, "not encrypted")
    _notice_dead_peer(wire)
    return wire


def _password_use(target: Target, way: Encryption) -> PasswordUse:
    if target.named_by_a_server and not way.own_authority:
        return PasswordUse.PROOF
    return PasswordUse.CLEAR if way.verified else PasswordUse.ENCRYPTED


def _notice_dead_peer(wire: Wire) -> None:
    """A host that vanished in the middle of an ALTER says nothing: let the kernel ask it."""
    sock = wire._sock
    if sock is None or sock.family == getattr(socket, "AF_UNIX", None):
        return
    every_s = TCP_DEAD_AFTER_S // 4
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (
        ("TCP_KEEPIDLE", every_s),
        ("TCP_KEEPINTVL", every_s),
        ("TCP_KEEPCNT", 3),
    ):
        if hasattr(socket, option):  # macOS and Windows name or lack some of them
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
