"""What a server is, as far as it gives a definition its meaning.

Two servers with equal `ServerSettings` read one CREATE TABLE text as the same table and print the
same table as the same text; normalising is therefore done once per distinct value, not per shard.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

#: Character sets, collations, names of variables: they go into statements and options.
SERVER_WORD = re.compile(r"[A-Za-z0-9_]{1,64}")

Fold = Callable[[str], str]


class Flavor(StrEnum):
    """The server family: their texts, their ALTERs and their catalogues differ."""

    MYSQL = "mysql"
    MARIADB = "mariadb"


@dataclass(frozen=True, slots=True, order=True)
class ServerVersion:
    """Flavor and version, e.g. mysql 9.7.4."""

    flavor: Flavor
    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.flavor} {self.major}.{self.minor}.{self.patch}"

    @property
    def series(self) -> str:
        """The release series, e.g. 'mysql 9.7': within one, definitions keep their meaning."""
        return f"{self.flavor} {self.major}.{self.minor}"

    def at_least(self, major: int, minor: int = 0, patch: int = 0) -> bool:
        return (self.major, self.minor, self.patch) >= (major, minor, patch)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """The settings of one shard's server and database that give a definition its meaning.

    `variables` are (name, value) pairs sorted by name: the global values that a scratch session or
    scratch server must copy (sql_mode, explicit_defaults_for_timestamp, ...).
    """

    version: ServerVersion
    variables: tuple[tuple[str, str], ...]
    database_charset: str
    database_collation: str
    database_encrypted: bool = False

    def variable(self, name: str) -> str | None:
        return dict(self.variables).get(name)

    @property
    def folds_names(self) -> bool:
        """Whether names of databases, tables and views are one that differ in case alone; so they
        are taken where it is not known."""
        return self.variable("lower_case_table_names") != "0"

    @property
    def fold(self) -> Fold:
        """What makes equal of what the server takes for one name of those."""
        return str.lower if self.folds_names else str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerError:
    """What a server answered to a statement: number and text, e.g. 1846 and its reason."""

    number: int
    message: str

    def __str__(self) -> str:
        return f"{self.message} ({self.number})"
