"""`pull` and `init`: which files say now what which shard has."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import assert_never

from reconciler.model.programs import MANAGED_AS
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.files import FileGap, GapKind, PullOutcome
from reconciler.plan import words
from reconciler.report import blocks
from reconciler.report.blocks import Block, Cut, Detail, Mark
from reconciler.report.compose.opening import failed_report, marker, title
from reconciler.report.compose.quarantine import quarantine_block
from reconciler.report.compose.shards import shard_set
from reconciler.report.document import Document, NextStep, Report
from reconciler.report.next_steps import command
from reconciler.report.order import sorted_shards
from reconciler.report.spans import Command, Line, Name, Text, sentence, with_commands
from reconciler.spec.draft import EDITORS_SCHEMA


def pull_document(outcomes: Sequence[PullOutcome | KeyspaceFailed]) -> Document:
    return Document(reports=tuple(map(_report, outcomes)))


def _report(outcome: PullOutcome | KeyspaceFailed) -> Report:
    if isinstance(outcome, KeyspaceFailed):
        return failed_report("pull", outcome)
    step = _next_step(outcome)
    return Report(
        marker=marker("pull", outcome.keyspace, outcome.environment),
        title=title(_mark(outcome), outcome.keyspace, outcome.environment, _verdict(outcome)),
        blocks=(
            *_files(outcome),
            *map(_gap, outcome.gaps),
            *_unlike(outcome),
            *_unmanaged(outcome),
            *quarantine_block(outcome.quarantine),
        ),
        next_steps=(NextStep(text=with_commands(step)),) if step else (),
    )


def _mark(outcome: PullOutcome) -> Mark:
    return Mark.CAUTION if outcome.gaps else Mark.GOOD


def _verdict(outcome: PullOutcome) -> str:
    if outcome.gaps:
        unsaid = words.count(len(outcome.gaps), "table")
        return f"{_files_verdict(outcome)}; {unsaid} that no file says as it is"
    return _files_verdict(outcome)


def _files_verdict(outcome: PullOutcome) -> str:
    if outcome.spec:
        files = _schema_files(outcome)
        if not files:
            return "a spec is written; no shard has a table yet"
        return f"a spec and {words.count(files, 'schema file')}, from shard {outcome.source}"
    changed = len(outcome.written) + len(outcome.removed)
    if not changed:
        return f"the files say what shard {outcome.source} has already"
    return f"{words.count(changed, 'file')} brought to what shard {outcome.source} has"


def _schema_files(outcome: PullOutcome) -> int:
    return len({*outcome.written} - {outcome.spec, EDITORS_SCHEMA})


def _files(outcome: PullOutcome) -> Iterator[Block]:
    changed = [("wrote", path) for path in sorted(outcome.written)]
    changed += [("removed", path) for path in sorted(outcome.removed)]
    unchanged = len(outcome.unchanged)
    if changed or unchanged:
        yield blocks.Files(
            changed=tuple(changed),
            rest=f"{words.count(unchanged, 'file')} unchanged" if unchanged else "",
            cut=Cut(detail=Detail.REASON, instead=sentence("The list of files is left out here.")),
        )


def _gap(gap: FileGap) -> Block:
    """A table whose file is not what live is, why, and what ends it: pulling again does not."""
    match gap.kind:
        case GapKind.NO_DEFAULT:
            many = len(gap.columns) > 1
            told = (
                f": {'columns' if many else 'column'} {', '.join(gap.columns)} of table {gap.table}"
                f" {'have' if many else 'has'} no default at all on live, so that INSERTs without"
                f" {'them' if many else 'it'} fail. No CREATE TABLE says that: the file means"
                " DEFAULT NULL, and a plan will set it. To keep such INSERTs out, write NOT NULL"
            )
        case GapKind.NOT_TAKEN:
            assert gap.problem is not None, "what was refused has its reason"
            told = (
                f": live's definition is not taken any more: {gap.problem.message}. A plan will"
                " refuse until the table is changed on live, or left alone by"
                " policy.ignore_tables"
            )
        case GapKind.READ_OTHERWISE:
            told = (
                f": the server reads another table in the definition that live shows of {gap.table}"
                ", so that a plan of this file will want to change it; look at that plan"
            )
        case _:
            assert_never(gap.kind)
    return blocks.Paragraph(text=(Name(gap.path), Text(told)), sign="≠")


def _unlike(outcome: PullOutcome) -> Iterator[Block]:
    if not outcome.others:
        return
    total = len({outcome.source, *outcome.alike, *outcome.others})
    others = sorted_shards(outcome.others)
    there: Line = (
        *shard_set(others, total),
        Text(": not like shard "),
        Name(outcome.source),
        Text("; "),
        Command(command("plan", outcome.keyspace, outcome.environment)),
        Text(f" shows what would bring {'it' if len(others) == 1 else 'them'} there"),
    )
    if not outcome.spec:  # else it is there now, and `init` does not take another model
        other = command("pull", outcome.keyspace, outcome.environment, "--from", others[0])
        there = (
            *there,
            Text("; "),
            Command(other),
            Text(" takes its state into the files instead"),
        )
    yield blocks.Paragraph(text=there, sign="≠")


def _unmanaged(outcome: PullOutcome) -> Iterator[Block]:
    """Where the spec is new, and nobody has decided it."""
    if not outcome.spec or not outcome.unmanaged:
        return
    kinds = Counter(one.kind for one in outcome.unmanaged)
    found = ", ".join(words.count(number, kind) for kind, number in kinds.items())
    named = sorted({MANAGED_AS[kind] for kind in kinds})
    text = (
        f"left as they are, for the spec does not manage them: {found}. To have them in files, name"
        f" {' and '.join(named)} in its `manage`, beside tables, and run `reconciler pull`"
    )
    yield blocks.Paragraph(text=with_commands(text), sign="·")


def _next_step(outcome: PullOutcome) -> str:
    if outcome.spec and not _schema_files(outcome):
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
