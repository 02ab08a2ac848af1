"""What a login may do with the password: which of the ways to prove that one knows it are taken.

Rule: the server chooses the plugin, so the client has a list. A plugin that hands the password over
as it is takes a server that is known to be the right one (CN-2).
"""

from __future__ import annotations

from enum import Enum, auto

from pymysql.constants import CR
from pymysql.err import OperationalError

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
