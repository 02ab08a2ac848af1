"""The entries that would permit what is not permitted yet, as a person copies them into a spec.

Each finding stands in them by name, and none that is not there: few of a kind have an entry each,
many share one and its reason, which is left for a person to give.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reconciler.model.object_id import ObjectId
from reconciler.model.policy import HazardKind
from reconciler.model.yaml_flow import in_yaml
from reconciler.plan.permission import SHARED_REASON_MIN, Finding

REASON_TO_FILL_IN = "..."  # which no spec may have
_ENTRY_WIDTH_CHARS = 96
# YAML reads these bare; anything else is quoted.
_BARE_SCALAR = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORDS_OF_YAML = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})

Entry = Mapping[str, Any]  # of `policy.allow`, as YAML would read it


def allow_lines(findings: Iterable[Finding]) -> tuple[str, ...]:
    """The lines that would permit the findings, as they stand under `policy.allow` in a spec; the
    reason is left for a person to give. Many findings of a kind are one entry of several lines."""
    return tuple(line for entry in _entries(findings) for line in _entry_lines(entry))


def _entries(findings: Iterable[Finding]) -> Iterator[Entry]:
    """The fewest entries: kinds with few findings have one for each, others one for all objects and
    one for all tables."""
    kinds: dict[tuple[HazardKind, bool], list[Entry]] = {}
    entry: Entry
    for entry in allow_entries(findings):
        if "table" not in entry:
            yield entry
            continue
        kind = HazardKind(entry["hazard"]), "object" in entry
        kinds.setdefault(kind, []).append(entry)
    for (hazard, of_objects), entries in kinds.items():
        if len(entries) < SHARED_REASON_MIN:
            yield from entries
            continue
        subjects = _objects(entries) if of_objects else _tables(entries)
        yield {"hazard": hazard.value, **subjects, "reason": REASON_TO_FILL_IN}


def _objects(entries: Iterable[Entry]) -> Entry:
    objects: dict[str, list[str]] = {}
    for entry in entries:
        objects.setdefault(entry["table"], []).append(entry["object"])
    return {"objects": objects}


def _tables(entries: Iterable[Entry]) -> Entry:
    return {"tables": [entry["table"] for entry in entries]}


def _entry_lines(entry: Entry) -> Iterator[str]:
    if not {"objects", "tables"} & entry.keys():
        pairs = ", ".join(f"{key}: {_yaml_scalar(text)}" for key, text in entry.items())
        yield f"- {{{pairs}}}"
        return
    sign = "-"
    for key, value in entry.items():
        start = f"{sign} {key}:"
        if isinstance(value, str):
            yield f"{start} {_yaml_scalar(value)}"
        else:
            yield from _filled(start, _pieces(value))
        sign = " "


def _pieces(value: Any) -> list[str]:
    """A list or a mapping in YAML's flow style, in pieces that lines may be broken between."""
    if isinstance(value, dict):
        inner = [
            piece
            for table, names in value.items()
            for piece in _ended(f"{_yaml_scalar(table)}: ", _pieces(names), ",")
        ]
        return _ended("{", [*inner[:-1], inner[-1].removesuffix(",")], "}")
    *names, last = map(_yaml_scalar, value)
    return _ended("[", [*(f"{name}," for name in names), last], "]")


def _ended(start: str, pieces: list[str], end: str) -> list[str]:
    pieces = [f"{start}{pieces[0]}", *pieces[1:]]
    return [*pieces[:-1], f"{pieces[-1]}{end}"]


def _filled(start: str, pieces: Iterable[str]) -> Iterator[str]:
    """Lines of bounded width, as far as a single piece has room in one."""
    line = start
    for piece in pieces:
        if len(line) + 1 + len(piece) > _ENTRY_WIDTH_CHARS and line != start:
            yield line
            line = "   "
        line = f"{line} {piece}"
    yield line


def allow_entries(findings: Iterable[Finding]) -> tuple[dict[str, str], ...]:
    """An entry for each finding, as values, its object under the word for its kind; two reasons for
    one finding need one entry."""
    entries = dict.fromkeys((f.object_id, f.hazard.kind, f.object) for f in findings)
    return tuple(_entry(about, kind, name) for about, kind, name in entries)


def _entry(about: ObjectId, kind: HazardKind, name: str | None) -> dict[str, str]:
    entry = {about.kind.value: about.name, "hazard": kind.value}
    if name is not None:
        entry["object"] = name
    return entry | {"reason": REASON_TO_FILL_IN}


def _yaml_scalar(text: str) -> str:
    words = text.split("-")  # hazard names are words joined by hyphens
    bare = all(_BARE_SCALAR.fullmatch(word) for word in words)
    if bare and text.lower() not in _WORDS_OF_YAML:
        return text
    return in_yaml(text)
