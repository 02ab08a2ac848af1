"""What can go wrong with a server of our own, each worded once, each with its code."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reconciler.errors import InvalidInput, Problem, Unavailable
from reconciler.model.server import Flavor
from reconciler.plan.words import named_shards


def no_server(wanted: str) -> Unavailable:
    return Unavailable(
        Problem(
            code="server-not-found",
            message=f"found no {wanted} server: no mysqld or mariadbd of it on the PATH",
            recovery="install one (Debian, Ubuntu: `reconciler scratch fetch`, or `apt install "
            "mysql-server-core` or `mariadb-server-core`), or name a "
            "scratch connection in the spec, or for this machine alone in RECONCILER_SCRATCH",
        )
    )


def bad_option(name: str, value: str) -> InvalidInput:
    return InvalidInput(
        Problem(
            code="server-option-invalid",
            message=f"server option {name!r} = {value!r} cannot be passed to a server",
            recovery="use the name of a server variable, and a value of one line",
        )
    )


def server_died(step: str, path: Path, log_tail: str) -> Unavailable:
    return Unavailable(
        Problem(
            code="server-died",
            message=f"{path} ended while it should {step}; its last words:\n{log_tail.strip()}",
            recovery="fix what it complains about (memory, disk, AppArmor), then run again",
        )
    )


def server_too_slow(path: Path, seconds: float, log_tail: str) -> Unavailable:
    return Unavailable(
        Problem(
            code="server-too-slow",
            message=f"{path} did not answer within {seconds:.0f} s of its start; its last words:\n"
            f"{log_tail.strip()}",
            recovery="see whether the machine is overloaded, or its disk full, then run again",
        )
    )


def no_port(first: int, last: int) -> Unavailable:
    return Unavailable(
        Problem(
            code="server-no-port",
            message=f"every TCP port from {first} to {last} of this machine is taken",
            recovery="end what listens on them (`ss -ltnp` tells), then run again",
        )
    )


def no_system_tables(path: Path, flavor: Flavor) -> Unavailable:
    return Unavailable(
        Problem(
            code="server-incomplete",
            message=f"{path}: found no SQL files to make the {flavor} system tables from",
            recovery="install the whole mariadb-server-core package, or run `make servers`",
        )
    )


def server_stays(folder: Path) -> Unavailable:
    return Unavailable(
        Problem(
            code="server-stays",
            message=f"the server in {folder} was told to end and has not ended",
            recovery=f"look at {folder}/server.log, then run the same command again",
        )
    )


def sandbox_is_up(folder: Path) -> InvalidInput:
    return InvalidInput(
        Problem(
            code="sandbox-exists",
            message=f"there is a sandbox in {folder} already",
            recovery="use it (`reconciler sandbox status`), or end it (`reconciler sandbox down`)",
        )
    )


def sandbox_is_busy(folder: Path) -> Unavailable:
    return Unavailable(
        Problem(
            code="sandbox-busy",
            message=f"another `reconciler sandbox` is at work in {folder}",
            recovery="wait until it has ended, then run again",
        )
    )


def sandbox_is_unreadable(path: Path, reason: str) -> InvalidInput:
    return InvalidInput(
        Problem(
            code="sandbox-unreadable",
            message=f"{path} is not what `reconciler sandbox up` writes: {reason}",
            recovery="run `reconciler sandbox down`; it ends what runs in the folder all the same",
        )
    )


def sandbox_size_wrong(what: str, number: int, least: int, most: int) -> InvalidInput:
    return InvalidInput(
        Problem(
            code="sandbox-size",
            message=f"a sandbox cannot have {number} {what}: from {least} to {most} are possible",
            recovery=f"choose a number of {what} in that range",
        )
    )


def sandbox_keyspace_wrong(name: str) -> InvalidInput:
    return InvalidInput(
        Problem(
            code="sandbox-keyspace",
            message=f"{name!r} is no keyspace name, or too long to name databases with its shards",
            recovery="choose a short name of letters, digits, '_' and inner '-'",
        )
    )


def sandbox_is_missing(folder: Path) -> InvalidInput:
    return InvalidInput(
        Problem(
            code="sandbox-missing",
            message=f"there is no sandbox in {folder}",
            recovery="go to the folder where `reconciler sandbox up` was run, or name its folder"
            " with --folder",
        )
    )


def sandbox_shard_unknown(name: str, known: Sequence[str]) -> InvalidInput:
    return InvalidInput(
        Problem(
            code="sandbox-shard",
            message=f"the sandbox has no shard {name!r}",
            recovery=f"it has {named_shards(known)}",
        )
    )


def sandbox_sql_failed(shard: str, said: str) -> InvalidInput:
    return InvalidInput(
        Problem(
            code="sandbox-sql",
            message=f"shard {shard} of the sandbox does not take this: {said}",
            recovery="fix the statement; the shards named before this one have run it",
        )
    )
