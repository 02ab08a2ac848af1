"""Plans to bytes and back, and the identity that a review binds to.

A plan id is the SHA-256 of the RFC 8785 canonical JSON of the core, so that neither white space nor
the order of keys matters, and nothing else escapes it. Reading is strict: a key too many, a key too
few or a value of another type refuses (PL-7); nothing in a plan file is taken on trust. A field
that has its default is not written, so that a format may gain fields without changing any id.
"""

from __future__ import annotations

import hashlib
import json
import re
from reprlib import repr as brief
from typing import Any

import rfc8785

from reconciler.errors import Location, Problem, Refused
from reconciler.limits import PLAN_BYTES_MAX, PROBLEM_CHARS_MAX
from reconciler.model.policy import Hazard
from reconciler.plan.commitment import reasons_of, reasons_sha256, with_reasons
from reconciler.plan.limits import PLAN_VALUES_MAX
from reconciler.plan.model import PLAN_FORMAT, Plan, PlanCore, PlanMeta
from reconciler.plan.visible import is_hidden, visible_line
from reconciler.strict_json import JsonUnreadable, read_json
from reconciler.strict_values import Mismatch, StrictValues

# What can hide stands outside of ASCII, but for what JSON itself escapes, and DEL.
_HIDDEN = re.compile("[^\n -~]")
_FORMAT = re.compile(r"([1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})")
_PLAN_AGAIN = "make the plan again with `reconciler plan --write` and have it reviewed"
_KEYS = ("format", "core", "plan_id", "reasons", "meta")

# Sentences stand beside the core, bound to it by digest: they are no part of what is hashed.
_VALUES = StrictValues("a plan", {Hazard: frozenset({"reason"})})


def plan_id_of(core: PlanCore, plan_format: str = PLAN_FORMAT) -> str:
    content = f"reconciler/plan/{plan_format}\n".encode() + rfc8785.dumps(_VALUES.to_json(core))
    return "sha256:" + hashlib.sha256(content).hexdigest()


def plan_from_core(core: PlanCore, meta: PlanMeta, plan_format: str = PLAN_FORMAT) -> Plan:
    plan_id = plan_id_of(core, plan_format)
    return Plan(core=core, plan_id=plan_id, meta=meta, format=plan_format)


def dump_plan(plan: Plan) -> bytes:
    """The plan file: pretty-printed, keys in the order of the fields, one final newline. What hides
    from a reader is spelled as JSON spells it."""
    document = {
        "format": plan.format,
        "core": _VALUES.to_json(plan.core),
        "plan_id": plan.plan_id,
        "reasons": reasons_of(plan.core),
        "meta": _VALUES.to_json(plan.meta),
    }
    text = json.dumps(document, indent=1, ensure_ascii=False)
    return (_HIDDEN.sub(_json_escape, text) + "\n").encode()


def load_plan(content: bytes, path: str) -> Plan:
    """Read a plan file of this format or an earlier minor of it. Raises Refused: empty, truncated,
    edited, of a newer format, malformed."""
    document = _parse_json(content, path)
    if not document:
        raise _refused(path, "plan-empty", "the plan file is empty: that is never a plan")
    for key in _KEYS:
        if key not in document:
            raise _malformed(path, key, "is missing")
    plan_format = _format_of(document["format"], path)
    try:
        core = _VALUES.from_json(document["core"], PlanCore, "core")
        core = _with_reasons(
            core, _VALUES.from_json(document["reasons"], tuple[str, ...], "reasons")
        )
        meta = _VALUES.from_json(document["meta"], PlanMeta, "meta")
    except Mismatch as mismatch:
        raise _malformed(path, mismatch.place, mismatch.reason) from None
    for key in sorted(document.keys() - set(_KEYS)):
        raise _malformed(path, brief(key), "is not a key of a plan")
    try:
        plan = plan_from_core(core, meta, plan_format)
    except rfc8785.CanonicalizationError:
        raise _malformed(path, "core", "holds what JSON does not keep exact") from None
    if document["plan_id"] != plan.plan_id:
        raise _refused(
            path,
            "plan-id-mismatch",
            f"the plan says it is {document['plan_id']!r}, but its content is {plan.plan_id}:"
            " it was edited after it was made",
        )
    return plan


def _with_reasons(core: PlanCore, reasons: tuple[str, ...]) -> PlanCore:
    if len(reasons) != len(reasons_of(core)):
        raise Mismatch("reasons", f"has {len(reasons)} items, not one for each hazard")
    core = with_reasons(core, reasons)
    if core.words.reasons != reasons_sha256(core):
        raise Mismatch("reasons", "are not those that the plan is bound to: they were edited")
    return core


def _json_escape(match: re.Match[str]) -> str:
    """Of characters beyond the first plane two: JSON spells them by halves."""
    character = match[0]
    return json.dumps(character)[1:-1] if is_hidden(character) else character


def _parse_json(content: bytes, path: str) -> dict[str, Any]:
    if not content.strip():
        raise _refused(path, "plan-empty", "the plan file is empty: that is never a plan")
    if len(content) > PLAN_BYTES_MAX:
        raise _refused(path, "plan-too-large", f"the plan file is over {PLAN_BYTES_MAX:,} bytes")
    try:
        document = read_json(content, values_max=PLAN_VALUES_MAX)
    except JsonUnreadable as broken:
        raise _refused(path, "plan-malformed", f"the plan file {broken.reason}") from None
    if not isinstance(document, dict):
        raise _refused(path, "plan-malformed", "the plan file is not a JSON object")
    _check_open(content.decode(), path)
    return document


def _check_open(text: str, path: str) -> None:
    """What was reviewed must have been seen: what hides may be escaped in a plan, but not stand in
    it. A checkout may have brought line ends of its own (RV-1)."""
    for match in _HIDDEN.finditer(text.replace("\r\n", "\n")):
        if is_hidden(match[0]):
            line = text.count("\n", 0, text.index(match[0])) + 1
            what = f"line {line} holds U+{ord(match[0]):04X}, which nobody sees, unescaped"
            raise _refused(path, "plan-malformed", what)


def _format_of(found: Any, path: str) -> str:
    """This format or an earlier minor of it; what a later one says may not be understood here."""
    ours = _FORMAT.fullmatch(PLAN_FORMAT)
    theirs = _FORMAT.fullmatch(found) if isinstance(found, str) else None
    assert ours is not None
    if theirs is None:
        raise _malformed(path, "format", f"is {brief(found)}, expected {PLAN_FORMAT}")
    major, minor = int(theirs[1]), int(theirs[2])
    if (major, minor) > (int(ours[1]), int(ours[2])):
        raise Refused(
            Problem(
                code="plan-format-newer",
                message=f"the plan is of format {found}; this version reads up to {PLAN_FORMAT}",
                recovery="upgrade reconciler to the version that made the plan",
                where=Location(path=path),
            )
        )
    if major < int(ours[1]):
        raise _malformed(path, "format", f"is {found}, which this version no longer reads")
    return theirs[0]


def _malformed(path: str, place: str, reason: str) -> Refused:
    return _refused(path, "plan-malformed", f"{place} {reason}")


def _refused(path: str, code: str, message: str) -> Refused:
    where = Location(path=path)
    shown = visible_line(message, limit_chars=PROBLEM_CHARS_MAX)
    return Refused(Problem(code=code, message=shown, recovery=_PLAN_AGAIN, where=where))
