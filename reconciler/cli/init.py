"""`reconciler init`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TextIO

import click
import yaml

from reconciler.cli import options
from reconciler.cli.phases import shown_phases
from reconciler.cli.presenting import exit_with, presentation
from reconciler.cli.streams import show
from reconciler.cli.trees import open_tree
from reconciler.cli.wire import Worlds
from reconciler.edges.files.writer import WorkingTreeWriter
from reconciler.flows.init import found_keyspace
from reconciler.limits import SPEC_BYTES_MAX
from reconciler.model.programs import ManagedKind
from reconciler.outcomes.ends import plan_code
from reconciler.report.render import init_report
from reconciler.spec.draft import draft_spec
from reconciler.spec.inventory import shards_of_inventory


@click.command()
@click.argument("keyspace")
@options.repository
@click.option(
    "-e",
    "--environment",
    "--env",
    "environment",
    default="production",
    show_default=True,
    help="The name of the environment in the new spec.",
)
@click.option("--shards", metavar="NAME,...", help="Shard names, e.g. -40,40-80,80-c0,c0-")
@click.option("--count", type=click.IntRange(1, 65536), help="Or: so many equal key ranges.")
@click.option(
    "--inventory",
    type=click.File(encoding="utf-8"),
    metavar="FILE",
    help="Or: a file with a line for each shard, NAME HOST[:PORT] [DATABASE]; - for what a command"
    " prints into this one.",
)
@click.option(
    "--vtgate",
    metavar="HOST:PORT",
    help="Or: the shards that Vitess' topology lists, over vtgate's MySQL port. Needs --vtctld.",
)
@click.option("--vtctld", metavar="HOST:PORT", help="The gRPC address of vtctld.")
@click.option("--host", default="127.0.0.1", show_default=True, help="May hold {shard}.")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=3306, show_default=True, help="Of every shard."
)
@click.option("--database", help="May hold {shard}.  [default: KEYSPACE_{shard}]")
@click.option(
    "--user-variable",
    default="SCHEMA_USER",
    show_default=True,
    help="The environment variable that holds the login.",
)
@click.option(
    "--password-variable",
    default="SCHEMA_PASSWORD",
    show_default=True,
    help="The environment variable that holds the password.",
)
@click.option("--tls-ca", metavar="FILE", help="The authority that signed the certificates.")
@click.option(
    "--tls-insecure",
    is_flag=True,
    help="Verify no certificate: who is on the network between can read and change everything.",
)
@click.option(
    "--environment-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A YAML file with the environment's block, instead of all of the above; the one that"
    " `reconciler sandbox up` writes will do.",
)
@click.option(
    "--manage",
    "kinds",
    multiple=True,
    type=click.Choice([kind.value for kind in ManagedKind if kind is not ManagedKind.TABLES]),
    help="Have this kind managed as well as tables. Once for each kind.",
)
@click.option(
    "--definer",
    metavar="USER@HOST",
    help="The account whose rights those have that have their definer's, as triggers always do.",
)
@click.option("--views", is_flag=True, help="The same as --manage views.")
@click.option("--views-definer", metavar="USER@HOST", help="As --definer, for views alone.")
@click.option("--from", "source", metavar="SHARD", help="The shard to take as the model.")
@options.output("text", "json")
def init(
    keyspace: str,
    repo: Path,
    environment: str,
    environment_file: Path | None,
    source: str | None,
    output: str,
    **described: Any,
) -> None:
    """Write a spec and schema files for KEYSPACE from a live fleet, and prove them by a plan.

    Login and password stay in environment variables; the spec only names them. The plan that
    follows is empty where all shards are alike, and shows what the others need where they are not.
    A fleet that has no table yet gets a spec only.
    """
    block = _block_of(environment_file) if environment_file else _block(keyspace, described)
    root = repo.resolve()
    text = draft_spec(keyspace, environment, block, manages=_managed(described))
    with shown_phases(), Worlds(root) as worlds:
        pulled, planned = found_keyspace(
            worlds.world_of,
            text,
            keyspace,
            environment,
            tree=open_tree(repo, None),
            writer=WorkingTreeWriter(root),
            source=source,
        )
    show(init_report(pulled, planned, presentation(output)))
    exit_with([plan_code(planned)] if planned else [])


def _managed(described: dict[str, Any]) -> dict[ManagedKind, str | None]:
    """Each kind beside tables, with the account whose rights it has."""
    named = {*described["kinds"], *([ManagedKind.VIEWS] if described["views"] else [])}
    definer, of_views = described["definer"], described["views_definer"]
    found: dict[ManagedKind, str | None] = {}
    for kind in (kind for kind in ManagedKind if kind in named):
        own = of_views if kind is ManagedKind.VIEWS else None
        found[kind] = (own or definer) if kind is not ManagedKind.SEQUENCES else None
    if of_views is not None and ManagedKind.VIEWS not in found:
        raise click.UsageError("--views-definer goes with --views.")
    if definer is not None and definer not in found.values():
        raise click.UsageError("--definer goes with --manage views, routines, triggers or events.")
    for kind in (ManagedKind.TRIGGERS, ManagedKind.EVENTS):
        if kind in found and definer is None:
            raise click.UsageError(
                f"--manage {kind} goes with --definer: each has an account's rights."
            )
    return found


def _block_of(path: Path) -> dict[str, Any]:
    """The block itself, or the only one of a file that names it."""
    try:
        found = yaml.safe_load(path.read_text())
    except yaml.YAMLError as error:
        raise click.UsageError(f"{path} is not YAML: {error}") from None
    if isinstance(found, dict) and len(found) == 1:
        (inner,) = found.values()
        found = inner if isinstance(inner, dict) else found
    if not isinstance(found, dict) or not {"shards", "vitess"} & found.keys():
        raise click.UsageError(f"{path} holds no environment: it has no `shards` or `vitess`.")
    return found


def _block(keyspace: str, described: dict[str, Any]) -> dict[str, Any]:
    shards, count, vtgate = described["shards"], described["count"], described["vtgate"]
    inventory: TextIO | None = described["inventory"]
    if sum(map(bool, (shards, count, vtgate, inventory))) != 1:
        raise click.UsageError(
            "Say which shards there are: one of --shards, --count, --inventory, or --vtgate with"
            " --vtctld."
        )
    if bool(vtgate) != bool(described["vtctld"]):
        raise click.UsageError("--vtgate and --vtctld go together.")
    login = {
        "user": f"${{{described['user_variable']}}}",
        "password": f"${{{described['password_variable']}}}",
    }
    tls = _tls_of(described)
    if vtgate:
        host, _, port = vtgate.rpartition(":")
        if not host or not port.isdigit():
            raise click.UsageError("--vtgate is HOST:PORT, such as vtgate.internal:15306.")
        reached = {"host": host, "port": int(port), **login, **tls}
        return {"vitess": {"vtgate": reached, "vtctld": {"address": described["vtctld"], **tls}}}
    connection: dict[str, Any] = {
        **({} if inventory else {"host": described["host"]}),
        "port": described["port"],
        "database": described["database"] or f"{keyspace}_{{shard}}",
        **login,
        **tls,
    }
    if inventory is not None:
        return {"connection": connection, "shards": _listed(inventory)}
    names = [name.strip() for name in shards.split(",")] if shards else {"count": count}
    return {"connection": connection, "shards": names}


def _listed(inventory: TextIO) -> list[dict[str, Any]]:
    source = "the inventory" if inventory.name == "<stdin>" else inventory.name
    try:
        text = inventory.read(SPEC_BYTES_MAX + 1)
    except UnicodeDecodeError:
        raise click.UsageError(f"{source} is no UTF-8.") from None
    if len(text) > SPEC_BYTES_MAX:
        raise click.UsageError(f"{source} has more than {SPEC_BYTES_MAX:,} characters.")
    return shards_of_inventory(text, source)


def _tls_of(described: dict[str, Any]) -> dict[str, Any]:
    if described["tls_ca"] and described["tls_insecure"]:
        raise click.UsageError("Either --tls-ca or --tls-insecure, not both.")
    if described["tls_ca"]:
        return {"tls": {"ca": described["tls_ca"]}}
    return {"tls": "insecure"} if described["tls_insecure"] else {}
