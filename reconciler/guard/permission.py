"""Dangers that the reviewed files do not permit: a refusal each, with the line to add (RV-7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.guard.model import Refusal
from reconciler.model.policy import HazardKind, Policy
from reconciler.plan.model import PlanCore
from reconciler.plan.permission import Finding, check_permissions
from reconciler.plan.permission_lines import allow_lines
from reconciler.plan.words import shard_set


def permission_refusals(core: PlanCore, policy: Policy, spec_path: str) -> tuple[Refusal, ...]:
    """Permission is part of the files, per finding and with a reason; no flag of a run gives it.
    Each names the shards that it is about (GD-7)."""
    shards: dict[Finding, set[str]] = {}
    for found in core.change_sets:
        for finding in check_permissions(found.statements, policy.allow).missing:
            shards.setdefault(finding, set()).update(found.shards)
    of = len(core.shards)
    of_vschema = check_permissions(core.vschema_changes, policy.allow).missing
    return (
        *(
            _refusal(alike, [s for s in core.shards if s in names], of, spec_path)
            for names, alike in _of_one_entry(shards)
        ),
        *(_refusal([finding], [], of, spec_path) for finding in of_vschema),
    )


def _of_one_entry(
    shards: Mapping[Finding, set[str]],
) -> Iterator[tuple[frozenset[str], list[Finding]]]:
    """Several reasons on the same shards are one refusal where one permission answers them all."""
    entries: dict[tuple[frozenset[str], object], list[Finding]] = {}
    for finding, names in shards.items():
        entry = (finding.object_id, finding.hazard.kind, finding.hazard.object)
        entries.setdefault((frozenset(names), entry), []).append(finding)
    return ((names, alike) for (names, _), alike in entries.items())


def _refusal(alike: list[Finding], shards: list[str], of: int, spec_path: str) -> Refusal:
    """Without shards it is about the VSchema, which is the keyspace's."""
    finding = alike[0]
    hazard = finding.hazard
    reasons = "; ".join(one.hazard.reason for one in alike)
    where = shard_set(shards, of) if shards else "the VSchema"
    return Refusal(
        code="permission-missing",
        shard=shards[0] if 0 < len(shards) < of else None,
        object_id=finding.object_id,
        object=finding.object,
        message=f"{where}, {finding.object_id.titled}: {hazard.kind} of"
        f" {hazard.object} needs permission: {reasons}",
        recovery=_once_for_all(hazard.kind) + f"if it is meant, add `{allow_lines([finding])[0]}`"
        f" to policy.allow in {spec_path}, with its true reason",
    )


def _once_for_all(kind: HazardKind) -> str:
    """Who pastes the same permission with each change reads none of them."""
    if kind is not HazardKind.UNPROVEN:
        return ""
    return (
        "grant the login what it lacks, or say once in `unused` of the spec which kinds of programs"
        " the fleet has none of; where neither can be, and "
    )
