"""The file that tells Spirit where to connect and as whom: an argument is read by every user of the
machine.

Rules: never weaker TLS than the product's own connections have (CN-1); what the file or Spirit's
driver would read as something else is refused, not guessed at.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import assert_never

from reconciler.edges.client.target import Target
from reconciler.edges.client.tls import Insecure, TlsFiles


def login_file(target: Target, database: str) -> str | None:
    """The content of the file; None where there is a reason why not: `login_refused`."""
    if login_refused(target, database) is not None:
        return None
    values = {
        "host": f"{_host(target.host)}:{target.port}",
        "user": target.user,
        "password": target.password,
        "database": database,
        **_tls(target),
    }
    # In backquotes its reader takes everything as it is, up to the last one of the line.
    return "[client]\n" + "".join(f"{name} = `{value}`\n" for name, value in values.items())


def login_refused(target: Target, database: str) -> str | None:
    """Why Spirit cannot connect as the spec wants it to; None if it can."""
    if target.socket is not None:
        return "the connection is a socket, and Spirit connects over TCP alone"
    if isinstance(target.tls, TlsFiles) and target.tls.cert is not None:
        return "the connection has a client certificate, and Spirit can show none"
    if _is_verified(target) and _authorities(target) is None:
        return "this machine has no file of authorities for the server's certificate"
    if ":" in target.user:
        return "the user's name has a colon, which Spirit takes for the end of it"
    texts = (target.host, target.user, target.password, database)
    if any(ord(char) < ord(" ") for text in texts for char in text):
        return "its login has a character that no line of a file can hold"
    if any("%(" in text for text in texts):
        return "its login has %(, which Spirit takes for a variable"
    return None


def _is_verified(target: Target) -> bool:
    match target.tls:
        case TlsFiles():
            return True
        case Insecure():
            return False
        case None:
            return not target.is_local
        case _:
            assert_never(target.tls)


def _tls(target: Target) -> dict[str, str]:
    authorities = _authorities(target)
    if not _is_verified(target) or authorities is None:
        return {"tls-mode": "PREFERRED"}
    return {"tls-mode": "VERIFY_IDENTITY", "tls-ca": str(authorities)}


def _authorities(target: Target) -> Path | None:
    """Named in any case: without a file Spirit trusts the authority of one hosting company."""
    if isinstance(target.tls, TlsFiles) and target.tls.ca is not None:
        return target.tls.ca
    found = ssl.get_default_verify_paths().cafile
    return Path(found) if found is not None else None


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host
