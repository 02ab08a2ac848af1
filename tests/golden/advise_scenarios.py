"""Reports of the adviser."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from reconciler.errors import Problem
from reconciler.outcomes.advise import AdviseOutcome
from reconciler.report.render import advise_report
from reconciler.reshard.adviser import Proposal
from reconciler.reshard.loads import ShardLoad
from reconciler.spec.model import Ceilings
from tests.golden.scenarios import Scenario

LOADS = (
    ShardLoad(shard="-80", size_bytes=640 << 30, rows=2_100_000_000, statements_per_s=1_234.56),
    ShardLoad(shard="80-", size_bytes=310 << 30, rows=990_000_000, statements_per_s=None),
)
PROPOSED = AdviseOutcome(
    environment="production",
    keyspace="commerce",
    ceilings=Ceilings(size_bytes=500 << 30, statements_per_s=5_000),
    loads=LOADS,
    proposal=Proposal(
        shard="-80",
        targets=("-40", "40-80"),
        share=0.496,
        sampled=1_200,
        reasons=("687,194,767,360 bytes, of at most 536,870,912,000",),
    ),
    edit=(
        "--- a/specs/commerce.yaml",
        "+++ b/specs/commerce.yaml",
        "@@ -12,1 +12,2 @@",
        '-      - "-80"',
        '+      - "-40"',
        '+      - "40-80"',
        "@@ -13,0 +15,2 @@",
        "+    retiring:",
        '+      - "-80"',
    ),
)
QUIET = replace(PROPOSED, proposal=None, edit=None)
WAITS = replace(QUIET, declined=(("-80", "beyond its ceiling in 2 looks in a row, of 3"),))
UNSEEN = replace(
    QUIET,
    loads=(LOADS[1], replace(LOADS[0], size_bytes=None, rows=None)),
    unseen=(("its server did not answer", ("-80",)),),
)
UNSAMPLED = replace(
    WAITS,
    declined=(("-80", "its rows could not be sampled"),),
    problems=(
        Problem(
            code="split-table-unclassed",
            message="table notes is on the shard, and `tables` does not say what becomes of its"
            " rows",
            recovery="add it to `tables`",
        ),
    ),
)


def _told(name: str, when: str, outcome: AdviseOutcome) -> Scenario:
    return Scenario(name, when, partial(advise_report, [outcome]))


ADVICE = (
    _told("advise-proposed", "A shard that stayed too large.", PROPOSED),
    _told("advise-by-hand", "Only a person can edit the list.", replace(PROPOSED, edit=None)),
    _told(
        "advise-by-hand-in-a-list",
        "The shards are in a file.",
        replace(PROPOSED, edit=None, lists=("specs/commerce.shards",)),
    ),
    _told("advise-waits", "Not for long enough yet.", WAITS),
    _told("advise-quiet", "All is below the ceilings.", QUIET),
    _told("advise-unseen", "A shard that could not be measured.", UNSEEN),
    _told("advise-unsampled", "A table nobody has classed.", UNSAMPLED),
    _told("advise-no-ceilings", "The spec has none.", replace(QUIET, ceilings=Ceilings())),
)
