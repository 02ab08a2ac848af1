"""How gh-ost is started.

Rules (EN-21): `--panic-on-warnings` always, or it loses rows and ends well; the swap is always
postponed by a file of this run, so that nothing but `cut_over` lets it go; none of its options that
drop what has a name; the server that is claimed and no other; user and password by its environment.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from reconciler.edges.client.target import Target
from reconciler.edges.client.tls import Insecure, TlsFiles
from reconciler.edges.engines.limits import (
    CHECKPOINT_EVERY_S,
    GH_OST_LOCK_WAIT_S_MAX,
)
from reconciler.ports.engine import EngineWork

SOCKET = "engine.sock"
LOGIN = "login.cnf"
POSTPONE = "postpone"
HOOKS = "hooks"

USER_VARIABLE = "ENGINE_USER"
PASSWORD_VARIABLE = "ENGINE_PASSWORD"
# gh-ost fills these in from its environment; in the file itself a password would be subject to the
# quoting of ini files.
LOGIN_FILE = f"[client]\nuser=${{{USER_VARIABLE}}}\npassword=${{{PASSWORD_VARIABLE}}}\n"
# It decodes each row of the copy once more, from the binary log, and throws it away. Where its
# memory may grow to five times what it holds before it is swept, and not to twice, that takes a
# fifth less CPU time, which the copy has then (1.1.10: 31 MB at most, at a million rows). What
# holds more is swept as often as it takes to stay below the second number.
_MEMORY = {"GOGC": "400", "GOMEMLIMIT": "512MiB"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """One start of it. `is_encrypted`: what our own connection to the server is."""

    program: Path
    folder: Path
    target: Target
    database: str
    table: str
    clauses: str
    server_id: int
    is_encrypted: bool


def environment(target: Target) -> dict[str, str]:
    return {USER_VARIABLE: target.user, PASSWORD_VARIABLE: target.password, **_MEMORY}


def command_line(start: Start, work: EngineWork) -> list[str]:
    target = start.target
    address = f"[{target.host}]:{target.port}" if ":" in target.host else _plain_address(target)
    return [
        str(start.program),
        f"--conf={start.folder / LOGIN}",
        f"--host={target.host}",
        f"--port={target.port}",
        f"--assume-master-host={address}",
        *_encryption(target, is_encrypted=start.is_encrypted),
        f"--database={start.database}",
        f"--table={start.table}",
        f"--alter={start.clauses}",
        "--execute",
        "--allow-on-master",
        "--assume-rbr",
        "--panic-on-warnings",
        "--exact-rowcount",
        "--checkpoint",
        f"--checkpoint-seconds={CHECKPOINT_EVERY_S}",
        f"--replica-server-id={start.server_id}",
        f"--serve-socket-file={start.folder / SOCKET}",
        f"--postpone-cut-over-flag-file={start.folder / POSTPONE}",
        f"--hooks-path={start.folder / HOOKS}",
        "--throttle-additional-flag-file=",  # by default one that anybody on the machine can make
        f"--cut-over-lock-timeout-seconds={_lock_wait_s(work)}",
        *_limits(work),
    ]


def _plain_address(target: Target) -> str:
    return f"{target.host}:{target.port}"


def _encryption(target: Target, *, is_encrypted: bool) -> list[str]:
    match target.tls:
        case TlsFiles(ca=ca, cert=cert, key=key):
            files = (("ca", ca), ("cert", cert), ("key", key))
            return ["--ssl", *(f"--ssl-{name}={path}" for name, path in files if path is not None)]
        case None if not target.is_local:
            return ["--ssl"]
        case None | Insecure():
            return ["--ssl", "--ssl-allow-insecure"] if is_encrypted else []
        case _:
            assert_never(target.tls)


def _lock_wait_s(work: EngineWork) -> int:
    return max(1, min(work.lock_wait_s, GH_OST_LOCK_WAIT_S_MAX))


def _limits(work: EngineWork) -> list[str]:
    """Not `--max-load`: its own reader of the binary log, and that of each copy beside it, would
    count as load for as long as it copies. The driver measures, and holds it up."""
    if work.replica_lag_max_s is None:
        return []
    return [f"--max-lag-millis={1_000 * max(1, work.replica_lag_max_s)}"]
