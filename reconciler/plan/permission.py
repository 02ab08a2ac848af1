"""Which findings the reviewed files permit: one permission for each finding, with its reason.

Rule: a permission covers exactly what it names (RV-7). Leave to drop column `a` is none for column
`b`, and none for a table: an entry without `object` is about the table itself. An entry of a spec
may name several; each of them is then an `Allow` of its own here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from reconciler.model.object_id import ObjectId
from reconciler.model.policy import Allow, Hazard, HazardKind

# Only what shards answer about their rows tells whether these are needed.
ASKED_OF_ROWS = frozenset({HazardKind.UNSETTLED_ROWS, HazardKind.LOSES_VALUES})

# So many findings of one kind are put together: in what is suggested, and in what is said of them.
SHARED_REASON_MIN = 4


class Judged(Protocol):
    """What may hurt: a statement, or a change of a VSchema."""

    @property
    def object_id(self) -> ObjectId: ...

    @property
    def hazards(self) -> tuple[Hazard, ...]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A hazard that needs permission, and what it is about."""

    object_id: ObjectId
    hazard: Hazard

    @property
    def object(self) -> str | None:
        """As in `policy.allow`: None where the finding is about the whole of it."""
        return None if self.hazard.object == self.object_id.name else self.hazard.object


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """A finding, and the entry that permits it."""

    finding: Finding
    allow: Allow


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """`by_pattern` and `unused` are for the reviewer: entries that cover more than is written out,
    and entries that nothing needs (any more)."""

    missing: tuple[Finding, ...]
    granted: tuple[Granted, ...]
    by_pattern: tuple[Allow, ...]
    unused: tuple[Allow, ...]


def check_permissions(judged: Iterable[Judged], allow: Iterable[Allow]) -> Permissions:
    """Hold everything that needs permission against what the reviewed files give."""
    entries = tuple(allow)
    missing: list[Finding] = []
    granted: list[Granted] = []
    used: set[Allow] = set()
    for finding in findings_of(judged):
        matching = [entry for entry in entries if permits(entry, finding)]
        used.update(matching)
        if matching:
            granted.append(Granted(finding=finding, allow=matching[0]))
        else:
            missing.append(finding)
    return Permissions(
        missing=tuple(missing),
        granted=tuple(granted),
        by_pattern=tuple(entry for entry in entries if has_pattern(entry)),
        unused=tuple(
            entry for entry in entries if entry not in used and entry.hazard not in ASKED_OF_ROWS
        ),
    )


def findings_of(judged: Iterable[Judged]) -> tuple[Finding, ...]:
    """Each distinct finding that needs permission, in the order of what was judged."""
    return tuple(
        dict.fromkeys(
            Finding(object_id=one.object_id, hazard=hazard)
            for one in judged
            for hazard in one.hazards
            if hazard.needs_permission
        )
    )


def permits(entry: Allow, finding: Finding) -> bool:
    about, name = entry.object_id, finding.object_id.name
    if entry.hazard is not finding.hazard.kind or about.kind is not finding.object_id.kind:
        return False
    if not _matches(about.name, name):
        return False
    if entry.object is None or finding.object is None:
        return entry.object is None and finding.object is None
    return _matches(entry.object, finding.object)


def permission_of(object_id: ObjectId, hazard: Hazard, allow: Iterable[Allow]) -> Allow | None:
    """The first entry that permits the hazard; None: nobody has said yes to it, nobody had to."""
    finding = Finding(object_id=object_id, hazard=hazard)
    return next((entry for entry in allow if permits(entry, finding)), None)


def has_pattern(entry: Allow) -> bool:
    return any(sign in text for sign in "*?" for text in (entry.object_id.name, entry.object or ""))


def permission_notes(permissions: Permissions) -> tuple[str, ...]:
    """What a reviewer must not miss: permissions by pattern, one reason for many findings, and
    entries that nothing here needs."""
    by_pattern = tuple(
        f"ATTENTION: {_shown(entry)} is a pattern: it permits {_count(permissions, entry)} here,"
        " and whatever will match it later"
        for entry in permissions.by_pattern
    )
    return (*by_pattern, *_shared_reasons(permissions), *_superfluous(permissions.unused))


def _shared_reasons(permissions: Permissions) -> Iterator[str]:
    """One reason for many findings, with each of them by name."""
    groups: dict[tuple[HazardKind, str], list[Finding]] = {}
    for granted in permissions.granted:
        key = granted.allow.hazard, granted.allow.reason
        groups.setdefault(key, []).append(granted.finding)
    for (kind, reason), found in groups.items():
        places = tuple(dict.fromkeys((finding.object_id, finding.object) for finding in found))
        if len(places) >= SHARED_REASON_MIN:
            yield (
                f"ATTENTION: one reason permits {len(places):,} findings of {kind} here"
                f" ({reason}): {_places(places)}"
            )


def _superfluous(unused: Sequence[Allow]) -> Iterator[str]:
    """Entries that share their reason are told together: they are often one line of the spec."""
    groups: dict[tuple[HazardKind, str], list[Allow]] = {}
    for entry in unused:
        groups.setdefault((entry.hazard, entry.reason), []).append(entry)
    for (kind, reason), entries in groups.items():
        if len(entries) < SHARED_REASON_MIN:
            yield from (f"{_shown(entry)} permits nothing here: it can go" for entry in entries)
            continue
        places = _places([(entry.object_id, entry.object) for entry in entries])
        yield (f"policy.allow of {kind} ({reason}) permits nothing here for {places}: these can go")


def _places(places: Iterable[tuple[ObjectId, str | None]]) -> str:
    """'users (a, b), orders': a table without brackets stands for itself."""
    objects: dict[ObjectId, list[str]] = {}
    for object_id, name in places:
        names = objects.setdefault(object_id, [])
        names += [] if name is None else [name]
    return ", ".join(
        f"{about} ({', '.join(names)})" if names else str(about) for about, names in objects.items()
    )


def _shown(entry: Allow) -> str:
    named = f", object: {entry.object}" if entry.object is not None else ""
    about = f"{entry.object_id.kind}: {entry.object_id.name}"
    return f"policy.allow {{{about}, hazard: {entry.hazard}{named}}}"


def _count(permissions: Permissions, entry: Allow) -> str:
    number = sum(permits(entry, granted.finding) for granted in permissions.granted)
    return "1 finding" if number == 1 else f"{number} findings"


def _matches(pattern: str, name: str) -> bool:
    """`*` and `?` as in file names; all else stands for itself, brackets too."""
    regex = "".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in pattern)
    return re.fullmatch(regex, name, re.DOTALL) is not None
