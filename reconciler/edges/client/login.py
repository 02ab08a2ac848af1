"""What a login may do with the password: which of the ways to prove that one knows it are taken.

Rule: the server chooses the plugin, so the client has a list. A plugin that hands the password over
as it is takes a server that is known to be the right one (CN-2).
"""

from __future__ import annotations

from enum import Enum, auto
from typing import Protocol

from pymysql import _auth
from pymysql.constants import CR
from pymysql.err import OperationalError
from pymysql.protocol import MysqlPacket

_CHALLENGES = frozenset({"mysql_native_password", "caching_sha2_password", "client_ed25519"})
# Encrypts the password with a key that the server sends, or leaves that to TLS.
_TO_THE_SERVER = frozenset({"sha256_password"})
_IN_THE_CLEAR = frozenset({"mysql_clear_password", "dialog"})


class PasswordUse(Enum):
    """From the least to the most that a server may ask for."""

    PROOF = auto()  # never the password itself: the server is one that another server named
    ENCRYPTED = auto()  # as MySQL's own accounts do it
    CLEAR = auto()  # as PAM and LDAP want it: the server is verified

    def takes(self, plugin: str) -> bool:
        match self:
            case PasswordUse.PROOF:
                return plugin in _CHALLENGES
            case PasswordUse.ENCRYPTED:
                return plugin in _CHALLENGES | _TO_THE_SERVER
            case PasswordUse.CLEAR:
                return plugin in _CHALLENGES | _TO_THE_SERVER | _IN_THE_CLEAR


class PluginRefused(OperationalError):
    """The server asked for more than the client gives. `in_the_clear`: for the password itself."""

    def __init__(self, plugin: str) -> None:
        super().__init__(CR.CR_AUTH_PLUGIN_ERR, "the plugin is not taken")
        self.in_the_clear = plugin in _IN_THE_CLEAR | _TO_THE_SERVER | {"caching_sha2_password"}


class LoggingIn(Protocol):
    """The connection that a login is made over."""

    password: bytes

    def write_packet(self, payload: bytes) -> None: ...
    def _read_packet(self) -> MysqlPacket: ...


class ProofOnly:
    """caching_sha2_password without its second half, in which the password itself is sent."""

    def __init__(self, wire: LoggingIn) -> None:
        self._wire = wire

    def authenticate(self, packet: MysqlPacket) -> MysqlPacket:
        if packet.is_auth_switch_request():
            challenge: bytes = packet.read_all().removesuffix(b"\0")  # type: ignore[no-untyped-call]
            answer = _auth.scramble_caching_sha2(self._wire.password, challenge)
            self._wire.write_packet(answer)
            packet = self._wire._read_packet()
        if not packet.is_extra_auth_data():
            return packet
        said: bytes = packet.get_all_data()  # type: ignore[no-untyped-call]
        if said[1:2] != b"\x03":
            raise PluginRefused("caching_sha2_password")
        return self._wire._read_packet()
