"""Where Temporal is, as a command line or its environment says it; and whether its library is
there.

The library is an extra of the package: whoever does not ask for it never loads it.
"""

from __future__ import annotations

import getpass
import importlib
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import click

from reconciler.cli.tokens import as_token, token_in
from reconciler.cli.who import process_token
from reconciler.edges.temporal.place import TemporalPlace
from reconciler.errors import Problem, Unavailable, UsageError
from reconciler.ports.rollouts import Rollouts

Command = TypeVar("Command", bound=Callable[..., Any])

# No option: what stands on a command line is read by whoever sees the machine's processes.
_API_KEY = "RECONCILER_TEMPORAL_API_KEY"
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def of_temporal(command: Command) -> Command:
    """`temporal`: a TemporalPlace."""

    def option(name: str, variable: str, help_line: str, **more: Any) -> Any:
        return click.option(name, envvar=f"RECONCILER_TEMPORAL{variable}", help=help_line, **more)

    for each in (
        option(
            "--api-key-file",
            "_API_KEY_FILE",
            "Holds the API key to show, read again while a worker runs; in place of"
            " RECONCILER_TEMPORAL_API_KEY.",
            type=_FILE,
            metavar="FILE",
        ),
        option("--tls-key", "_TLS_KEY", "The key of --tls-cert.", type=_FILE, metavar="FILE"),
        option("--tls-cert", "_TLS_CERT", "The certificate to show.", type=_FILE, metavar="FILE"),
        option(
            "--tls-ca",
            "_TLS_CA",
            "Whom to trust; by default, anywhere but on this machine, whom the machine trusts.",
            type=_FILE,
            metavar="FILE",
        ),
        option(
            "--namespace",
            "_NAMESPACE",
            "The namespace that keeps the rollouts.",
            default="default",
            show_default=True,
            metavar="NAME",
        ),
        option("--temporal", "", "Where Temporal is.", metavar="HOST:PORT"),
    ):
        command = each(command)
    return command


def place_of(
    temporal: str | None,
    namespace: str,
    tls_ca: Path | None,
    tls_cert: Path | None,
    tls_key: Path | None,
    api_key_file: Path | None,
) -> TemporalPlace:
    """Raises UsageError where nothing says where it is."""
    if not temporal:
        raise UsageError(
            Problem(
                code="temporal-not-named",
                message="nothing says where Temporal is",
                recovery="give --temporal HOST:PORT, or set RECONCILER_TEMPORAL",
            )
        )
    if (tls_cert is None) is not (tls_key is None):
        raise click.UsageError("--tls-cert and --tls-key go together.")
    ca, certificate, key = (
        one.read_bytes() if one else None for one in (tls_ca, tls_cert, tls_key)
    )
    api_key = os.environ.get(_API_KEY, "")
    return TemporalPlace(
        address=temporal,
        namespace=namespace,
        ca=ca,
        certificate=certificate,
        key=key,
        api_key=partial(_key_now, api_key_file, api_key) if api_key_file or api_key else None,
    )


def _key_now(file: Path | None, variable: str) -> str:
    key = token_in(file) if file else as_token(variable)
    if key is None:
        raise Unavailable(
            Problem(
                code="temporal-key-unreadable",
                message=f"{'the file of --api-key-file' if file else _API_KEY} holds no API key"
                " that could be sent",
                recovery="put the key there, alone; whoever renews one in a file writes it under"
                " another name first: `mv` puts it in place at once",
            )
        )
    return key


def rollouts_at(place: TemporalPlace) -> Rollouts:
    """Raises Unavailable where the extra is not installed."""
    client = _library("client")
    made: Rollouts = client.TemporalRollouts(place=place, name=name_of("command"))
    return made


def worker_library() -> Any:
    """Raises as `rollouts_at`."""
    return _library("worker")


def name_of(task: str) -> str:
    """As Temporal will keep it with all that the process does: neither a machine nor an account."""
    return f"{task}-{process_token()}"


def who_asks() -> str:
    """The account, and no machine: it is kept where people without any right there can read it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "somebody without a name"


def _library(module: str) -> Any:
    try:
        return importlib.import_module(f"reconciler.edges.temporal.{module}")
    except ModuleNotFoundError as missing:
        if (missing.name or "").partition(".")[0] != "temporalio":
            raise
        raise Unavailable(
            Problem(
                code="temporal-not-installed",
                message="this installation has no Temporal: its library is an extra",
                recovery="install it: `pip install 'reconciler[temporal]'`",
            )
        ) from None
