"""Is a spec shaped as the JSON Schema says? Its errors in the product's words, with places.

The schema file is the only description of the shape: editors use it, and so does this. Where a
value may be one of two kinds, the branch of the value's own kind is reported, not both.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import islice
from typing import Any

import jsonschema

from reconciler.errors import Problem, nearest
from reconciler.limits import FILE_PROBLEMS_MAX
from reconciler.spec.secrets import Path, dotted, may_be_secret, shown_key, shown_name
from reconciler.spec.yaml_text import Document, Value

_TYPE_WORDS = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}
# A jsonschema ValidationError; its fields are typed as maybe unset, and never are here.
_Error = Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """A problem, and the path of the value that must not be looked at further because of it.
    `is_missing_key`: the value is sound, and lacks something."""

    at: Path
    problem: Problem
    is_missing_key: bool = False


def spec_schema_text() -> str:
    """The JSON Schema as shipped."""
    return resources.files("reconciler.spec").joinpath("spec.schema.json").read_text("utf-8")


def find_flaws(document: Document) -> tuple[Flaw, ...]:
    """Each once, and no more than are ever shown, and one: then there are more."""
    return tuple(islice(_each_once(document), FILE_PROBLEMS_MAX + 1))


def _each_once(document: Document) -> Iterator[Flaw]:
    told: set[Flaw] = set()
    for error in _validator().iter_errors(document.value):
        for flaw in _flaws(document, error):
            if flaw not in told:
                told.add(flaw)
                yield flaw


def sound_part(document: Document, flaws: tuple[Flaw, ...]) -> dict[str, Any]:
    """The value without its flawed parts. Parts are the keys of an environment and of a rollout.

    A key that the file or an environment lacks says nothing against the keys that are there.
    """
    if not isinstance(document.value, dict):
        return {}
    sound: dict[str, Any] = deepcopy(document.value) if flaws else document.value
    for flaw in flaws:
        if flaw.is_missing_key and len(flaw.at) <= 2:
            continue
        holder: dict[Any, Any] = sound
        *above, last = _part(flaw.at)
        for key in above:
            holder = holder.get(key, {})
        holder.pop(last, None)
    return sound


def _part(at: Path) -> Path:
    if at[0] != "environments":
        return at[:1]
    return at[:4] if "rollout" in at[2:3] else at[:3]


@cache
def _validator() -> Any:
    return jsonschema.Draft202012Validator(json.loads(spec_schema_text()))


def _flaws(document: Document, error: _Error, above: Path = ()) -> Iterator[Flaw]:
    at: Path = (*above, *error.relative_path)
    if "propertyNames" in error.relative_schema_path:
        yield _bad_name(document, error, at)
        return
    match error.validator:
        case "anyOf":
            yield from _branch_flaws(document, error, at)
        case "additionalProperties":
            yield from _unknown_keys(document, error, at)
        case "required" | "dependentRequired":
            yield from _missing_keys(document, error, at)
        case "type" if "enum" in error.schema:
            pass  # told as the word that it is not
        case "type":
            yield Flaw(at=at, problem=_wrong_type(document, at, [error.schema]))
        case _:
            yield Flaw(at=at, problem=_bad_value(document, error, at))


def _branch_flaws(document: Document, error: _Error, at: Path) -> Iterator[Flaw]:
    branches: dict[int, list[_Error]] = {}
    for inner in error.context:
        branches.setdefault(inner.relative_schema_path[0], []).append(inner)
    kinds, meant = [], []
    for inners in branches.values():
        of_itself = {e.validator: e for e in inners if not e.relative_path}
        if "type" in of_itself:
            kinds.append(of_itself["type"].schema)
        else:
            meant.append(("required" in of_itself, inners))
    if not meant:
        yield Flaw(at=at, problem=_wrong_type(document, at, kinds))
        return
    # Of several mappings the one whose keys are there.
    _, inners = min(meant, key=lambda one: one[0])
    for inner in inners:
        yield from _flaws(document, inner, at)


def _unknown_keys(document: Document, error: _Error, at: Path) -> Iterator[Flaw]:
    known = sorted(error.schema["properties"])
    for key in sorted(error.instance.keys() - set(known)):
        likely = nearest(key, known)
        recovery = f"did you mean {likely!r}?" if likely else f"known here: {', '.join(known)}"
        problem = Problem(
            code="spec-unknown-key",
            message=f"unknown key {shown_key(at, key)} in {dotted(at)}",
            recovery=recovery,
            where=document.where_key((*at, key)),
        )
        yield Flaw(at=(*at, key), problem=problem)


def _missing_keys(document: Document, error: _Error, at: Path) -> Iterator[Flaw]:
    """All that are missing: jsonschema gives one error for each, and equal problems are merged."""
    required = error.validator_value
    if isinstance(required, dict):  # dependentRequired
        needed = [names for key, names in required.items() if key in error.instance]
        required = [name for names in needed for name in names]
    # What only a kind of file requires stands in a schema without properties of its own.
    known = error.schema.get("properties", dict.fromkeys(required)).keys()
    unknown = sorted(error.instance.keys() - known)[:FILE_PROBLEMS_MAX]
    misspelt = {nearest(key, known) for key in unknown}
    for missing in required:
        if missing in error.instance or missing in misspelt:
            continue
        problem = Problem(
            code="spec-missing-key",
            message=f"{dotted(at)} has no {missing!r}",
            recovery=f"add the key {missing!r}; `reconciler schema` describes it",
            where=document.where_key(at),
        )
        yield Flaw(at=at, problem=problem, is_missing_key=True)


def _bad_name(document: Document, error: _Error, at: Path) -> Flaw:
    key = error.instance
    problem = Problem(
        code="spec-bad-value",
        message=f"{shown_name(key)} cannot be a name in {dotted(at)}",
        recovery=f"write {error.schema['patternErrorMessage']}",
        where=document.where_key((*at, key)),
    )
    return Flaw(at=(*at, key), problem=problem)


def _wrong_type(document: Document, at: Path, kinds: list[dict[str, Any]]) -> Problem:
    """`kinds` are the schemas of which the value satisfies none, not even by its type."""
    words = " or ".join(dict.fromkeys(_TYPE_WORDS[kind["type"]] for kind in kinds))
    plain = document.plain(at)
    recovery = f"write {words}"
    text = next((kind for kind in kinds if kind["type"] == "string"), None)
    if text is not None and plain:
        # YAML made a number or a boolean of what may have been meant as text.
        if re.search(text.get("pattern", ""), plain) is None:
            recovery = f"write {text['patternErrorMessage']}"
        else:
            quoted = "the value" if may_be_secret(at) else f'it: "{plain}"'
            recovery = f"put quotes around {quoted}"
    found = _kind(_value_at(document.value, at))
    return Problem(
        code="spec-wrong-type",
        message=f"{dotted(at)} must be {words}, not {found}{_shown(at, plain)}",
        recovery=recovery,
        where=document.where(at),
    )


def _bad_value(document: Document, error: _Error, at: Path) -> Problem:
    value, limit = error.instance, error.validator_value
    match error.validator:
        case "enum":
            word = value if isinstance(value, str) else ""  # a mapping is near to none
            likely, known = nearest(word, limit), f"known: {', '.join(limit)}"
            fault = "is not a known value"
            recovery = f"did you mean {likely!r}? {known}" if likely else known
            if reason := error.schema.get("enumErrorMessages", {}).get(word):
                fault, recovery = f"cannot be used: {reason}", f"use another one; {known}"
        case "const":
            meant = error.schema.get("constErrorMessage", limit)
            fault, recovery = f"must be {meant}", f"write {meant}"
        case "pattern":
            meant = error.schema["patternErrorMessage"]
            fault, recovery = f"is not {meant}", f"write {meant}"
        case "minLength" | "minItems" | "minProperties":
            fault, recovery = "is empty", "fill it in, or remove the key"
        case "minimum":
            fault, recovery = f"is below {limit}", f"write {limit} or more"
        case "maximum":
            fault, recovery = f"is above {limit}", f"write {limit} or less"
        case "maxItems":
            fault, recovery = f"has more than {limit} entries", "split the keyspace"
        case keyword:
            raise AssertionError(f"the JSON Schema uses {keyword!r}, which has no words here")
    shown = _shown(at, str(value)) if isinstance(value, str | int | float) else ""
    return Problem(
        code="spec-bad-value",
        message=f"{dotted(at)} {fault}{shown}",
        recovery=recovery,
        where=document.where(at),
    )


def _value_at(value: Value, at: Path) -> Value:
    for part in at:
        value = value[part]  # type: ignore[index]
    return value


def _kind(value: Value) -> str:
    match value:
        case None:
            return "empty"
        case bool():
            return "true or false"
        case int():
            return "a number"
        case float():
            return "a fraction"
        case str():
            return "text"
        case list():
            return "a list"
        case dict():
            return "a mapping"


def _shown(at: Path, text: str | None) -> str:
    return f" ({text[:80]})" if text and not may_be_secret(at) else ""
