"""What a proof found out about a statement besides its effects: a danger, and whose it is."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.policy import Hazard, HazardKind
from reconciler.plan.hazards.statement_context import needing_permission
from reconciler.prove.chain import Ran


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A hazard and the statement it belongs to."""

    ran: Ran
    hazard: Hazard


def finding(ran: Ran, kind: HazardKind, name: str, reason: str) -> Finding:
    """Whatever a proof finds needs permission."""
    return Finding(ran=ran, hazard=needing_permission(kind, name, reason))
