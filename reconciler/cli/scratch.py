"""`reconciler scratch`: a server of this machine's own, to try definitions on."""

from __future__ import annotations

import click

from reconciler.cli.streams import show
from reconciler.edges.fetching.packages import FetchError
from reconciler.edges.fetching.prefixes import alone
from reconciler.edges.fetching.servers import NAMES, provide
from reconciler.edges.server.find import fetched_folder
from reconciler.edges.server.warm import SeenWarm, end_warm_servers, warm_servers
from reconciler.errors import Problem, Unavailable
from reconciler.outcomes.exit_code import ExitCode
from reconciler.plan.words import count
from reconciler.report.times import duration


@click.group()
def scratch() -> None:
    """Servers to try definitions on: fetched, or kept for the next command."""


@scratch.command()
@click.argument(
    "names", nargs=-1, type=click.Choice(NAMES), metavar="[mysql|mariadb|mariadb-10]..."
)
def fetch(names: tuple[str, ...]) -> None:
    """Fetch a MySQL or MariaDB server for this user. Default: mysql.

    On Debian and Ubuntu, with the machine's own package sources and their signatures, without root
    and without a change to the system: it is put into ~/.local/share/reconciler/servers, where
    `scratch: auto` and `reconciler sandbox` find it. Which release there is, is for the archive to
    say; removing the folder is all that removes it.
    """
    folder = fetched_folder()
    if folder is None or not folder.is_absolute():
        raise click.UsageError("There is no HOME to put a server into.")
    try:
        with alone(folder):
            for name in dict.fromkeys(names or NAMES[:1]):
                provide(name, folder, show)
    except FetchError as error:
        raise Unavailable(_not_fetched(str(error))) from None
    except OSError as error:
        why = f"{folder} cannot be written to: {error.strerror or error}"
        raise Unavailable(_not_fetched(why)) from None


@scratch.command(short_help="Show the servers that stay for the next command.")
def status() -> None:
    """Show the servers that stay behind their commands, as `scratch: {keep: …}` has it."""
    found = warm_servers()
    for seen in found:
        show(_line(seen))
    if not found:
        show("no scratch server is kept")


def _line(seen: SeenWarm) -> str:
    server = seen.server
    if seen.unused_s is None:
        return f"{server.version}: a command uses it"
    left = max(0.0, server.stays_s - seen.unused_s)
    return f"{server.version}: unused for {duration(seen.unused_s)}, ends in {duration(left)}"


@scratch.command(short_help="End the servers that stay for the next command.")
def stop() -> None:
    """End the servers that stay behind their commands. One that a command uses is left alone: exit
    1 then."""
    ended = end_warm_servers()
    left = len(warm_servers())
    show(f"ended {count(ended, 'server')}" if ended else "no unused scratch server is kept")
    if left:
        show(f"{count(left, 'server')} left alone: a command uses it")
        raise SystemExit(ExitCode.ERROR)


def _not_fetched(why: str) -> Problem:
    return Problem(
        code="scratch-not-fetched",
        message=f"no server was fetched: {why}",
        recovery="run `reconciler scratch fetch` again when that is mended, or name a server of the"
        " shards' release in RECONCILER_SCRATCH",
    )
