"""What a person would add to the spec so that a plan may run, in one piece."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.model.policy import HazardKind
from reconciler.plan.model import PlanCore
from reconciler.plan.permission import Finding
from reconciler.plan.permission_lines import allow_lines
from reconciler.report import blocks
from reconciler.report.blocks import Block, Cut, Detail
from reconciler.report.spans import Name, Strong, Text, with_commands
from reconciler.report.summary import summarise


def permissions(core: PlanCore) -> Iterator[Block]:
    """All that a person would add to the spec, in one piece to copy; a single entry stands in its
    refusal already."""
    missing = _to_permit(core)
    if not missing:
        return
    left_out = (
        Strong("Not allowed yet"),
        Text(": the entries to add to the spec are in the job's log."),
    )
    yield blocks.Copy(
        title="Not allowed yet",
        lead=(
            *with_commands("If these are meant, add them to `policy.allow` in the spec of "),
            Name(core.keyspace),
            Text(", each with its true reason"),
        ),
        lines=allow_lines(missing),
        language="yaml",
        cut=Cut(detail=Detail.REASON, instead=left_out),
    )


def permitted_together(core: PlanCore | None) -> frozenset[str]:
    """The entries of which each refusal names its own, where `permissions` has them all."""
    missing = _to_permit(core) if core else []
    return frozenset(line for one in missing for line in allow_lines([one]))


def _to_permit(core: PlanCore) -> list[Finding]:
    not_allowed = summarise(core).not_allowed
    missing = [one for one in not_allowed if one.hazard.kind is not HazardKind.UNPROVEN]
    return missing if len(missing) > 1 else []
