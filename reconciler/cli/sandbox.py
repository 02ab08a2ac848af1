"""`reconciler sandbox`: a local sharded fleet on real servers, to try everything on."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from reconciler.cli.streams import remark, show
from reconciler.edges.server.sandbox import is_running, sandbox_down, sandbox_status, sandbox_up
from reconciler.edges.server.sandbox_sql import run_on_shards
from reconciler.edges.server.sandbox_state import Sandbox
from reconciler.model.server import Flavor

_folder = click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".sandbox"),
    show_default=True,
    help="Where data and record are kept.",
)


@click.group()
def sandbox() -> None:
    """A local sharded fleet on real MySQL or MariaDB servers."""


@sandbox.command()
@click.option("--shards", type=int, default=4, show_default=True, help="Shards of the keyspace.")
@click.option("--servers", type=int, default=2, show_default=True, help="Server processes.")
@click.option("--keyspace", default="commerce", show_default=True, help="Name of the keyspace.")
@click.option(
    "--flavor", type=click.Choice(["mysql", "mariadb"]), help="Default: whichever is at hand."
)
@_folder
def up(shards: int, servers: int, keyspace: str, flavor: str | None, folder: Path) -> None:
    """Boot the servers and make an empty database for each shard."""
    booted = sandbox_up(
        folder,
        keyspace=keyspace,
        shards=shards,
        servers=servers,
        flavor=Flavor(flavor) if flavor else None,
    )
    show(_described(booted))
    show(
        f"\nnext: `. {folder}/sandbox.env`, then in a repository of yours"
        f" `reconciler init {keyspace} --environment-file {folder.resolve()}/sandbox.yaml`;"
        " `reconciler sandbox sql` loads tables"
    )


@sandbox.command(short_help="Show servers and shards.")
@_folder
def status(folder: Path) -> None:
    """Show servers and shards; exit 1 if there is no sandbox or a server has ended."""
    found = sandbox_status(folder)
    if found is None:
        show(f"no sandbox in {folder}")
        raise SystemExit(1)
    show(_described(found))
    ended = [server for server in found.servers if not is_running(server)]
    for server in ended:
        remark(f"server {server.number} has ended: see {server.folder}/server.log")
    raise SystemExit(1 if ended else 0)


@sandbox.command(short_help="Run SQL on its shards, e.g. to play drift.")
@_folder
@click.option(
    "--shard",
    "shards",
    metavar="NAME",
    multiple=True,
    help="Only this shard; may be given several times. Default: all of them.",
)
@click.argument("statements", default="-")
def sql(folder: Path, shards: tuple[str, ...], statements: str) -> None:
    """Run SQL on shards of the sandbox, as somebody would who works past git.

    STATEMENTS are read from standard input if they are left out: a file of your own tables, for
    one. It reaches servers of the sandbox and no others.
    """
    typed = sys.stdin.read() if statements == "-" else statements
    for shard, rows in run_on_shards(folder, typed, shards):
        for row in rows or (("done",),):
            show("\t".join([shard, *map(str, row)]))


@sandbox.command()
@_folder
def down(folder: Path) -> None:
    """End the servers and remove their data. Without a sandbox there is nothing to do."""
    show("sandbox is down" if sandbox_down(folder) else f"no sandbox in {folder}")


def _described(sandbox: Sandbox) -> str:
    lines = [f"keyspace {sandbox.keyspace}: {len(sandbox.shards)} shards"]
    for server in sandbox.servers:
        names = ", ".join(shard.name for shard in sandbox.shards if shard.server == server.number)
        lines.append(
            f"  server {server.number}  {server.version}  {server.host}:{server.port}  {names}"
        )
    return "\n".join(lines)
