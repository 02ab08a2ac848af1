"""The address of a ledger on a MySQL server, read strictly.

Rule: only options that are known here, for an address comes from a file that others may change:
what a driver takes besides would let a server read files, or turn its verification off (CN-1).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from reconciler.edges.client.target import Target
from reconciler.edges.client.tls import Insecure, TlsFiles, TlsSetting
from reconciler.edges.ledger.limits import LEDGER_BUSY_S_MAX
from reconciler.edges.mysql.target import expand
from reconciler.errors import InvalidInput, Problem
from reconciler.spec.variables import VARIABLE

_FILES = {"ssl_ca": "ca", "ssl_cert": "cert", "ssl_key": "key"}
_OPTIONS = frozenset({"tls", "unix_socket", "charset", *_FILES})


def parse_address(text: str) -> URL:
    """Raises InvalidInput, which shows nothing of the text: it may hold a password."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # ValueError: its port is no number
        raise bad_address() from None
    match url.get_backend_name():
        case "mysql":
            return url
        case "sqlite" if _is_a_file(url):
            return url
        case _:
            raise bad_address()


def fill_in(text: str, environ: Mapping[str, str]) -> str:
    """The address with its variables filled in: one that is a single variable is taken as it is; in
    a login the value is written so that no character of a password ends it. Raises InvalidInput for
    a variable that is not set, or not for specs, and for a ledger that would keep nothing."""

    def value_of(variable: str) -> str:
        return expand(variable, environ, setting="ledger", label="the spec")

    if VARIABLE.fullmatch(text):
        return _kept(value_of(text))
    scheme, slashes, rest = text.partition("://")
    authority, slash, behind = rest.partition("/")
    login, at, place = authority.rpartition("@")
    encoded = VARIABLE.sub(lambda match: quote(value_of(match[0]), safe=""), login)
    return _kept(value_of(scheme) + slashes + encoded + at + value_of(place + slash + behind))


def from_root(address: str, root: Path) -> str:
    """Files that it names by relative paths are of the project at `root`, wherever the command
    runs: the action's steps, for one, work elsewhere."""
    url = parse_address(address)
    if url.get_backend_name() == "sqlite":
        return address if _is_absolute(url) else _text(url.set(database=_below(root, url.database)))
    files = {name: url.query[name] for name in _FILES if name in url.query}
    below = {name: _below(root, path) for name, path in files.items() if isinstance(path, str)}
    return _text(url.update_query_dict(below)) if below else address


def is_relative_file(address: str) -> bool:
    """Of a ledger's own file."""
    url = parse_address(address)
    return url.get_backend_name() == "sqlite" and not _is_absolute(url)


def _is_absolute(url: URL) -> bool:
    return Path(url.database or "").is_absolute()


def _below(root: Path, path: str | None) -> str:
    """What is absolute stays as it is."""
    return str(root / (path or ""))


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)


def _kept(address: str) -> str:
    """A ledger in memory would forget what was begun, and what was asked of it."""
    url = parse_address(address)
    if url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:"):
        raise bad_address()
    return address


def _is_a_file(url: URL) -> bool:
    """A path and nothing else."""
    is_plain = not (url.host or url.username or url.password or url.port or url.query)
    return is_plain and "\0" not in (url.database or "")


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
            recovery="write mysql://user:${LEDGER_PASSWORD}@host:3306/database or"
            " sqlite:////path/of/a/file; known options are tls, ssl_ca, ssl_cert, ssl_key,"
            " unix_socket; in a password that is written out / ? # @ : are %2F %3F %23 %40 %3A; or"
            " leave `ledger` out",
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
