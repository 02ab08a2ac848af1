"""Plans to bytes and back, and the identity that a review binds to.

A plan id is the SHA-256 of the RFC 8785 canonical JSON of the core, so that neither white space nor
the order of keys matters, and nothing else escapes it. Reading is strict: a key too many, a key too
few or a value of another type refuses (PL-7); nothing in a plan file is taken on trust. A field
that has its default is not written, so that a format may gain fields without changing any id.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from enum import StrEnum
from functools import cache
from reprlib import repr as brief
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import rfc8785

from reconciler.errors import Location, Problem, Refused
from reconciler.limits import PLAN_BYTES_MAX, PROBLEM_CHARS_MAX
from reconciler.model.policy import Hazard
from reconciler.plan.commitment import reasons_of, reasons_sha256, with_reasons
from reconciler.plan.limits import PLAN_VALUES_MAX
from reconciler.plan.model import PLAN_FORMAT, Plan, PlanCore, PlanMeta
from reconciler.plan.visible import is_hidden, visible_line
from reconciler.strict_json import JsonUnreadable, read_json

_HALF_CHARACTER = re.compile("[\ud800-\udfff]")  # JSON can spell one, UTF-8 cannot
# What can hide stands outside of ASCII, but for what JSON itself escapes, and DEL.
_HIDDEN = re.compile("[^\n -~]")
_FORMAT = re.compile(r"([1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})")
_PLAN_AGAIN = "make the plan again with `reconciler plan --write` and have it reviewed"
_KEYS = ("format", "core", "plan_id", "reasons", "meta")

# Sentences stand beside the core, bound to it by digest: they are no part of what is hashed.
_WORDS: dict[type, frozenset[str]] = {Hazard: frozenset({"reason"})}

Value = TypeVar("Value")


def plan_id_of(core: PlanCore, plan_format: str = PLAN_FORMAT) -> str:
    content = f"reconciler/plan/{plan_format}\n".encode() + rfc8785.dumps(_to_json(core))
    return "sha256:" + hashlib.sha256(content).hexdigest()


def plan_from_core(core: PlanCore, meta: PlanMeta, plan_format: str = PLAN_FORMAT) -> Plan:
    plan_id = plan_id_of(core, plan_format)
    return Plan(core=core, plan_id=plan_id, meta=meta, format=plan_format)


def dump_plan(plan: Plan) -> bytes:
    """The plan file: pretty-printed, keys in the order of the fields, one final newline. What hides
    from a reader is spelled as JSON spells it."""
    document = {
        "format": plan.format,
        "core": _to_json(plan.core),
        "plan_id": plan.plan_id,
        "reasons": reasons_of(plan.core),
        "meta": _to_json(plan.meta),
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
        core = _from_json(document["core"], PlanCore, "core")
        core = _with_reasons(core, _from_json(document["reasons"], tuple[str, ...], "reasons"))
        meta = _from_json(document["meta"], PlanMeta, "meta")
    except _Mismatch as mismatch:
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
        raise _Mismatch("reasons", f"has {len(reasons)} items, not one for each hazard")
    core = with_reasons(core, reasons)
    if core.words.reasons != reasons_sha256(core):
        raise _Mismatch("reasons", "are not those that the plan is bound to: they were edited")
    return core


def _json_escape(match: re.Match[str]) -> str:
    """Of characters beyond the first plane two: JSON spells them by halves."""
    character = match[0]
    return json.dumps(character)[1:-1] if is_hidden(character) else character


class _Mismatch(Exception):
    def __init__(self, place: str, reason: str) -> None:
        super().__init__(place, reason)
        self.place, self.reason = place, reason


def _to_json(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        left_out = _WORDS.get(type(value), frozenset())
        return {
            field.name: _to_json(item)
            for field in dataclasses.fields(value)
            if field.name not in left_out and (item := getattr(value, field.name)) != field.default
        }
    if isinstance(value, tuple):
        return [_to_json(item) for item in value]
    if isinstance(value, StrEnum):
        return value.value
    return value


def _from_json(value: Any, kind: Any, place: str) -> Any:
    """`value` as `kind`, which is a dataclass, an enum, a tuple, a scalar or a union with None."""
    if isinstance(kind, UnionType):
        if value is None and NoneType in get_args(kind):
            return None
        kind = next(arm for arm in get_args(kind) if arm is not NoneType)
    if get_origin(kind) is tuple:
        return _tuple_from_json(value, get_args(kind), place)
    if dataclasses.is_dataclass(kind):
        return _dataclass_from_json(value, kind, place)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        if value not in [member.value for member in kind]:
            raise _Mismatch(place, f"is {brief(value)}, which is not a {kind.__name__}")
        return kind(value)
    if type(value) is not kind:
        raise _Mismatch(place, f"is {brief(value)}, expected {kind.__name__}")
    if isinstance(value, str) and _HALF_CHARACTER.search(value):
        raise _Mismatch(place, "holds half a character, which no file and no terminal takes")
    return value


def _tuple_from_json(value: Any, arms: tuple[Any, ...], place: str) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise _Mismatch(place, f"is {brief(value)}, expected a list")
    if len(arms) == 2 and arms[1] is Ellipsis:
        arms = (arms[0],) * len(value)
    if len(arms) != len(value):
        raise _Mismatch(place, f"has {len(value)} items, expected {len(arms)}")
    return tuple(
        _from_json(item, arm, f"{place}[{i}]")
        for i, (item, arm) in enumerate(zip(value, arms, strict=True))
    )


def _dataclass_from_json(value: Any, kind: Any, place: str) -> Any:
    if not isinstance(value, dict):
        raise _Mismatch(place, f"is {brief(value)}, expected an object")
    hints = _field_types(kind)
    for key in sorted(value.keys() - hints.keys()):
        raise _Mismatch(f"{place}.{brief(key)}", "is not a key of a plan")
    for key in sorted(_required(kind) - value.keys()):
        raise _Mismatch(f"{place}.{key}", "is missing")
    fields = {key: _from_json(value[key], hints[key], f"{place}.{key}") for key in value}
    try:
        return kind(**fields)
    except AssertionError as broken:
        raise _Mismatch(place, str(broken)) from None


@cache
def _field_types(kind: type) -> dict[str, Any]:
    """The fields that are written, with their types."""
    left_out = _WORDS.get(kind, frozenset())
    return {name: hint for name, hint in get_type_hints(kind).items() if name not in left_out}


@cache
def _required(kind: type) -> frozenset[str]:
    """What has no default must be there; the rest is written where it differs from its default."""
    names = (f.name for f in dataclasses.fields(kind) if f.default is dataclasses.MISSING)
    return frozenset(names)


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
