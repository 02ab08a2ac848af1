"""Every step of the VSchema is shown to Vitess before it is a plan's (VS-6).

Vitess says whether it would take the document, and how it would keep it; what it would keep must be
what is planned, to the letter (FZ-6). Nothing is changed by asking.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.errors import Problem
from reconciler.guard.model import Refusal
from reconciler.guard.vschema import kept_otherwise, not_taken
from reconciler.plan.model import VSchemaStep
from reconciler.ports.keyspaces import VSchemas
from reconciler.spec.model import VitessCluster
from reconciler.vschema.live import live_vschema


def prove_vschema(
    vschemas: VSchemas, cluster: VitessCluster, steps: Iterable[VSchemaStep]
) -> Iterator[Refusal]:
    """Raises Unavailable, and Refused for an answer that is not understood."""
    for step in steps:
        answer = vschemas.try_vschema(cluster, step.document)
        if isinstance(answer, Problem):
            yield not_taken(step, answer)
        elif (kept := live_vschema(answer)).text != step.document:
            yield kept_otherwise(step, kept)
