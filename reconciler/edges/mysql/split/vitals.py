"""How the server of a shard is while rows are copied from it or to it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reconciler.edges.mysql.connect import connect
from reconciler.edges.mysql.problems import as_unavailable
from reconciler.edges.mysql.server_settings import look_at_server
from reconciler.edges.mysql.target import resolve
from reconciler.edges.mysql.vital_signs import measure
from reconciler.guard.health import Vitals
from reconciler.spec.model import ShardSpec


def measure_shard(shard: ShardSpec, *, environ: Mapping[str, str], root: Path) -> Vitals:
    """Over a connection of its own: the split's own are busy. Raises Unavailable."""
    target = resolve(shard.connection, environ=environ, root=root, shard=shard.name)
    link = connect(target, program="reconciler, measuring")
    try:
        with as_unavailable(target.label):
            return measure(link, look_at_server(link).settings.version)
    finally:
        link.close()
