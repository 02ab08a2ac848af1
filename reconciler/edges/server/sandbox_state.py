"""What a sandbox is, and the files in its folder that say so.

`sandbox.json` is the record, `sandbox.env` and `sandbox.yaml` are for its user: the variables to
export, and the environment to put into a spec. All of them are for their owner's eyes only.
"""

from __future__ import annotations

import json
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.edges.client.target import Target
from reconciler.edges.server.limits import SANDBOX_ANSWER_S_MAX, SANDBOX_CONNECT_S_MAX
from reconciler.edges.server.problems import sandbox_is_unreadable
from reconciler.edges.server.process import Login, Logins

FORMAT = 1
STATE_NAME, VARIABLES_NAME, SPEC_NAME = "sandbox.json", "sandbox.env", "sandbox.yaml"
VTCTLD_LOGIN_NAME = "vtctld-login.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxServer:
    """One server process; `number` counts from 1."""

    number: int
    folder: Path
    host: str
    port: int
    socket: Path
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxShard:
    name: str
    database: str
    server: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxProgram:
    """One process of a Vitess cluster that is no server: vtgate, vtctld, etcd, a tablet."""

    name: str
    folder: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxVitess:
    """What makes the servers a Vitess cluster. `unsharded` is a second keyspace on them."""

    cell: str
    unsharded: str
    vtgate_port: int
    vtctld_port: int
    programs: tuple[SandboxProgram, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A local fleet: one keyspace, its shards dealt out to the servers in turn."""

    folder: Path
    keyspace: str
    logins: Logins
    servers: tuple[SandboxServer, ...]
    shards: tuple[SandboxShard, ...]
    vitess: SandboxVitess | None = None

    def server_of(self, shard: SandboxShard) -> SandboxServer:
        return self.servers[shard.server - 1]


def target_of(server: SandboxServer, login: Login) -> Target:
    """On this machine, where nobody is between."""
    return Target(
        label=f"server {server.number} of the sandbox",
        host=server.host,
        port=server.port,
        socket=None,
        database=None,
        user=login.user,
        password=login.password,
        tls=None,
        connect_timeout_s=SANDBOX_CONNECT_S_MAX,
        read_timeout_s=SANDBOX_ANSWER_S_MAX,
    )


def write_state(sandbox: Sandbox) -> None:
    """The record comes last: it is what makes the folder a sandbox."""
    if sandbox.vitess is not None:
        admin = sandbox.logins.admin
        login = {"Username": admin.user, "Password": admin.password}  # as vtctldclient reads it
        _write(sandbox.folder / VTCTLD_LOGIN_NAME, json.dumps(login) + "\n")
    _write(sandbox.folder / VARIABLES_NAME, _variables_text(sandbox))
    _write(sandbox.folder / SPEC_NAME, _spec_text(sandbox))
    _write(sandbox.folder / STATE_NAME, json.dumps(_to_json(sandbox), indent=2) + "\n")


def read_state(folder: Path) -> Sandbox | None:
    """None where there is no sandbox."""
    path = folder / STATE_NAME
    try:
        text = path.read_text()
    except FileNotFoundError:
        return None
    try:
        return _from_json(folder, json.loads(text))
    except (ValueError, KeyError, TypeError) as error:
        raise sandbox_is_unreadable(path, repr(error)) from error


def remove_state(folder: Path) -> bool:
    """True if there was a record; a broken one is removed like a sound one."""
    was_there = (folder / STATE_NAME).exists()
    for name in (STATE_NAME, SPEC_NAME, VARIABLES_NAME, VTCTLD_LOGIN_NAME):
        (folder / name).unlink(missing_ok=True)
    return was_there


def _write(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    fresh.replace(path)


def _variables_text(sandbox: Sandbox) -> str:
    variables = {
        "SCHEMA_USER": sandbox.logins.admin.user,
        "SCHEMA_PASSWORD": sandbox.logins.admin.password,
        "SCHEMA_READER_USER": sandbox.logins.reader.user,
        "SCHEMA_READER_PASSWORD": sandbox.logins.reader.password,
    }
    for server in sandbox.servers:
        variables[f"SANDBOX_PORT_{server.number}"] = str(server.port)
        variables[f"SANDBOX_SOCKET_{server.number}"] = str(server.socket)
    if sandbox.vitess is not None:
        variables["SANDBOX_VTGATE_PORT"] = str(sandbox.vitess.vtgate_port)
        variables["SANDBOX_VTCTLD_PORT"] = str(sandbox.vitess.vtctld_port)
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())


def _spec_text(sandbox: Sandbox) -> str:
    if sandbox.vitess is not None:
        return _vitess_spec_text(sandbox.servers[0].host, sandbox.vitess)
    lines = [
        "# For `environments:` of a spec; the variables are in sandbox.env.",
        "sandbox:",
        "  connection:",
        f"    host: {sandbox.servers[0].host}",
        f'    database: "{sandbox.keyspace}_{{shard}}"',
        '    user: "${SCHEMA_USER}"',
        '    password: "${SCHEMA_PASSWORD}"',
        "  shards:",
    ]
    for shard in sandbox.shards:
        port = f"${{SANDBOX_PORT_{shard.server}}}"
        lines.append(f'    - {{name: "{shard.name}", connection: {{port: "{port}"}}}}')
    return "\n".join([*lines, ""])


def _vitess_spec_text(host: str, vitess: SandboxVitess) -> str:
    return f"""\
# For `environments:` of a spec with `kind: vitess`; the variables are in sandbox.env.
sandbox:
  vitess:
    vtgate:
      host: {host}
      port: "${{SANDBOX_VTGATE_PORT}}"
      user: "${{SCHEMA_USER}}"
      password: "${{SCHEMA_PASSWORD}}"
    vtctld:
      address: "{host}:${{SANDBOX_VTCTLD_PORT}}"
      user: "${{SCHEMA_USER}}"
      password: "${{SCHEMA_PASSWORD}}"
    cells: [{vitess.cell}]
"""


def _to_json(sandbox: Sandbox) -> dict[str, Any]:
    admin, reader = sandbox.logins.admin, sandbox.logins.reader
    return {
        "format": FORMAT,
        "keyspace": sandbox.keyspace,
        "logins": {
            "admin": {"user": admin.user, "password": admin.password},
            "reader": {"user": reader.user, "password": reader.password},
        },
        "servers": [
            {
                "number": server.number,
                "folder": server.folder.name,
                "host": server.host,
                "port": server.port,
                "socket": str(server.socket),
                "version": server.version,
            }
            for server in sandbox.servers
        ],
        "shards": [
            {"name": shard.name, "database": shard.database, "server": shard.server}
            for shard in sandbox.shards
        ],
        "vitess": _vitess_to_json(sandbox.vitess) if sandbox.vitess else None,
    }


def _vitess_to_json(vitess: SandboxVitess) -> dict[str, Any]:
    return {
        "cell": vitess.cell,
        "unsharded": vitess.unsharded,
        "vtgate_port": vitess.vtgate_port,
        "vtctld_port": vitess.vtctld_port,
        "programs": [{"name": p.name, "folder": p.folder.name} for p in vitess.programs],
    }


def _from_json(folder: Path, record: dict[str, Any]) -> Sandbox:
    if record["format"] != FORMAT:
        raise ValueError(f"format {record['format']}, expected {FORMAT}")
    logins = record["logins"]
    return Sandbox(
        folder=folder,
        keyspace=record["keyspace"],
        logins=Logins(admin=Login(**logins["admin"]), reader=Login(**logins["reader"])),
        servers=tuple(
            SandboxServer(
                number=server["number"],
                folder=folder / server["folder"],
                host=server["host"],
                port=server["port"],
                socket=Path(server["socket"]),
                version=server["version"],
            )
            for server in record["servers"]
        ),
        shards=tuple(SandboxShard(**shard) for shard in record["shards"]),
        vitess=_vitess_from_json(folder, record["vitess"]) if record.get("vitess") else None,
    )


def _vitess_from_json(folder: Path, record: dict[str, Any]) -> SandboxVitess:
    return SandboxVitess(
        cell=record["cell"],
        unsharded=record["unsharded"],
        vtgate_port=record["vtgate_port"],
        vtctld_port=record["vtctld_port"],
        programs=tuple(
            SandboxProgram(name=program["name"], folder=folder / program["folder"])
            for program in record["programs"]
        ),
    )
