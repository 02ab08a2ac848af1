"""Whom a connection speaks to: the one rule of TLS, for shards, scratch and the ledger.

Rule: a host that is not this machine proves that it is the one that was asked for (by the chain and
the name of its certificate), unless the spec says `tls: insecure` in so many words (CN-1).
"""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import assert_never

from reconciler.errors import InvalidInput, Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsFiles:
    """Absolute paths of PEM files; `ca` None means the authorities that the machine trusts."""

    ca: Path | None = None
    cert: Path | None = None
    key: Path | None = None


@dataclass(frozen=True, slots=True)
class Insecure:
    """`tls: insecure`: encrypted where the server offers it, whoever the other side is."""


# None: nothing was said, so where the server is decides.
TlsSetting = TlsFiles | Insecure | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Encryption:
    """One way to speak to a server; `context` None is in the clear. `own_authority`: the server's
    certificate is signed by an authority that the spec names, not by just any that machines trust.
    """

    context: ssl.SSLContext | None
    verified: bool
    own_authority: bool = False


def is_local(host: str, socket: str | None) -> bool:
    """Whether bytes to the server cross no wire that somebody could listen on."""
    if socket is not None or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def ways_to_speak(setting: TlsSetting, *, local: bool, label: str) -> tuple[Encryption, ...]:
    """In the order in which to try them: the next one only where the server cannot do, or insists
    on more than, the one before. Raises InvalidInput where the files are no good."""
    match setting:
        case TlsFiles():
            return (_verified(setting, label),)
        case None if not local:
            return (_verified(TlsFiles(), label),)
        case None:
            return (_CLEAR, _unverified())
        case Insecure():
            return (_unverified(), _CLEAR)
        case _:
            assert_never(setting)


_CLEAR = Encryption(context=None, verified=False)


@cache
def _verified(files: TlsFiles, label: str) -> Encryption:
    try:
        context = ssl.create_default_context(cafile=files.ca)
        # Certificates that MySQL makes for itself lack extensions that Python 3.13 insists on.
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
        if files.cert is not None:
            context.load_cert_chain(files.cert, files.key)
    except (ssl.SSLError, OSError):
        raise InvalidInput(
            Problem(
                code="tls-file-invalid",
                message=f"{label}: the files that `tls` names are not PEM certificates and keys"
                " that belong together",
                recovery="fix `tls` in the spec's connection",
            )
        ) from None
    return Encryption(context=context, verified=True, own_authority=files.ca is not None)


@cache
def _unverified() -> Encryption:
    """Better than in the clear, and no protection from who stands between."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return Encryption(context=context, verified=False)
