"""`pull` and `init` as a job summary."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from reconciler.limits import COMMENT_BYTES_MAX
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.files import PullOutcome
from reconciler.report.fit import Part, fit
from reconciler.report.markdown.blocks import GOOD, Parts, failed_parts, opening, shard_set, title
from reconciler.report.neutral import code_span
from reconciler.report.order import sorted_shards
from reconciler.report.text.pull import pull_verdict


def pull_markdown(
    outcomes: Sequence[PullOutcome | KeyspaceFailed], *, limit_bytes: int = COMMENT_BYTES_MAX
) -> str:
    return fit(tuple(chain.from_iterable(map(_outcome, outcomes))), limit_bytes)


def _outcome(outcome: PullOutcome | KeyspaceFailed) -> Parts:
    if isinstance(outcome, KeyspaceFailed):
        yield from failed_parts("pull", outcome)
        return
    heading = title(GOOD, outcome.keyspace, outcome.environment, pull_verdict(outcome))
    yield opening("pull", outcome.environment, outcome.keyspace, heading)
    changes = [f"- wrote {code_span(path)}" for path in sorted(outcome.written)]
    changes += [f"- removed {code_span(path)}" for path in sorted(outcome.removed)]
    if changes:
        yield Part(text="\n".join(changes), detail=1, instead="The list of files is left out here.")
    if outcome.others:
        total = len({outcome.source, *outcome.alike, *outcome.others})
        others = shard_set(sorted_shards(outcome.others), total)
        yield Part(text=f"Not like shard {code_span(outcome.source)}: {others}")
