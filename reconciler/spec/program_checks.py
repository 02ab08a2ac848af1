"""What a JSON Schema cannot say about managed kinds, and definitions of programs against the spec.

Rule: nothing is dropped because a folder is empty or a kind is not named (PG-1), and no program has
rights that the spec does not name (PG-4).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from reconciler.ddl.definition.file import DefinitionFile
from reconciler.ddl.definition.view_file import ViewFile
from reconciler.errors import Location, Problem
from reconciler.model.programs import ManagedKind, Security
from reconciler.spec.model import SpecFile
from reconciler.spec.yaml_text import Document


def check_managed(document: Document, sound: Mapping[str, Any]) -> Iterator[Problem]:
    kinds = sound.get("manage", [ManagedKind.TABLES])
    if ManagedKind.TABLES not in kinds:
        yield Problem(
            code="spec-bad-value",
            message="manage leaves tables out, which every keyspace has managed",
            recovery="add tables to the list",
            where=document.where(("manage",)),
        )
    for kind in sound.get("definer", {}):
        if kind not in kinds:
            yield Problem(
                code="spec-bad-value",
                message=f"definer names an account for {kind}, which `manage` does not have",
                recovery=f"add {kind} to `manage`, or remove the account",
                where=document.where_key(("definer", kind)),
            )


def view_contradictions(
    views: Sequence[ViewFile], tables: Sequence[DefinitionFile], spec: SpecFile
) -> Iterator[Problem]:
    """What is wrong with views that are sound by themselves: tables and views share their names."""
    if views and not spec.policy.manages(ManagedKind.VIEWS):
        yield Problem(
            code="kind-not-managed",
            message=f"{views[0].path} defines a view, and the spec does not manage views",
            recovery=f"add views to `manage` in {spec.path}, or remove the folder",
            where=Location(path=views[0].path, line=views[0].first_line),
        )
        return
    first: dict[str, str] = {file.table.lower(): file.path for file in tables}
    for view in views:
        other = first.setdefault(view.name.lower(), view.path)
        if other != view.path:
            yield _problem(
                view,
                "view-twice",
                f"view {view.name!r} has a name that {other} defines, or one that differs from it"
                " by case alone",
                "rename or remove one of the two: a view and a table share their names",
            )
        for pattern in spec.policy.ignore_tables:
            if fnmatchcase(view.name, pattern):
                yield _problem(
                    view,
                    "table-ignored",
                    f"view {view.name!r} is defined here, but policy ignores {pattern!r}",
                    f"delete the file, or change `ignore_tables` in {spec.path}",
                )
        if view.security is Security.DEFINER and not spec.policy.definer_of(ManagedKind.VIEWS):
            yield _problem(
                view,
                "definer-not-named",
                f"view {view.name!r} has its definer's rights, as every view without SQL SECURITY"
                " has, and the spec names no account for them",
                "write SQL SECURITY INVOKER into the file, or `definer: {views: {account:"
                f" user@host}}}}` into {spec.path}",
            )


def _problem(view: ViewFile, code: str, message: str, recovery: str) -> Problem:
    where = Location(path=view.path, line=view.first_line)
    return Problem(code=code, message=message, recovery=recovery, where=where)
