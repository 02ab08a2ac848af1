"""`scratch: auto`: throwaway servers from a mysqld or mariadbd at hand.

One for each distinct set of settings that only a whole server can have; the rest is a session's.
"""

from __future__ import annotations

from reconciler.edges.client.target import Target
from reconciler.edges.kept import Stays
from reconciler.edges.mysql.limits import SCRATCH_ANSWER_S_MAX, SCRATCH_CONNECT_S_MAX
from reconciler.edges.server.find import ServerBinary, find_servers
from reconciler.edges.server.options import HOST, Options, Purpose
from reconciler.edges.server.process import Login, RunningServer, start_server
from reconciler.errors import Problem, Refused
from reconciler.model.server import Flavor, ServerSettings, ServerVersion

# What cannot be set for a session; the server is started with it, or must have it.
SERVER_WIDE = (
    "innodb_default_row_format",
    "innodb_file_per_table",
    "innodb_force_primary_key",
    "innodb_instant_alter_column_allowed",
    "innodb_page_size",
    "log_bin",
    "lower_case_table_names",
)


def server_wide(settings: ServerSettings) -> tuple[tuple[str, str], ...]:
    """The settings of `settings` that a scratch server must share; the version is compared by
    itself. `binlog_format` means nothing without a binary log."""
    names = [*SERVER_WIDE]
    if settings.variable("log_bin") == "1":
        names.append("binlog_format")
    if settings.version.flavor is Flavor.MARIADB and not settings.version.at_least(10, 8, 2):
        names.append("explicit_defaults_for_timestamp")  # a session could not set it before
    found = ((name, settings.variable(name)) for name in sorted(names))
    return tuple((name, value) for name, value in found if value is not None)


def release(version: ServerVersion) -> str:
    """Within a series definitions keep their meaning; MySQL 8.0 alone grew features all along."""
    return str(version) if version.series == "mysql 8.0" else version.series


def options_like(settings: ServerSettings) -> Options:
    """With which a server is started to have these."""
    return {name: _option(name, value) for name, value in server_wide(settings)}


def start_scratch_server(
    settings: ServerSettings, binary: ServerBinary | None = None, stays: Stays | None = None
) -> tuple[RunningServer, Target]:
    """Raises Refused if no server at hand is of the right release, Unavailable if it fails."""
    server = start_server(
        binary or choose_server(settings.version),
        purpose=Purpose.SCRATCH,
        options=options_like(settings),
        stays=stays,
    )
    return server, scratch_target(server.port, str(server.socket), server.admin)


def scratch_target(port: int, socket: str | None, login: Login) -> Target:
    return Target(
        label="the throwaway scratch server",
        host=HOST,
        port=port,
        socket=socket,
        database=None,
        user=login.user,
        password=login.password,
        tls=None,
        connect_timeout_s=SCRATCH_CONNECT_S_MAX,
        read_timeout_s=SCRATCH_ANSWER_S_MAX,
    )


def choose_server(wanted: ServerVersion) -> ServerBinary:
    """Of those at hand. Raises Refused."""
    fitting = [binary for binary in find_servers() if release(binary.version) == release(wanted)]
    if not fitting:
        series = release(wanted)
        raise Refused(
            Problem(
                code="scratch-not-found",
                message=f"the shards run {wanted}, and no server of {series} is at hand to try"
                " definitions on",
                recovery=f"put a mysqld or mariadbd of {series} on the PATH (on Debian and Ubuntu,"
                " `reconciler scratch fetch` fetches what the archive has), or name one of that"
                " release: as `scratch` in the spec (in CI: a service container), or for this"
                " machine alone, such as a container of Docker or Podman:"
                f" `export RECONCILER_SCRATCH='{{image: {series.replace(' ', ':')}}}'`",
            )
        )
    exact = [binary for binary in fitting if binary.version == wanted]
    return (exact or sorted(fitting, key=lambda binary: binary.version, reverse=True))[0]


def _option(name: str, value: str) -> str:
    if name != "log_bin":
        return value
    return "binlog" if value == "1" else "OFF"
