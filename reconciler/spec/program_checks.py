"""What a JSON Schema cannot say about managed kinds, and definitions of programs against the spec.

Rule: nothing is dropped because a folder is empty or a kind is not named (PG-1), and no program has
rights that the spec does not name (PG-4).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from reconciler.ddl.definition.file import DefinitionFile
from reconciler.ddl.definition.program_file import ProgramFile
from reconciler.errors import Location, Problem
from reconciler.model.object_id import ObjectKind
from reconciler.model.programs import LIKE_TABLES, MANAGED_AS, ManagedKind, Security
from reconciler.model.shadow_tables import is_passing_trigger
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
    for kind in sound.get("unused", []):
        if kind in kinds:
            yield Problem(
                code="spec-bad-value",
                message=f"unused says that the fleet has no {kind}, and `manage` has them managed",
                recovery=f"take {kind} out of one of the two",
                where=document.where(("unused",)),
            )
    for kind in sound.get("definer", {}):
        if kind not in kinds:
            yield Problem(
                code="spec-bad-value",
                message=f"definer names an account for {kind}, which `manage` does not have",
                recovery=f"add {kind} to `manage`, or remove the account",
                where=document.where_key(("definer", kind)),
            )


def program_contradictions(
    programs: Sequence[ProgramFile], tables: Sequence[DefinitionFile], spec: SpecFile
) -> Iterator[Problem]:
    """What is wrong with programs that are sound by themselves."""
    not_managed: set[ManagedKind] = set()
    first: dict[tuple[object, str], tuple[str, str]] = {
        (_namespace(ObjectKind.TABLE), file.table.lower()): (file.path, file.table)
        for file in tables
    }
    for file in programs:
        about, kind = file.object_id, MANAGED_AS[file.object_id.kind]
        is_trigger = about.kind is ObjectKind.TRIGGER
        has_an_account = is_trigger or about.kind is ObjectKind.EVENT
        if not spec.policy.manages(kind):
            if kind not in not_managed:
                yield _not_managed(file, kind, spec)
            not_managed.add(kind)
            continue
        name = (_namespace(about.kind), about.name.lower())
        if (other := first.get(name)) is not None:
            yield _twice(file, *other)
        first.setdefault(name, (file.path, about.name))
        if is_trigger and is_passing_trigger(about.name):
            yield _problem(
                file,
                "table-ignored",
                f"trigger {about.name!r} is defined here, but engines and splits call their own so,"
                " and triggers of such names are left alone",
                "give it another name",
            )
        for pattern in spec.policy.ignore_tables:
            if fnmatchcase(about.name, pattern):
                yield _problem(
                    file,
                    "table-ignored",
                    f"{about.kind} {about.name!r} is defined here, but policy ignores {pattern!r}",
                    f"delete the file, or change `ignore_tables` in {spec.path}",
                )
        if file.security is Security.DEFINER and not spec.policy.definer_of(kind):
            yield _problem(
                file,
                "definer-not-named",
                f"{about.kind} {about.name!r} has its definer's rights, as every {about.kind}"
                f"{'' if has_an_account else ' without SQL SECURITY'} has, and the spec names no"
                " account for them",
                f"write {'' if has_an_account else 'SQL SECURITY INVOKER into the file, or '}"
                f"`definer: {{{kind}: {{account: user@host}}}}` into {spec.path}",
            )


def _namespace(kind: ObjectKind) -> object:
    """Objects of one namespace have one name each: a server folds none of these apart."""
    return ObjectKind.TABLE if kind in LIKE_TABLES else kind


def _not_managed(file: ProgramFile, kind: ManagedKind, spec: SpecFile) -> Problem:
    what = "it from the file" if file.table else "the folder"
    article = "an" if file.object_id.kind is ObjectKind.EVENT else "a"
    return Problem(
        code="kind-not-managed",
        message=f"{file.path} defines {article} {file.object_id.kind}, and the spec does not manage"
        f" {kind}",
        recovery=f"write `manage: [{', '.join((*spec.policy.manage, kind))}]` into {spec.path}, or"
        f" remove {what}",
        where=Location(path=file.path, line=file.first_line),
    )


def _twice(file: ProgramFile, other: str, name: str) -> Problem:
    about = file.object_id
    found = f"{about.kind} {about.name!r}"
    shared = "tables, views and sequences share their names"
    if about.kind not in LIKE_TABLES:
        shared = f"names of {about.kind}s are theirs alone in the whole keyspace"
    if name == about.name:
        message = f"{found} has the name of what {other} defines"
    else:
        message = f"{found} differs by case alone from {name!r}, which {other} defines"
        if about.kind in LIKE_TABLES:
            shared += ", and a server may fold their case"
        else:
            shared = f"no server tells {about.kind}s apart by case"
    return _problem(file, "program-twice", message, f"rename or remove one of the two: {shared}")


def _problem(file: ProgramFile, code: str, message: str, recovery: str) -> Problem:
    where = Location(path=file.path, line=file.first_line)
    return Problem(code=code, message=message, recovery=recovery, where=where)
