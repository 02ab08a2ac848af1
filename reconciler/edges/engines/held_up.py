"""Who held up a program that gave up waiting for its table's lock: asked right after it has ended,
for a program says only that it waited."""

from __future__ import annotations

from dataclasses import replace

from reconciler.edges.mysql.blockers import blockers_in_words, find_blockers
from reconciler.edges.mysql.shard_link import ShardLink
from reconciler.errors import Unavailable
from reconciler.ports.engine import Failed


def naming_blocker(shard: ShardLink, table: str, failed: Failed) -> Failed:
    """With who holds a lock on the table now; as it was where nobody does, or nobody can tell."""
    flavor = shard.server.settings.version.flavor
    try:
        words = shard.looked(
            lambda link: blockers_in_words(find_blockers(link, table, flavor), flavor)
        )
    except Unavailable:
        return failed
    return replace(failed, blocker=words)
