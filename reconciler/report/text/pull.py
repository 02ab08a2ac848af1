"""`pull` and `init` in a terminal: which files say now what which shard has."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.outcomes import KeyspaceFailed, PullOutcome
from reconciler.plan import words
from reconciler.plan.visible import visible_line
from reconciler.report.next_steps import command
from reconciler.report.order import sorted_shards
from reconciler.report.style import PLAIN, Style, Tone
from reconciler.report.text.blocks import Lines, between, failed_lines, finished, heading, wrapped


def pull_text(outcomes: Sequence[PullOutcome | KeyspaceFailed], style: Style = PLAIN) -> str:
    return finished(between(_outcome(outcome, style) for outcome in outcomes))


def pull_verdict(outcome: PullOutcome) -> str:
    changed = len(outcome.written) + len(outcome.removed)
    if not changed:
        return f"the files say what shard {outcome.source} has already"
    return f"{words.count(changed, 'file')} brought to what shard {outcome.source} has"


def _outcome(outcome: PullOutcome | KeyspaceFailed, style: Style) -> Lines:
    if isinstance(outcome, KeyspaceFailed):
        yield from failed_lines(outcome, style)
        return
    verdict = pull_verdict(outcome)
    yield heading(outcome.keyspace, outcome.environment, verdict, Tone.GOOD, style)
    for verb, paths in (("wrote", outcome.written), ("removed", outcome.removed)):
        yield from (f"  {verb} {visible_line(path)}" for path in sorted(paths))
    if outcome.unchanged:
        yield f"  {words.count(len(outcome.unchanged), 'file')} unchanged"
    if outcome.others:
        plan = command("plan", outcome.keyspace, outcome.environment)
        total = len({outcome.source, *outcome.alike, *outcome.others})
        yield ""
        yield from wrapped(
            f"{words.shard_set(sorted_shards(outcome.others), total)}: not like shard"
            f" {outcome.source}; `{plan}` shows what would bring"
            f" {'it' if len(outcome.others) == 1 else 'them'} there",
            style,
            first="≠ ",
        )
    if outcome.written or outcome.removed:
        yield ""
        yield from wrapped("look at the files with `git diff`, then commit", style, first="next: ")
