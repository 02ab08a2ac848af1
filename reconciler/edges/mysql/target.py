"""A connection of the spec with its variables filled in.

Rule: an error here names variables and settings, never values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path

from reconciler.edges.client.target import Target
from reconciler.edges.client.tls import Insecure, TlsFiles, TlsSetting
from reconciler.errors import InvalidInput, Problem
from reconciler.spec.model import Connection, Tls
from reconciler.spec.variables import VARIABLE, may_fill_in

Filled = Callable[[str, str], str]


def resolve(
    connection: Connection,
    *,
    environ: Mapping[str, str],
    root: Path,
    shard: str | None,
    label: str = "the scratch connection",
) -> Target:
    """Fill in `${VARIABLE}` and `{shard}`; relative TLS paths are of the repository at `root`.
    `label` is what one that is no shard's is called.

    Raises InvalidInput for a variable that is not set and for a port that is no number.
    """
    if shard is not None:
        label = f"shard {shard}"

    def filled(setting: str, text: str) -> str:
        if shard is not None:
            text = text.replace("{shard}", shard)
        return expand(text, environ, setting=setting, label=label)

    def optional(setting: str, text: str | None) -> str | None:
        return None if text is None else filled(setting, text)

    return Target(
        label=label,
        host=filled("host", connection.host),
        port=_port(filled("port", connection.port), label),
        socket=optional("socket", connection.socket),
        database=optional("database", connection.database),
        user=filled("user", connection.user),
        password=filled("password", connection.password),
        tls=tls_setting(connection.tls, filled, root, label),
        connect_timeout_s=connection.connect_timeout_s,
        read_timeout_s=connection.read_timeout_s,
    )


def expand(text: str, environ: Mapping[str, str], *, setting: str, label: str) -> str:
    """`${VARIABLE}` filled in. Raises InvalidInput for one that is not set, or not for specs."""
    return VARIABLE.sub(lambda match: _value(match[1], setting, label, environ), text)


def required_database(target: Target) -> str:
    """The shard's database; without one there would be nothing to look at."""
    if not target.database:
        raise InvalidInput(
            Problem(
                code="connection-without-database",
                message=f"{target.label}: its connection names no database",
                recovery="add `database` to the connection in the spec, with {shard} in it",
            )
        )
    return target.database


def _value(variable: str, setting: str, label: str, environ: Mapping[str, str]) -> str:
    if not may_fill_in(variable, environ):
        raise InvalidInput(
            Problem(
                code="variable-not-allowed",
                message=f"{label}: `{setting}` asks for the environment variable {variable}, which"
                " a spec is not given",
                recovery="give it a name that begins with SCHEMA_, or with another of the words in"
                " docs/formats/spec.md; or have the job list it in RECONCILER_ALLOW_ENV",
            )
        )
    value = environ.get(variable)
    if value is None:
        raise InvalidInput(
            Problem(
                code="variable-not-set",
                message=f"{label}: `{setting}` needs the environment variable {variable}, which is"
                " not set",
                recovery=f"set {variable} where reconciler runs, then run the same command again",
            )
        )
    return value


def _port(text: str, label: str) -> int:
    if re.fullmatch(r"[0-9]{1,5}", text) and 1 <= int(text) <= 65_535:
        return int(text)
    raise InvalidInput(
        Problem(
            code="port-invalid",
            message=f"{label}: `port`, once its variables are filled in, is no number from 1 to"
            " 65535",
            recovery="fix `port` in the spec's connection, or the variable it names",
        )
    )


def tls_setting(tls: Tls | None, filled: Filled, root: Path, label: str) -> TlsSetting:
    """With its paths from the repository at `root`. Raises InvalidInput for a missing file."""
    if tls is None:
        return None
    if tls.insecure:
        return Insecure()

    def file(setting: str, text: str | None) -> Path | None:
        if text is None:
            return None
        path = root / filled(setting, text)
        if not path.is_file():
            raise InvalidInput(
                Problem(
                    code="tls-file-missing",
                    message=f"{label}: the file that `{setting}` names does not exist",
                    recovery=f"fix `{setting}` in the spec's connection; a relative path starts at"
                    " the repository",
                )
            )
        return path

    return TlsFiles(
        ca=file("tls.ca", tls.ca), cert=file("tls.cert", tls.cert), key=file("tls.key", tls.key)
    )
