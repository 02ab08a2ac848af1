"""`reconciler sandbox`: a local sharded fleet on real servers, to try everything on."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from reconciler.cli.streams import remark, show
from reconciler.edges.server.sandbox import is_running, sandbox_down, sandbox_status, sandbox_up
from reconciler.edges.server.sandbox_sql import run_on_shards
from reconciler.edges.server.sandbox_state import Sandbox, SandboxProgram, SandboxServer
from reconciler.edges.vitess.local.sandbox import vitess_sandbox_up
from reconciler.model.server import Flavor
from reconciler.plan.words import count, named_shards

_folder = click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".sandbox"),
    show_default=True,
    help="Where data and record are kept.",
)


SHARDS, SERVERS, VITESS_SHARDS = 4, 2, 2


@click.group()
def sandbox() -> None:
    """A local sharded fleet on real MySQL or MariaDB servers, or a Vitess cluster."""


@sandbox.command()
@click.option(
    "--kind",
    type=click.Choice(["mysql", "vitess"]),
    default="mysql",
    show_default=True,
    help="Servers with a database for each shard, or a Vitess cluster on such servers.",
)
@click.option("--shards", type=int, help="Shards of the keyspace. Default: 4; of Vitess, 2.")
@click.option(
    "--servers", type=int, help="Server processes. Default: 2; of Vitess, always one a shard."
)
@click.option("--keyspace", default="commerce", show_default=True, help="Name of the keyspace.")
@click.option(
    "--flavor", type=click.Choice(["mysql", "mariadb"]), help="Default: whichever is at hand."
)
@_folder
def up(
    kind: str,
    shards: int | None,
    servers: int | None,
    keyspace: str,
    flavor: str | None,
    folder: Path,
) -> None:
    """Boot the servers and make an empty database for each shard.

    With `--kind vitess`: boot a Vitess cluster of one cell, with an empty keyspace that is sharded
    and a second one, KEYSPACE_main, that is not. Each shard has a tablet and a MySQL server.
    """
    if kind == "vitess":
        if servers is not None or flavor == "mariadb":
            raise click.UsageError(
                "Vitess has a MySQL server for each shard: leave out --servers and --flavor."
            )
        booted = vitess_sandbox_up(
            folder, keyspace=keyspace, shards=VITESS_SHARDS if shards is None else shards
        )
    else:
        booted = sandbox_up(
            folder,
            keyspace=keyspace,
            shards=SHARDS if shards is None else shards,
            servers=SERVERS if servers is None else servers,
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
    parts: list[tuple[str, SandboxServer | SandboxProgram]] = []
    parts += [(f"server {server.number}", server) for server in found.servers]
    parts += [(program.name, program) for program in found.vitess.programs] if found.vitess else []
    ended = [(name, part) for name, part in parts if not is_running(part)]
    for name, part in ended:
        remark(f"{name} has ended: see {part.folder}/server.log")
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
    lines = [f"keyspace {sandbox.keyspace}: {count(len(sandbox.shards), 'shard')}"]
    for server in sandbox.servers:
        own = [shard.name for shard in sandbox.shards if shard.server == server.number]
        names = named_shards(own).partition(" ")[2]  # without the noun
        lines.append(
            f"  server {server.number}  {server.version}  {server.host}:{server.port}  {names}"
        )
    if sandbox.vitess is not None:
        lines += [
            f"keyspace {sandbox.vitess.unsharded}: not sharded, on server 1",
            f"  vtgate  {sandbox.servers[0].host}:{sandbox.vitess.vtgate_port}, MySQL protocol",
            f"  vtctld  {sandbox.servers[0].host}:{sandbox.vitess.vtctld_port}, gRPC",
        ]
    return "\n".join(lines)
