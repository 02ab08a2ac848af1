"""`lint`: what is wrong in the files, one problem after the other; then what the rules say, rule by
rule, the heaviest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from reconciler.lint.model import Remark, Severity
from reconciler.lint.rules import BY_NAME
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.files import LintOutcome
from reconciler.plan import words
from reconciler.report.blocks import Block, Cut, Detail, Heading, Items, Mark, Paragraph
from reconciler.report.compose.opening import failed_report
from reconciler.report.compose.reasons import problems
from reconciler.report.document import Document, NextStep, Report, Title
from reconciler.report.limits import REMARKS_SHOWN_MAX
from reconciler.report.order import sorted_problems
from reconciler.report.spans import Line, Name, Text, sentence, with_commands

_CUT = Cut(
    detail=Detail.REASON,
    instead=with_commands("Some problems are left out here; `reconciler lint` shows them all."),
)
_HEAVIEST_FIRST = (Severity.ERROR, Severity.WARNING, Severity.INFO)
_MARKS = {Severity.ERROR: Mark.BAD, Severity.WARNING: Mark.CAUTION}


def lint_document(
    outcomes: Sequence[LintOutcome | KeyspaceFailed], since: str | None = None
) -> Document:
    """`since` is the commit after which tables changed that were looked at; None: at all."""
    return Document(reports=tuple(_report(outcome, since) for outcome in outcomes))


def lint_blocks(outcome: LintOutcome | None, noun: str = "changed table") -> Iterator[Block]:
    """Beside a plan, what rules say of the tables that the change is about, or beside drift of
    those of shards, called `noun`; nothing where they say nothing."""
    if outcome is None or not (outcome.problems or outcome.remarks or _count_let_be(outcome)):
        return
    looked_at = words.count(outcome.looked_at, noun)
    yield Heading(text=sentence(f"Lint: {_verdict(outcome, looked_at)}"))
    yield from problems(sorted_problems(outcome.problems), _CUT)
    yield from _rules(outcome.remarks)
    yield from _let_be(outcome, None)


def _report(outcome: LintOutcome | KeyspaceFailed, since: str | None) -> Report:
    if isinstance(outcome, KeyspaceFailed):
        return failed_report("lint", outcome)
    return Report(
        title=Title(
            mark=_mark(outcome),
            about=(Name(outcome.keyspace),),
            verdict=sentence(_verdict(outcome, words.count(outcome.tables, "table"))),
        ),
        blocks=(
            *problems(sorted_problems(outcome.problems), _CUT),
            *_rules(outcome.remarks),
            *_unused(outcome),
            *_let_be(outcome, since),
        ),
        next_steps=tuple(NextStep(text=with_commands(step)) for step in _begin_with(outcome)),
    )


def _begin_with(outcome: LintOutcome) -> Iterator[str]:
    """For a schema that is older than its rules, of which every table fails the verb."""
    old = any(one.severity is Severity.ERROR and not one.new for one in outcome.remarks)
    if outcome.problems or not old or outcome.listed:
        return
    write = "`reconciler lint --write-baseline`"
    about = "what the rules find today is told no more then, only what comes"
    if outcome.baseline is None:
        named = f"`lint: {{baseline: specs/{outcome.keyspace}.baseline}}`"
        yield f"fix what it finds; or put {named} into the spec and run {write}: {about}"
    else:
        yield f"fix what it finds; or run {write}: {about}"


def _mark(outcome: LintOutcome) -> Mark:
    if outcome.problems:
        return Mark.BAD
    worst = min((_HEAVIEST_FIRST.index(one.severity) for one in outcome.remarks), default=None)
    return Mark.GOOD if worst is None else _MARKS.get(_HEAVIEST_FIRST[worst], Mark.GOOD)


def _verdict(outcome: LintOutcome, tables: str) -> str:
    """A spec that cannot be read leads to no table: then none is counted."""
    if outcome.problems:
        count = words.count(len(outcome.problems), "problem")
        return f"{count} in {tables}" if outcome.tables else count
    counts = [
        words.count(number, severity.value) if severity is not Severity.INFO else f"{number} info"
        for severity in _HEAVIEST_FIRST
        if (number := sum(one.severity is severity for one in outcome.remarks))
    ]
    return f"{', '.join(counts)} in {tables}" if counts else f"fine, {tables}"


def _rules(remarks: Sequence[Remark]) -> Iterator[Block]:
    def order(remark: Remark) -> tuple[int, str]:
        return _HEAVIEST_FIRST.index(remark.severity), remark.rule

    for (weight, rule), group in groupby(sorted(remarks, key=order), order):
        said = [_said(remark) for remark in group]
        yield Paragraph(
            title=f"{_HEAVIEST_FIRST[weight]} {rule}", text=sentence(f"{BY_NAME[rule].reason}.")
        )
        yield Items(items=tuple(_bounded(said, rule)), cut=_CUT)
        if any(remark.edits for remark in remarks if remark.rule == rule):
            yield Paragraph(text=with_commands("next: `reconciler lint --fix` edits the files"))


def _said(remark: Remark) -> Line:
    return (
        Name(f"{remark.path}:{remark.line}:{remark.column}"),
        Text(": "),
        Name(remark.about),
        Text(f" {remark.message}{' (new)' if remark.new else ''}"),
    )


def _bounded(said: Sequence[Line], rule: str) -> Iterator[Line]:
    yield from said[:REMARKS_SHOWN_MAX]
    if len(said) > REMARKS_SHOWN_MAX:
        rest = len(said) - REMARKS_SHOWN_MAX
        yield with_commands(f"and {rest} more of {rule}: `reconciler lint --output json` has them")


def _unused(outcome: LintOutcome) -> Iterator[Block]:
    if outcome.unused:
        yield Items(
            title="exceptions for what no rule finds any more, to be taken out of the spec",
            items=tuple(
                sentence(f"{one.rule} at {one.table}{f'.{one.object}' if one.object else ''}")
                for one in outcome.unused
            ),
        )


def _count_let_be(outcome: LintOutcome) -> int:
    return len(outcome.excepted) + len(outcome.listed)


def _let_be(outcome: LintOutcome, since: str | None) -> Iterator[Block]:
    """What was not told, and why: nothing is left out without a word."""
    said = []
    if outcome.excepted:
        said.append(f"{len(outcome.excepted)} excepted by the spec")
    if outcome.listed:
        said.append(f"{len(outcome.listed)} known before ({outcome.baseline})")
    if said:
        yield Paragraph(title="not told", text=sentence(", ".join(said)))
    if since is not None and not outcome.problems:
        looked_at = f"{outcome.looked_at} of {words.count(outcome.tables, 'table')}"
        text = f"{looked_at}, changed since {since[:12]}; `reconciler lint --all` looks at all"
        yield Paragraph(title="looked at", text=with_commands(text))
