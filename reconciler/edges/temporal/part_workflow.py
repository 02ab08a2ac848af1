"""The workflow of one part, in the namespace of its region: it orders it, and keeps the report."""

from __future__ import annotations

from typing import Any

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from reconciler.edges.temporal.limits import SILENT_S
    from reconciler.edges.temporal.names import PART
    from reconciler.edges.temporal.ordering import ordered, report_of
    from reconciler.rollout.course import PartReport


@workflow.defn(name=PART)
class PartWorkflow:
    @workflow.run
    async def run(self, what: str, given: dict[str, Any]) -> PartReport:
        """Told to end, it has the region end, and tells what the region says then."""
        handle = ordered(
            what,
            given,
            str(given["region"]),
            silent_s=int(given.get("silent_s", SILENT_S)),
            activity_id=what,
        )
        return await report_of(handle)
