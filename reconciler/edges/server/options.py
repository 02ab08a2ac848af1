"""How our own servers are configured: what every one gets, by flavor and by purpose.

Names are the server variables', with underscores. What the caller passes wins over everything here
except the options that keep a server private: loopback only, its own folder, no other listener.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import assert_never

from reconciler.edges.server.problems import bad_option
from reconciler.model.server import Flavor

Options = Mapping[str, str]

HOST = "127.0.0.1"

# Fixed when a data folder is initialised; a data folder made without them refuses them later.
INITIAL_OPTIONS = ("innodb_page_size", "innodb_data_file_path", "lower_case_table_names")

_OPTION_NAME = re.compile(r"[a-z][a-z0-9_.]*")


class Purpose(StrEnum):
    """FLEET stands for production. SCRATCH holds definitions only, and nothing may run in it."""

    FLEET = "fleet"
    SCRATCH = "scratch"


# Throwaway data: an fsync buys nothing, and memory is for what is under test.
_ALWAYS: Options = {
    "character_set_server": "utf8mb4",
    "innodb_buffer_pool_dump_at_shutdown": "OFF",
    "innodb_buffer_pool_load_at_startup": "OFF",
    "innodb_doublewrite": "OFF",
    "innodb_flush_log_at_trx_commit": "2",
    "innodb_flush_method": "nosync",  # DDL syncs each file it makes: ten times the time on a disk
    # Of the 65,536 that the kernel has for the whole machine (fs.aio-max-nr), a server takes 2,300:
    # the twenty-ninth would not start.
    "innodb_use_native_aio": "OFF",
    "local_infile": "OFF",
    "max_connections": "300",
    "server_id": "1",
    "skip_name_resolve": "ON",
    "sync_binlog": "0",
}

_BY_FLAVOR: Mapping[Flavor, Options] = {
    # The redo log's size got its present name in 8.0.30.
    Flavor.MYSQL: {"loose_innodb_redo_log_capacity": "64M"},
    Flavor.MARIADB: {
        "innodb_log_file_size": "32M",
        "binlog_format": "ROW",
        # Off unless it is asked for; engines look there who waits for a table.
        "performance_schema_instrument": "wait/lock/metadata/sql/mdl=ON",
    },
}

_BY_PURPOSE: Mapping[Purpose, Options] = {
    Purpose.FLEET: {
        "innodb_buffer_pool_size": "64M",
        "log_bin": "binlog",  # as in production: error 1674 depends on it
        "performance_schema": "ON",  # who blocks whom is read from it
        # By it gh-ost sees who waits for a table. MariaDB has it off.
        "performance_schema_instrument": "wait/lock/metadata/sql/mdl=ON",
    },
    Purpose.SCRATCH: {
        "event_scheduler": "OFF",  # a CREATE EVENT in scratch would start to run
        "innodb_buffer_pool_size": "32M",
        # With a binary log, triggers are else for accounts that may do everything.
        "log_bin_trust_function_creators": "ON",
        "performance_schema": "OFF",
    },
}


def server_options(flavor: Flavor, purpose: Purpose, chosen: Options) -> dict[str, str]:
    """What the server is to be set to, before it is made private."""
    options = {**_ALWAYS, **_BY_FLAVOR[flavor], **_BY_PURPOSE[purpose], **normalized(chosen)}
    if options.get("log_bin", "").upper() in ("", "0", "OFF"):
        # There is no `--log-bin=OFF`: it would name the files "OFF".
        options.pop("log_bin", None)
        options["skip_log_bin"] = ""
    return options


def private_options(flavor: Flavor, folder: Path, socket: Path, port: int) -> dict[str, str]:
    """What keeps a server to itself; nobody overrides it."""
    options = {
        "bind_address": HOST,
        "datadir": str(folder / "data"),
        "init_file": str(folder / "init.sql"),
        "pid_file": str(folder / "mysqld.pid"),
        "port": str(port),
        "socket": str(socket),
        "tmpdir": str(folder / "tmp"),
    }
    match flavor:
        case Flavor.MYSQL:
            options |= {"mysqlx": "OFF", "secure_file_priv": "NULL"}
        case Flavor.MARIADB:
            # MariaDB has no value for "nowhere": an empty folder has to do.
            options |= {"secure_file_priv": str(folder / "files")}
        case _:
            assert_never(flavor)
    return options


def initial_options(chosen: Options) -> dict[str, str]:
    """The part of the options that the data folder is made with."""
    return {name: value for name, value in normalized(chosen).items() if name in INITIAL_OPTIONS}


def normalized(options: Options) -> dict[str, str]:
    """Names with underscores, in order; refuses what is no option or would be two lines."""
    normal = {}
    for name, value in sorted(options.items()):
        underscored = name.replace("-", "_").lower()
        if _OPTION_NAME.fullmatch(underscored) is None or not value.isprintable():
            raise bad_option(name, value)
        normal[underscored] = value
    return normal


def command_line(binary: Path, options: Options) -> list[str]:
    """`--no-defaults` first: no file of the machine may change what the server is."""
    as_root = ["--user=root"] if os.geteuid() == 0 else []
    return [str(binary), "--no-defaults", *as_root, *_arguments(options)]


def image_arguments(options: Options) -> list[str]:
    """For a server of which nobody knows yet what it is: it passes over what it does not know."""
    return _arguments({f"loose_{name.removeprefix('loose_')}": v for name, v in options.items()})


def _arguments(options: Options) -> list[str]:
    return [f"--{name}={value}" if value else f"--{name}" for name, value in options.items()]
