"""Which findings the reviewed files permit: one permission for each finding, with its reason.

Rule: a permission covers exactly what it names (RV-7). Leave to drop column `a` is none for column
`b`, and none for a table: an entry without `object` is about the table itself.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass

from reconciler.model.policy import Allow, Hazard, HazardKind
from reconciler.plan.model import PlannedStatement

# YAML reads these bare; anything else is written as a JSON string, which YAML reads as well.
_BARE_SCALAR = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORDS_OF_YAML = frozenset({"null", "true", "false", "yes", "no", "on", "off", "y", "n"})
REASON_TO_FILL_IN = "..."


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A hazard that needs permission, of one table."""

    table: str
    hazard: Hazard

    @property
    def object(self) -> str | None:
        """As in `policy.allow`: None where the finding is about the table itself."""
        return None if self.hazard.object == self.table else self.hazard.object


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


def check_permissions(
    statements: Iterable[PlannedStatement], allow: Iterable[Allow]
) -> Permissions:
    """Hold everything that needs permission against what the reviewed files give."""
    entries = tuple(allow)
    missing: list[Finding] = []
    granted: list[Granted] = []
    used: set[Allow] = set()
    for finding in findings_of(statements):
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
        unused=tuple(entry for entry in entries if entry not in used),
    )


def findings_of(statements: Iterable[PlannedStatement]) -> tuple[Finding, ...]:
    """Each distinct finding that needs permission, in the order of the statements."""
    return tuple(
        dict.fromkeys(
            Finding(table=statement.table, hazard=hazard)
            for statement in statements
            for hazard in statement.hazards
            if hazard.needs_permission
        )
    )


def permits(entry: Allow, finding: Finding) -> bool:
    if entry.hazard is not finding.hazard.kind or not _matches(entry.table, finding.table):
        return False
    if entry.object is None or finding.object is None:
        return entry.object is None and finding.object is None
    return _matches(entry.object, finding.object)


def permission_of(table: str, hazard: Hazard, allow: Iterable[Allow]) -> Allow | None:
    """The first entry that permits the hazard; None: nobody has said yes to it, nobody had to."""
    finding = Finding(table=table, hazard=hazard)
    return next((entry for entry in allow if permits(entry, finding)), None)


def has_pattern(entry: Allow) -> bool:
    return any(sign in text for sign in "*?" for text in (entry.table, entry.object or ""))


def permission_notes(permissions: Permissions) -> tuple[str, ...]:
    """What a reviewer must not miss: permissions by pattern, and those that nothing here needs."""
    by_pattern = tuple(
        f"ATTENTION: {_shown(entry)} is a pattern: it permits {_count(permissions, entry)} here,"
        " and whatever will match it later"
        for entry in permissions.by_pattern
    )
    return (
        *by_pattern,
        *(f"{_shown(e)} permits nothing here: it can go" for e in permissions.unused),
    )


def allow_lines(findings: Iterable[Finding]) -> tuple[str, ...]:
    """The lines that would permit the findings, as they stand under `policy.allow` in a spec; the
    reason is left for a person to give."""
    return tuple(
        "- {" + ", ".join(f"{key}: {_yaml_scalar(text)}" for key, text in entry.items()) + "}"
        for entry in allow_entries(findings)
    )


def allow_entries(findings: Iterable[Finding]) -> tuple[dict[str, str], ...]:
    """The same as values, for JSON; two reasons for one finding need one entry."""
    entries = dict.fromkeys((f.table, f.hazard.kind, f.object) for f in findings)
    return tuple(_entry(table, kind, name) for table, kind, name in entries)


def _entry(table: str, kind: HazardKind, name: str | None) -> dict[str, str]:
    entry = {"table": table, "hazard": kind.value}
    if name is not None:
        entry["object"] = name
    return entry | {"reason": REASON_TO_FILL_IN}


def _shown(entry: Allow) -> str:
    named = f", object: {entry.object}" if entry.object is not None else ""
    return f"policy.allow {{table: {entry.table}, hazard: {entry.hazard}{named}}}"


def _count(permissions: Permissions, entry: Allow) -> str:
    number = sum(permits(entry, granted.finding) for granted in permissions.granted)
    return "1 finding" if number == 1 else f"{number} findings"


def _matches(pattern: str, name: str) -> bool:
    """`*` and `?` as in file names; all else stands for itself, brackets too."""
    regex = "".join({"*": ".*", "?": "."}.get(sign, re.escape(sign)) for sign in pattern)
    return re.fullmatch(regex, name, re.DOTALL) is not None


def _yaml_scalar(text: str) -> str:
    words = text.split("-")  # hazard names are words joined by hyphens
    bare = all(_BARE_SCALAR.fullmatch(word) for word in words)
    if bare and text.lower() not in _WORDS_OF_YAML:
        return text
    return json.dumps(text, ensure_ascii=False)
