"""What a JSON Schema cannot say about `policy.allow`: what an entry is for, and its reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reconciler.errors import Problem
from reconciler.model.policy import says_nothing
from reconciler.spec.secrets import Path, dotted
from reconciler.spec.yaml_text import Document

_PROGRAMS = ("view", "procedure", "function", "trigger", "sequence", "event")
_SUBJECTS = ("table", "tables", "objects", *_PROGRAMS, "vindex", "vschema")
_WITHOUT_OBJECT = ("objects", "vindex", "vschema")


def check_permissions_written(document: Document, policy: Mapping[str, Any]) -> Iterator[Problem]:
    for i, entry in enumerate(policy.get("allow", ())):
        at: Path = ("policy", "allow", i)
        yield from _subject(document, at, entry)
        if says_nothing(entry["reason"]):
            yield _no_reason(document, at, entry["reason"])


def _subject(document: Document, at: Path, entry: Mapping[str, Any]) -> Iterator[Problem]:
    """Exactly one of them. Beside `objects`, an object would be said twice; a vindex and a setting
    have none."""
    given = [key for key in _SUBJECTS if key in entry]
    if not given:
        yield Problem(
            code="spec-missing-key",
            message=f"{dotted(at)} does not say which table it is for",
            recovery="add 'table', or 'tables', or 'objects' with the objects of each table; for"
            " a program its kind, such as 'view', for vschema.json also 'vindex' or 'vschema'",
            where=document.where(at),
        )
    if "object" in entry and any(key in given for key in _WITHOUT_OBJECT):
        given.append("object")
    if len(given) > 1:
        yield Problem(
            code="spec-bad-value",
            message=f"{dotted(at)} has {' and '.join(given)}, which say the same thing",
            recovery="keep one of them, and give the rest an entry of its own",
            where=document.where_key((*at, given[1])),
        )


def _no_reason(document: Document, at: Path, reason: str) -> Problem:
    return Problem(
        code="permission-without-reason",
        message=f"{dotted((*at, 'reason'))} gives no reason ({reason.strip()[:80]})",
        recovery="write why this is meant, in words that a reviewer and whoever reads the plan in a"
        " year can hold you to",
        where=document.where((*at, "reason")),
    )
