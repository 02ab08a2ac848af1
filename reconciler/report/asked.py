"""What the workflows by which people ask something of an apply share: what can be asked."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.ledger.states import RequestKind
from reconciler.outcomes.split import OF_A_SPLIT_ALONE

REVERT = "revert"  # of no apply: it proposes the way back from a plan


def what_to_ask(*, by_region: bool) -> Iterator[str]:
    """No shard of an environment with regions is split; and no machine reaches all of its shards,
    as the plan of a way back asks for."""
    more = () if by_region else (*(one.value for one in OF_A_SPLIT_ALONE), REVERT)
    yield "      what:"
    yield "        description: What to ask"
    yield "        type: choice"
    yield "        required: true"
    yield f"        options: [{', '.join((*(one.value for one in RequestKind), *more))}]"


def which_plan() -> Iterator[str]:
    yield "      plan:"
    yield f"        description: For {REVERT}, a plan's id or how it begins; empty for the newest"
    yield '        default: ""'


def asking_rights() -> Iterator[str]:
    yield "    permissions:"
    yield "      contents: read # to read commits, and who pushed them"
    yield "      pull-requests: write # to read reviews; of resume, to comment what happened"
    yield "      statuses: write # of resume, to put the outcome on the commit"
    yield "      deployments: write # of resume, to record what was applied"
    yield "      actions: read # to ask who started this run, and who may"


def reverting_rights() -> Iterator[str]:
    yield "    permissions:"
    yield "      contents: write # to make the branch of the way back, and no other"
    yield "      pull-requests: write # to open its pull request, and to read reviews"
    yield "      actions: read # to ask who started this run, and who may"
