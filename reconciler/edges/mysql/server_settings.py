"""What a server says about itself: version, the settings that give definitions their meaning, and
what tells it from every other server. One statement reads it all.

Left out on purpose: settings that only matter where a text is silent and ours never is, such as
character_set_server (the database's own character set decides, and that is read).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.limits import SETTINGS_CHARS_KNOWN_MAX, SETTINGS_KNOWN_MAX
from reconciler.edges.mysql.problems import (
    UNKNOWN_VARIABLE,
    ServerRefusal,
    misread,
    server_unsupported,
)
from reconciler.edges.mysql.reading import text
from reconciler.edges.mysql.server_texts import neutral
from reconciler.errors import Unavailable
from reconciler.model.server import SERVER_WORD, Flavor, ServerSettings, ServerVersion

_OLDEST = {Flavor.MYSQL: (8, 0, 0), Flavor.MARIADB: (10, 6, 0)}
# vtgate, asked for a keyspace: its version says nothing of the servers behind it (VT-13).
_MIMICS = (
    *("tidb", "oceanbase", "stonedb", "polardb-x", "singlestore", "doris", "starrocks"),
    "vitess",
)

_MEANING_EVERYWHERE = (
    "binlog_format",  # with log_bin: error 1674
    "default_storage_engine",
    "explicit_defaults_for_timestamp",
    "innodb_default_row_format",
    "innodb_file_per_table",
    "innodb_page_size",
    "innodb_strict_mode",
    "log_bin",
    "lower_case_table_names",
    "sql_mode",
)
_MEANING = {
    Flavor.MYSQL: (
        *_MEANING_EVERYWHERE,
        "default_collation_for_utf8mb4",
        "old_alter_table",
        "restrict_fk_on_non_standard_key",
        "sql_generate_invisible_primary_key",
        "sql_require_primary_key",
    ),
    Flavor.MARIADB: (
        *_MEANING_EVERYWHERE,
        "alter_algorithm",
        "character_set_collations",
        "check_constraint_checks",
        "innodb_force_primary_key",
        "innodb_instant_alter_column_allowed",
        "old_mode",
        "system_versioning_alter_history",
    ),
}
_IDENTITY = {
    Flavor.MYSQL: ("server_uuid",),
    # MariaDB has no uuid of its own before 11.x: these together are one server's only.
    Flavor.MARIADB: ("hostname", "port", "socket", "datadir", "pid_file", "server_id"),
}
# What keeps everybody, or all but administrators, from changing anything.
_READ_ONLY = {
    Flavor.MYSQL: ("innodb_read_only", "read_only", "super_read_only", "transaction_read_only"),
    Flavor.MARIADB: ("innodb_read_only", "read_only", "tx_read_only"),
}
# What engines that follow a table by its binary log, or by triggers, depend on (`EngineGround`).
_OF_ENGINES = (
    "binlog_format",
    "binlog_order_commits",
    "binlog_row_image",
    "binlog_row_value_options",
    "binlog_transaction_compression",
    "log_bin",
    "log_bin_compress",
    "log_bin_trust_function_creators",
    "log_replica_updates",
    "performance_schema",
    "sql_mode",
)
_PARTIAL_REVOKES = "partial_revokes"
_OFF = ("", "0", "OFF")
# Its character set, its collation, and whether what is made in it is encrypted, of which only
# MySQL's catalogue tells.
_OF_ANY_DATABASE = ("@@character_set_database", "@@collation_database", "'NO'")
_OF_DATABASE = {
    Flavor.MYSQL: (
        *_OF_ANY_DATABASE[:-1],
        (
            "(SELECT DEFAULT_ENCRYPTION FROM information_schema.SCHEMATA"
            " WHERE SCHEMA_NAME = DATABASE())"
        ),
    ),
    Flavor.MARIADB: _OF_ANY_DATABASE,
}
_VALUES_OF_DATABASE = len(_OF_ANY_DATABASE)

# Which of the variables a server lacks, by its address and the version it greets with: asked once
# per process. By the version alone, one server could speak for all others.
_lacking: dict[tuple[object, ...], frozenset[str]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLook:
    """`identity` is equal for two connections to one server, and is neither stored nor shown.
    `read_only` are the settings that keep it from being changed: it is the same server without.
    `of_engines` are those that engines' programs depend on."""

    settings: ServerSettings
    identity: str
    partial_revokes: bool
    read_only: tuple[str, ...] = field(default=(), compare=False)
    of_engines: tuple[tuple[str, str], ...] = field(default=(), compare=False)


def look_at_server(link: Link, *, for_statements: bool = False) -> ServerLook:
    """`for_statements`: without what only engines depend on, or whoever makes a database like this
    one. Raises ServerRefusal, LinkLost, or Unavailable for a server that is not supported."""
    greeting = link.server_version
    asked_of = (*link.target.address, greeting)
    flavor = Flavor.MARIADB if "mariadb" in greeting.lower() else Flavor.MYSQL
    while True:
        lacking = _lacking.get(asked_of, frozenset())
        names, sql = _question(flavor, lacking, for_statements=for_statements)
        try:
            # Of some of the variables MySQL says each time that they are deprecated.
            row = link.settings(sql, width=4 + len(names))
            break
        except ServerRefusal as refusal:
            unknown = re.search(r"'(?:\w+\.)?(\w+)'", refusal.error.message)
            if refusal.error.number != UNKNOWN_VARIABLE or unknown is None:
                raise
            if unknown[1] in lacking:
                raise
            _lacking[asked_of] = lacking | {unknown[1]}
    values = tuple(map(_text, row))
    is_short = sum(map(len, values)) <= SETTINGS_CHARS_KNOWN_MAX
    look = (known_look if is_short else known_look.__wrapped__)(flavor, names, values)
    if look is None:
        raise Unavailable(server_unsupported(link.target.label, neutral(values[0])))
    link.folds_names = look.settings.folds_names
    if for_statements:
        return look
    found = dict(zip(names, values[4:], strict=True))
    return replace(
        look, of_engines=tuple((n, neutral(found[n])) for n in _OF_ENGINES if n in found)
    )


@lru_cache(maxsize=SETTINGS_KNOWN_MAX)
def known_look(
    flavor: Flavor, names: tuple[str, ...], values: tuple[str, ...]
) -> ServerLook | None:
    """What the values say; None: it is no server that is supported. The shards of one server have
    the same, and each is asked: read once. Raises LinkLost for what is no answer."""
    version = parse_version(values[0])
    if version is None:
        return None
    found = dict(zip(names, values[4:], strict=True))
    variables = ((name, found[name]) for name in sorted(_MEANING[flavor]) if name in found)
    return ServerLook(
        settings=settings_of_database(version, tuple(variables), values[1:4]),
        identity=_identity(found.get(name, "") for name in _IDENTITY[flavor]),
        partial_revokes=found.get(_PARTIAL_REVOKES) == "1",
        read_only=_read_only(flavor, found),
    )


def look_again(link: Link, server: ServerLook) -> ServerLook:
    """The server of a look over a connection to the same address, as far as what keeps it from
    being changed, and how it takes grants, may be another by now. Raises ServerRefusal or
    LinkLost."""
    flavor = server.settings.version.flavor
    names = _names_again(link, flavor)
    row = link.settings(asked_again(link, flavor), width=len(names))
    found = dict(zip(names, map(_text, row), strict=True))
    return replace(
        server,
        partial_revokes=found.get(_PARTIAL_REVOKES) == "1",
        read_only=_read_only(flavor, found),
    )


def asked_again(link: Link, flavor: Flavor) -> str:
    """What `look_again` asks."""
    return "SELECT " + ", ".join(f"@@global.{name}" for name in _names_again(link, flavor))


def _names_again(link: Link, flavor: Flavor) -> list[str]:
    lacking = _lacking.get((*link.target.address, link.server_version), frozenset())
    return [name for name in (*_READ_ONLY[flavor], _PARTIAL_REVOKES) if name not in lacking]


def asks_of_database(flavor: Flavor) -> tuple[str, int]:
    """What `settings_of_database` and `is_answered_by` take, of the database that the session is
    in; and how many values that are."""
    asked = (*_OF_DATABASE[flavor], *(f"@@global.{name}" for name in _IDENTITY[flavor]))
    return "SELECT " + ", ".join(asked), len(asked)


def is_answered_by(server: ServerLook, row: Sequence[object]) -> bool:
    """Whether it was this server, and not one that a proxy leads to for another database."""
    return _identity(map(_text, row[_VALUES_OF_DATABASE:])) == server.identity


def _identity(values: Iterable[str]) -> str:
    return hashlib.sha256("\0".join(values).encode()).hexdigest()


def settings_of_database(
    version: ServerVersion, variables: tuple[tuple[str, str], ...], row: Sequence[object]
) -> ServerSettings:
    """Raises LinkLost for what is no answer."""
    charset, collation, encryption = map(_text, row[:_VALUES_OF_DATABASE])
    if not (SERVER_WORD.fullmatch(charset) and SERVER_WORD.fullmatch(collation)):
        raise misread()
    return ServerSettings(
        version=version,
        variables=variables,
        database_charset=charset,
        database_collation=collation,
        database_encrypted=encryption.upper() in ("YES", "Y"),
    )


def is_same_server(one: ServerLook, other: ServerLook) -> bool:
    """With the same settings, whichever databases they were looked at from."""
    return (one.identity, one.partial_revokes, one.settings.version, one.settings.variables) == (
        other.identity, other.partial_revokes, other.settings.version, other.settings.variables
    )  # fmt: skip


def parse_version(words: str) -> ServerVersion | None:
    """`8.0.36-28` (Percona), `10.11.6-MariaDB-1~deb12`, `8.0.mysql_aurora.3.04.0`; None: not one
    of the servers whose definitions are understood."""
    found = re.match(r"(?:5\.5\.5-)?(\d+)\.(\d+)(?:\.(\d+))?", words)
    if found is None or any(mimic in words.lower() for mimic in _MIMICS):
        return None
    flavor = Flavor.MARIADB if "mariadb" in words.lower() else Flavor.MYSQL
    version = ServerVersion(flavor, int(found[1]), int(found[2]), int(found[3] or 0))
    return version if version.at_least(*_OLDEST[flavor]) else None


@lru_cache(maxsize=SETTINGS_KNOWN_MAX)
def _question(
    flavor: Flavor, lacking: frozenset[str], *, for_statements: bool
) -> tuple[tuple[str, ...], str]:
    """The variables that are asked for, and the statement."""
    of_engines = () if for_statements else _OF_ENGINES
    others = (*_IDENTITY[flavor], *_READ_ONLY[flavor], *of_engines, _PARTIAL_REVOKES)
    every = dict.fromkeys((*_MEANING[flavor], *others))
    names = tuple(name for name in every if name not in lacking)
    of_database = _OF_ANY_DATABASE if for_statements else _OF_DATABASE[flavor]
    columns = ("VERSION()", *of_database, *(f"@@global.{name}" for name in names))
    return names, "SELECT " + ", ".join(columns)


def _read_only(flavor: Flavor, found: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(name for name in _READ_ONLY[flavor] if _is_on(found.get(name)))


def _is_on(value: str | None) -> bool:
    return (value or "").upper() not in _OFF


def _text(value: object) -> str:
    return "" if value is None else text(value)
