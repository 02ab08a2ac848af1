"""By what a table is known again under another name: the digest of its definition."""

from __future__ import annotations

import re

from reconciler.ddl.quote import quote_identifier
from reconciler.edges.engines.ownership import digest
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.reading import read_definition

_NEXT_NUMBER = re.compile(r" AUTO_INCREMENT=\d+", re.ASCII)


def definition_digest(link: Link, table: str, *, called: str) -> str | None:
    """Of the table's definition, as if its name were `called`; None: there is no such table.
    Without the number that the next row gets. Raises ServerRefusal or LinkLost."""
    definition = read_definition(link, table)
    if definition is None:
        return None
    begins = f"CREATE TABLE {quote_identifier(table)}"
    renamed = f"CREATE TABLE {quote_identifier(called)}" + definition.removeprefix(begins)
    # MySQL: a CHECK that was given no name has one of the table's, and is renamed with it.
    renamed = renamed.replace(f"CONSTRAINT `{table}_chk_", f"CONSTRAINT `{called}_chk_")
    return digest(_NEXT_NUMBER.sub("", renamed, count=1))
