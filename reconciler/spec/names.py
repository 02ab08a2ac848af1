"""File names of objects: where `pull` and `plan --revert` write a definition."""

from __future__ import annotations

import re
from collections.abc import Collection

from reconciler.model.object_id import ObjectId
from reconciler.model.programs import FOLDERS, MANAGED_AS


def definition_path(schema_dir: str, table: str) -> str:
    """In the schema directory whatever the table is called: what a file system takes for something
    else (a slash, a leading dot, white space) stands as %XX."""
    return f"{schema_dir}/{re.sub(r'[^A-Za-z0-9_$-]', _encoded, table)}.sql"


def program_path(schema_dir: str, about: ObjectId, taken: Collection[str]) -> str:
    """`taken` are paths in small letters. A procedure and a function may share a name and a folder:
    where one has the file, the other's says its kind behind a dot, which no other path has."""
    path = definition_path(f"{schema_dir}/{FOLDERS[MANAGED_AS[about.kind]]}", about.name)
    return f"{path.removesuffix('.sql')}.{about.kind}.sql" if path.lower() in taken else path


def _encoded(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode())
