"""`pull` and `init` in a terminal: which files say now what which shard has."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.files import PullOutcome
from reconciler.plan import words
from reconciler.plan.visible import visible_line
from reconciler.report.next_steps import command
from reconciler.report.order import sorted_shards
from reconciler.report.style import PLAIN, Style, Tone
from reconciler.report.text.blocks import Lines, between, failed_lines, finished, heading, wrapped


def pull_text(outcomes: Sequence[PullOutcome | KeyspaceFailed], style: Style = PLAIN) -> str:
    return finished(between(_outcome(outcome, style) for outcome in outcomes))


def pull_verdict(outcome: PullOutcome) -> str:
    if outcome.spec:
        files = len(outcome.written) - 1
        if not files:
            return "a spec is written; no shard has a table yet"
        return f"a spec and {words.count(files, 'schema file')}, from shard {outcome.source}"
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
        yield ""
        yield from wrapped(_unlike(outcome), style, first="≠ ")
    if step := _next_step(outcome):
        yield ""
        yield from wrapped(step, style, first="next: ")


def _unlike(outcome: PullOutcome) -> str:
    plan = command("plan", outcome.keyspace, outcome.environment)
    total = len({outcome.source, *outcome.alike, *outcome.others})
    others = sorted_shards(outcome.others)
    there = (
        f"{words.shard_set(others, total)}: not like shard {outcome.source}; `{plan}` shows what"
        f" would bring {'it' if len(others) == 1 else 'them'} there"
    )
    if outcome.spec:  # it is there now, and `init` does not take another model
        return there
    other = command("pull", outcome.keyspace, outcome.environment, "--from", others[0])
    return f"{there}; `{other}` takes its state into the files instead"


def _next_step(outcome: PullOutcome) -> str:
    if outcome.spec and len(outcome.written) == 1:
        plan = command("plan", outcome.keyspace, outcome.environment, "--write")
        return (
            f"write one CREATE TABLE file for each table into schemas/{outcome.keyspace}/, then"
            f" `{plan}`"
        )
    if outcome.spec:
        return "read the spec, set waves and limits as you like, then commit all of it"
    if outcome.written or outcome.removed:
        return "look at the files with `git status` and `git diff`, then commit"
    return ""
