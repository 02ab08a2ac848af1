"""InnoDB's own list of the tables of a server, and how it writes their names.

A partition is a table of its own there: `db/t#p#p0`, and `db/t#P#p0` in MariaDB.
"""

from __future__ import annotations

import re

from reconciler.model.server import Flavor

INNODB_TABLES = {Flavor.MYSQL: "INNODB_TABLES", Flavor.MARIADB: "INNODB_SYS_TABLES"}

_ESCAPED = re.compile(r"@([0-9a-f]{4})")
_PARTITION = re.compile("#[Pp]#")


def place_of(name: str) -> tuple[str, str]:
    """The database and the table that a name of the list belongs to."""
    database, _, table = name.partition("/")
    return _unescaped(database), _unescaped(_PARTITION.split(table, maxsplit=1)[0])


def _unescaped(name: str) -> str:
    """A name as InnoDB writes it, `a@002db` for `a-b`; letters beyond ASCII keep InnoDB's form."""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), name)
