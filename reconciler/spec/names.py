"""File names of objects: where `pull` and `plan --revert` write a definition."""

from __future__ import annotations

import re

from reconciler.model.object_id import ObjectId
from reconciler.model.programs import FOLDERS, MANAGED_AS


def definition_path(schema_dir: str, table: str) -> str:
    """In the schema directory whatever the table is called: what a file system takes for something
    else (a slash, a leading dot, white space) stands as %XX."""
    return f"{schema_dir}/{re.sub(r'[^A-Za-z0-9_$-]', _encoded, table)}.sql"


def program_path(schema_dir: str, about: ObjectId) -> str:
    return definition_path(f"{schema_dir}/{FOLDERS[MANAGED_AS[about.kind]]}", about.name)


def _encoded(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match[0].encode())
