"""What every kind of plan file is: one JSON document with an identity, nothing hidden in it.

The identity is the SHA-256 of the RFC 8785 canonical JSON of the core, so that neither white space
nor the order of keys matters, and nothing else escapes it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Collection, Iterator
from reprlib import repr as brief
from typing import Any, Protocol

import rfc8785

from reconciler.errors import Location, Problem, Refused
from reconciler.limits import PLAN_BYTES_MAX, PROBLEM_CHARS_MAX
from reconciler.model.fleet import is_environment_name, is_keyspace_name
from reconciler.plan.encoding import to_json
from reconciler.plan.limits import PLAN_VALUES_MAX
from reconciler.plan.visible import is_hidden, visible_line
from reconciler.strict_json import JsonUnreadable, read_json

# What can hide stands outside of ASCII, but for what JSON itself escapes, and DEL.
_HIDDEN = re.compile("[^\n -~]")
_FORMAT = re.compile(r"([1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})")
_PLAN_AGAIN = "make the plan again with `reconciler plan --write` and have it reviewed"


class Placed(Protocol):
    """The core of a plan."""

    @property
    def environment(self) -> str: ...

    @property
    def keyspace(self) -> str: ...


def identity_of(kind: str, plan_format: str, core: Any) -> str:
    """`kind` is a word in lower case: what is agreed to as a plan of one kind is none of another.
    Raises rfc8785.CanonicalizationError for what JSON does not keep exact."""
    content = f"reconciler/{kind}/{plan_format}\n".encode() + rfc8785.dumps(to_json(core))
    return "sha256:" + hashlib.sha256(content).hexdigest()


def render_document(document: dict[str, Any]) -> bytes:
    """Pretty-printed, one final newline. What hides from a reader is spelled as JSON spells it."""
    text = json.dumps(document, indent=1, ensure_ascii=False)
    return (_HIDDEN.sub(_json_escape, text) + "\n").encode()


def read_document(content: bytes, path: str, keys: Collection[str]) -> dict[str, Any]:
    """A document with exactly these keys. Raises Refused: empty, truncated, too large, no JSON."""
    document = _parse_json(content, path)
    if not document:
        raise plan_refused("plan-empty", "the plan file is empty: that is never a plan", path)
    for key in keys:
        if key not in document:
            raise plan_malformed(path, key, "is missing")
    return document


def check_no_other_keys(document: dict[str, Any], path: str, keys: Collection[str]) -> None:
    """Raises Refused."""
    for key in sorted(document.keys() - set(keys)):
        raise plan_malformed(path, brief(key), "is not a key of a plan")


def check_identity(found: Any, computed: str, path: str) -> None:
    """Raises Refused for a plan that was edited after it was made."""
    if found != computed:
        raise plan_refused(
            "plan-id-mismatch",
            f"the plan says it is {found!r}, but its content is {computed}:"
            " it was edited after it was made",
            path,
        )


def format_of(found: Any, path: str, own: str) -> str:
    """This format, `own`, or an earlier minor of it; what a later one says may not be understood
    here. Raises Refused."""
    ours = _FORMAT.fullmatch(own)
    theirs = _FORMAT.fullmatch(found) if isinstance(found, str) else None
    assert ours is not None
    if theirs is None:
        raise plan_malformed(path, "format", f"is {brief(found)}, expected {own}")
    major, minor = int(theirs[1]), int(theirs[2])
    if (major, minor) > (int(ours[1]), int(ours[2])):
        raise Refused(
            Problem(
                code="plan-format-newer",
                message=f"the plan is of format {found}; this version reads up to {own}",
                recovery="upgrade reconciler to the version that made the plan",
                where=Location(path=path),
            )
        )
    if major < int(ours[1]):
        raise plan_malformed(path, "format", f"is {found}, which this version no longer reads")
    return theirs[0]


def check_place(core: Placed, *, environment: str, keyspace: str) -> None:
    """Raises Refused for a plan that is for elsewhere."""
    if environment != core.environment:
        message = f"the plan is for environment {core.environment!r}, not for {environment!r}"
        raise plan_refused("plan-of-another-environment", message)
    if keyspace != core.keyspace:
        message = f"the plan is for keyspace {core.keyspace!r}, not for {keyspace!r}"
        raise plan_refused("plan-of-another-keyspace", message)


def place_errors(core: Placed) -> Iterator[str]:
    if not is_keyspace_name(core.keyspace):
        yield f"keyspace {core.keyspace!r} is not a keyspace name"
    if not is_environment_name(core.environment):  # it stands in commands that people paste
        yield f"environment {core.environment!r} is not the name of an environment"


def plan_malformed(path: str, place: str, reason: str) -> Refused:
    return plan_refused("plan-malformed", f"{place} {reason}", path)


def plan_refused(code: str, message: str, path: str | None = None) -> Refused:
    where = Location(path=path) if path is not None else None
    shown = visible_line(message, limit_chars=PROBLEM_CHARS_MAX)
    return Refused(Problem(code=code, message=shown, recovery=_PLAN_AGAIN, where=where))


def _json_escape(match: re.Match[str]) -> str:
    """Of characters beyond the first plane two: JSON spells them by halves."""
    character = match[0]
    return json.dumps(character)[1:-1] if is_hidden(character) else character


def _parse_json(content: bytes, path: str) -> dict[str, Any]:
    if not content.strip():
        raise plan_refused("plan-empty", "the plan file is empty: that is never a plan", path)
    if len(content) > PLAN_BYTES_MAX:
        raise plan_refused(
            "plan-too-large", f"the plan file is over {PLAN_BYTES_MAX:,} bytes", path
        )
    try:
        document = read_json(content, values_max=PLAN_VALUES_MAX)
    except JsonUnreadable as broken:
        raise plan_refused("plan-malformed", f"the plan file {broken.reason}", path) from None
    if not isinstance(document, dict):
        raise plan_refused("plan-malformed", "the plan file is not a JSON object", path)
    _check_open(content.decode(), path)
    return document


def _check_open(text: str, path: str) -> None:
    """What was reviewed must have been seen: what hides may be escaped in a plan, but not stand in
    it. A checkout may have brought line ends of its own (RV-1)."""
    for match in _HIDDEN.finditer(text.replace("\r\n", "\n")):
        if is_hidden(match[0]):
            line = text.count("\n", 0, text.index(match[0])) + 1
            what = f"line {line} holds U+{ord(match[0]):04X}, which nobody sees, unescaped"
            raise plan_refused("plan-malformed", what, path)
