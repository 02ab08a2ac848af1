"""What an environment does without verification, in words that every command shows."""

from __future__ import annotations

from reconciler.spec.model import Connection, Environment, Vtctld


def insecure_note(environment: Environment) -> str | None:
    """None where every server is verified, or on this machine."""
    shards = [shard.name for shard in environment.shards if _is_insecure(shard.connection)]
    parts = []
    if environment.vitess is not None:
        cluster = environment.vitess
        reached = (("vtgate", cluster.vtgate), ("vtctld", cluster.vtctld))
        parts += [name for name, address in reached if _is_insecure(address)]
    elif shards:
        parts.append(f"{len(shards)} of {len(environment.shards)} shards")
    if any(_is_insecure(shard.connection) for shard in environment.retiring):
        parts.append("retiring shards")
    if isinstance(environment.scratch, Connection) and _is_insecure(environment.scratch):
        parts.append("the scratch server")
    if "tls=insecure" in (environment.ledger or ""):
        parts.append("the ledger")
    if not parts:
        return None
    return (
        f"`tls: insecure` for {', '.join(parts)}: nobody verifies these servers, so whoever is on"
        " the network between can read and change everything, the password included"
    )


def _is_insecure(connection: Connection | Vtctld) -> bool:
    return connection.tls is not None and connection.tls.insecure
