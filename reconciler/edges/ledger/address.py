"""The address of a ledger on a MySQL server, read strictly.

Rule: only options that are known here, for an address comes from a file that others may change:
what a driver takes besides would let a server read files, or turn its verification off (CN-1).
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from reconciler.edges.client.target import Target
from reconciler.edges.client.tls import Insecure, TlsFiles, TlsSetting
from reconciler.errors import InvalidInput, Problem
from reconciler.limits import LEDGER_BUSY_S_MAX

_FILES = {"ssl_ca": "ca", "ssl_cert": "cert", "ssl_key": "key"}
_OPTIONS = frozenset({"tls", "unix_socket", "charset", *_FILES})


def parse_address(text: str) -> URL:
    """Raises InvalidInput, which shows nothing of the text: it may hold a password."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # ValueError: its port is no number
        raise bad_address() from None
    if url.get_backend_name() not in ("sqlite", "mysql"):
        raise bad_address()
    return url


def mysql_target(url: URL) -> Target:
    """Raises InvalidInput for options that are not known, and for one given twice."""
    options = {name: value for name, value in url.query.items() if isinstance(value, str)}
    unknown = url.query.keys() - (options.keys() & _OPTIONS)
    if unknown or options.get("charset", "utf8mb4") != "utf8mb4" or not url.database:
        raise bad_address()
    return Target(
        label="the ledger",
        host=url.host or "localhost",
        port=url.port or 3306,
        socket=options.get("unix_socket"),
        database=url.database,
        user=url.username or "",
        password=str(url.password or ""),
        tls=_tls(options),
        connect_timeout_s=LEDGER_BUSY_S_MAX,
        read_timeout_s=LEDGER_BUSY_S_MAX,
    )


def bad_address() -> InvalidInput:
    return InvalidInput(
        Problem(
            code="ledger-url",
            message="`ledger` is neither an sqlite:// nor a mysql:// address that is understood",
            recovery="write mysql://user:${LEDGER_PASSWORD}@host/database (in a password, write"
            " / ? # @ : as %2F %3F %23 %40 %3A); known options are tls, ssl_ca, ssl_cert, ssl_key,"
            " unix_socket; or leave `ledger` out",
        )
    )


def _tls(options: dict[str, str]) -> TlsSetting:
    given = {ours: options[theirs] for theirs, ours in _FILES.items() if theirs in options}
    files = {name: Path(path).absolute() for name, path in given.items()}
    match options.get("tls"):
        case None if not files:
            return None
        case None | "true" if all(file.is_file() for file in files.values()):
            return TlsFiles(**files)
        case "insecure" if not files:
            return Insecure()
        case _:
            raise bad_address()
