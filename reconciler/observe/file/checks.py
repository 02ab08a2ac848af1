"""What a file says of servers, held to what a look at a server holds a server to (RG-25).

Settings go into statements and options of the scratch server, and tables of other databases are
made on it. Whoever looks at a server takes no setting that could be more than a word
(`edges/mysql/server_settings.py`), and a table only from a definition that was read strictly
(SV-3); what comes by a file was looked at by somebody, or was not.
"""

from __future__ import annotations

from reconciler.ddl.read import read_table
from reconciler.ddl.render import render_table
from reconciler.errors import ReconcilerError
from reconciler.model.observation import CrossDatabaseChild, ObservedShard, keys_alone
from reconciler.model.server import SERVER_WORD, ServerSettings, ServerVersion
from reconciler.strict_values import Mismatch


def check_shard(shard: ObservedShard) -> None:
    """Raises Mismatch."""
    _check_settings(shard.settings, f"settings of shard {shard.shard}")
    for child in shard.cross_database_children or ():
        place = f"a table of another database, beside shard {shard.shard}"
        _check_child(child, shard.settings.version, place)


def _check_settings(settings: ServerSettings, place: str) -> None:
    """Raises Mismatch."""
    version = settings.version
    if min(version.major, version.minor, version.patch) < 0:
        raise Mismatch(place, "are of a version that no server has")
    for word in (settings.database_charset, settings.database_collation):
        if SERVER_WORD.fullmatch(word) is None:
            raise Mismatch(place, "name no character set, or no collation")
    names = [name for name, _ in settings.variables]
    if names != sorted(set(names)) or not all(map(SERVER_WORD.fullmatch, names)):
        raise Mismatch(place, "are not variables, each once, sorted by name")
    if not all(value.isprintable() for _, value in settings.variables):
        raise Mismatch(place, "have a value of more than a line")


def _check_child(child: CrossDatabaseChild, version: ServerVersion, place: str) -> None:
    """Of a table that no text came with: what it would be said as must be read as that very table,
    which has the columns of its foreign keys, those keys, and nothing else."""
    if child.table is None:
        return
    bare = keys_alone(child.table, child.table.foreign_keys)
    if child.table.name != child.name or child.table != bare:
        raise Mismatch(place, "has more than the columns of its foreign keys")
    try:
        said = read_table(render_table(child.table, version), version)
    except ReconcilerError:
        said = None
    if said != child.table:
        raise Mismatch(place, "is none that a server could have shown")
