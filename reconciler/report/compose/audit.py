"""Applies for whoever audits: a line each, the newest first; the same as CSV."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.outcomes.audit import AuditOutcome, AuditRow
from reconciler.plan import words
from reconciler.plan.visible import visible_line
from reconciler.report import apply_words, blocks
from reconciler.report.compose.forgotten import forgotten_blocks
from reconciler.report.compose.opening import failures_document
from reconciler.report.document import Document, NextStep, Report
from reconciler.report.spans import Line, Moment, Name, Text, with_commands
from reconciler.report.summary import short_id
from reconciler.report.times import duration, moment

COLUMNS = (
    "apply",
    "started",
    "ended",
    "environment",
    "region",
    "keyspace",
    "plan_id",
    "commit",
    "pull_request",
    "author",
    "approved_by",
    "started_by",
    "shards",
    "statements",
    "outcome",
    "problem",
    "shards_planned",
    "ran_on",
    "failed_on",
    "unknown_on",
)


_COMMIT_CHARS = 12  # the table and `--output json` have all of it


def audit_document(outcome: AuditOutcome) -> Document:
    gone = forgotten_blocks(outcome.forgotten)
    failed = failures_document(outcome.failed).reports
    if failed and not outcome.rows:  # what could not be asked has not said that there is none
        return Document(reports=(*failed, *((Report(title=None, blocks=gone),) if gone else ())))
    if not outcome.rows:
        text = (Name(outcome.environment), Text(": the ledger knows no apply that was asked for"))
        return Document(reports=(Report(title=None, blocks=(blocks.Paragraph(text=text), *gone)),))
    more = f"the same command with `--before {outcome.more_before}` shows those before that number"
    steps = (NextStep(text=with_commands(more)),) if outcome.more_before is not None else ()
    applies = blocks.Items(
        title=f"{words.count(len(outcome.rows), 'apply', 'applies')} in {outcome.environment}",
        items=tuple(map(_line, outcome.rows)),
    )
    found = Report(title=None, blocks=(applies, *gone), next_steps=steps)
    return Document(reports=(*failed, found))


def _line(row: AuditRow) -> Line:
    state = apply_words.state_words(row.outcome)
    took = f", {duration(row.ended_s - row.started_s)}" if row.ended_s is not None else ""
    problem = f" ({row.problem})" if row.problem else ""
    spans: list[Text | Name | Moment] = [Text(f"{row.apply_id}, "), Moment(row.started_s)]
    spans += [Text(": "), Name(row.keyspace)]
    spans += [Text(f" {state}{problem}, {_sent(row)}{took}; plan "), Name(short_id(row.plan_id))]
    spans += [Text(", commit "), Name(row.commit[:_COMMIT_CHARS]), Text(f"; {_whose(row)}")]
    if row.started_by:
        spans.append(Text(f"; started by {row.started_by}"))
    return tuple(spans)


def _sent(row: AuditRow) -> str:
    """Shards by name where they are few, or one: CSV and JSON name them all."""
    ran = row.ran
    told = f"{words.count(ran.statements, 'statement')} on" if ran.shards else "nothing ran"
    told += f" {words.shard_set(ran.shards, row.shards_planned)}" if ran.shards else ""
    for found, what in ((row.failed, "failed"), (row.unknown, "unknown")):
        if found.shards:
            told += f", {found.statements:,} {what} on {_shard_or_count(found.shards)}"
    return told


def _shard_or_count(shards: tuple[str, ...]) -> str:
    return f"shard {shards[0]}" if len(shards) == 1 else words.count(len(shards), "shard")


def _whose(row: AuditRow) -> str:
    if row.pull_request is None:
        return "no pull request on record"
    approved = ", ".join(row.approved_by) or "nobody"
    return f"pull request #{row.pull_request} by {row.author}, approved by {approved}"


def audit_csv(outcome: AuditOutcome) -> str:
    """By RFC 4180, without what a spreadsheet would take for a formula."""
    lines = [COLUMNS, *(tuple(_cells(row)) for row in outcome.rows)]
    return "".join(f"{','.join(map(_cell, line))}\r\n" for line in lines)


def _cells(row: AuditRow) -> Iterator[str]:
    yield str(row.apply_id)
    yield moment(row.started_s)
    yield moment(row.ended_s) if row.ended_s is not None else ""
    yield from (row.environment, row.region or "", row.keyspace, row.plan_id, row.commit)
    yield "" if row.pull_request is None else str(row.pull_request)
    yield from (row.author, " ".join(row.approved_by), row.started_by)
    yield from (str(len(row.ran.shards)), str(row.ran.statements), row.outcome.value, row.problem)
    yield str(row.shards_planned)
    yield from (" ".join(found.shards) for found in (row.ran, row.failed, row.unknown))


def _cell(text: str) -> str:
    shown = visible_line(text)
    if shown.startswith(_FORMULA):
        shown = f"'{shown}"
    return '"' + shown.replace('"', '""') + '"' if set(shown) & set(',"\n') else shown


_FORMULA: tuple[str, ...] = ("=", "+", "-", "@")
