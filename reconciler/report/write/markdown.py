"""Documents for a pull request, a job summary or an issue, in GitHub's Markdown.

A document becomes a row of parts, each with how much of a detail it is, and `fit` takes as many of
them as there is room for.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from reconciler.plan import words
from reconciler.plan.visible import visible_line, visible_sql
from reconciler.report import blocks
from reconciler.report.addresses import in_link
from reconciler.report.document import Document, Marker, NextStep, Report, Title
from reconciler.report.limits import COMMENT_BYTES_MAX, REASONS_SHOWN_MAX
from reconciler.report.spans import Name, Source, Strong, Text
from reconciler.report.times import clock
from reconciler.report.write.difference import difference_lines
from reconciler.report.write.fit import Part, fit
from reconciler.report.write.markdown_fleet import checks, files, groups, not_compared
from reconciler.report.write.neutral import fenced, inline, marker
from reconciler.report.write.pieces import (
    MARKS,
    Parts,
    cell,
    folded,
    joined,
    part,
    said,
    table_rows,
)

_ERROR_CHARS_MAX = 300


def write_markdown(document: Document, *, limit_bytes: int = COMMENT_BYTES_MAX) -> str:
    """At most `limit_bytes` of UTF-8; the document's own marker and its closing line are kept."""
    above = f"{_marker(document.marker)}\n" if document.marker else ""
    below = f"\n{inline(document.closing)}\n" if document.closing else ""
    room_bytes = limit_bytes - len(f"{above}{below}".encode())
    parts = tuple(part for report in document.reports for part in _report(report))
    return f"{above}{fit(parts, room_bytes)}{below}"


def _report(report: Report) -> Parts:
    opening = [_marker(report.marker)] if report.marker else []
    opening += [_title(report.title)] if report.title else []
    if opening:
        yield Part(text="\n".join(opening), opens=True)
    told, explained = _before_explanations(report.blocks)
    for block in told:
        yield from _block(block)
    if report.plan_id:
        yield Part(text=f"Plan id: {inline((Name(report.plan_id),))}")
    for block in explained:
        yield from _block(block)
    yield from _next_steps(report.next_steps)


def _before_explanations(
    found: tuple[blocks.Block, ...],
) -> tuple[tuple[blocks.Block, ...], tuple[blocks.Block, ...]]:
    """Where room is short the last parts go: the plan id stands before what only explains."""
    for number, block in enumerate(found):
        if not isinstance(block, blocks.OnPage) or not isinstance(block.block, blocks.Paragraph):
            continue
        if not block.block.is_alert:
            return found[:number], found[number:]
    return found, ()


def _marker(found: Marker) -> str:
    return marker(found.topic, *found.names)


def _title(title: Title) -> str:
    about = f"{inline(title.about)}: " if title.about else ""
    return f"### {MARKS[title.mark]} {about}{inline(title.verdict, starts_line=False)}"


def _block(block: blocks.Block) -> Parts:
    match block:
        case blocks.Heading(text=text):
            yield Part(text=f"#### {inline(text)}")
        case blocks.Paragraph():
            yield Part(text=_paragraph(block))
        case blocks.Items():
            yield part(_items(block), block.cut)
        case blocks.Copy():
            lead = f"**{said(block.title)}:** {cell(block.lead)}:"
            yield part(
                f"{lead}\n\n{fenced(joined(map(visible_line, block.lines)), block.language)}",
                block.cut,
            )
        case blocks.Facts():
            yield from _facts(block)
        case blocks.Reasons():
            yield from _reasons(block)
        case blocks.Statements():
            yield from _statements(block)
        case blocks.Waves():
            yield part(_waves(block), block.cut)
        case blocks.Steps():
            yield Part(text=_steps(block))
        case blocks.Shards():
            yield from _shards(block)
        case blocks.Groups():
            yield from groups(block)
        case blocks.NotCompared():
            yield part(not_compared(block), block.cut)
        case blocks.Checks():
            yield part(checks(block), block.cut)
        case blocks.History():
            yield part(_history(block), block.cut)
        case blocks.Files():
            yield part(files(block), block.cut)
        case blocks.OnPage():
            yield part(_page_block(block.block), block.cut)
        case blocks.Fold():
            body = "\n\n".join(map(_page_block, block.blocks))
            yield part(folded(block.title, body), block.cut)
        case _:
            assert_never(block)


def _page_block(block: blocks.PageBlock) -> str:
    match block:
        case blocks.Paragraph():
            return _paragraph(block)
        case blocks.Items():
            return _items(block)
        case blocks.Table():
            return _table(block)
        case _:
            assert_never(block)


# --- what stands in every report ---


def _paragraph(block: blocks.Paragraph) -> str:
    if block.is_alert:
        return f"> [!WARNING]\n> {inline(block.text)}"
    if block.title:
        return f"**{said(block.title)}:** {cell(block.text)}"
    return f"{block.sign} {inline(block.text)}" if block.sign else inline(block.text)


def _items(block: blocks.Items) -> str:
    items = joined(f"- {inline(item)}" for item in block.items)
    return f"**{said(block.title)}**\n\n{items}" if block.title else items


def _table(block: blocks.Table) -> str:
    rows = [[cell(spans) for spans in row] for row in block.rows]
    return table_rows([said(name) for name in block.header], rows, said(block.more))


def _facts(block: blocks.Facts) -> Parts:
    """In one line, what they rest on below it."""
    briefs = [
        (Text(f"{fact.label} "), *fact.text) if fact.brief is None else fact.brief
        for fact in block.facts
    ]
    if told := " · ".join(filter(None, map(cell, briefs))):
        yield Part(text=told)
    for fact in block.facts:
        if fact.basis:
            text = folded(f"What the {fact.label} rests on", f"{inline(fact.basis)}.")
            yield Part(text=text, detail=blocks.Detail.OVERVIEW)


def _next_steps(steps: Sequence[NextStep]) -> Parts:
    match steps:
        case []:
            return
        case [step]:
            command = f"\n\n{fenced(visible_line(step.command), 'sh')}" if step.command else ""
            yield Part(text=f"**Next:** {cell(step.text)}{command}")
        case _:
            yield Part(text=f"**Next**\n\n{joined(f'- {inline(step.text)}' for step in steps)}")


# --- reasons ---


def _reasons(block: blocks.Reasons) -> Parts:
    title = f"**{said(block.title)}**\n\n" if block.title else ""
    for reason in block.reasons[:REASONS_SHOWN_MAX]:
        yield part(f"{title}{_reason(reason)}", block.cut)
        title = ""
    if (more := len(block.reasons) - REASONS_SHOWN_MAX) > 0:
        noun = "problem" if block.kind is blocks.ReasonKind.PROBLEM else "reason"
        yield Part(text=f"and {words.count(more, f'more {noun}')}; `--output json` has them all")


def _reason(reason: blocks.Reason) -> str:
    """Both sides below the sentence, and the next step with it (GD-7)."""
    place = (*reason.place, Text(": ")) if reason.place else ()
    sentence = inline((*place, *reason.message, Text(" ("), Name(reason.code), Text(")")))
    text = f"- {sentence}{_where(reason.defined)}"
    if reason.recovery:
        text += f"\n  <br>Next: {cell(reason.recovery)}"
    if reason.quoted:  # none of its lines starts like a line of ours
        quoted = joined(f"| {visible_line(line)}" for line in reason.quoted)
        text += f"\n\n{fenced(quoted)}"
    if reason.difference is not None:
        text += f"\n\n{fenced(joined(difference_lines(reason.difference)), 'diff')}"
    return text


def _where(defined: Source | None) -> str:
    if defined is None:
        return ""
    name = inline((Name(str(defined.where)),))
    return f" ([{name}]({in_link(defined.url)}))" if defined.url else f" ({name})"


# --- a plan ---


def _statements(block: blocks.Statements) -> Parts:
    """The exact statements; what is said about each stands outside the code, where it wraps."""
    states = f"\n\n{inline(block.states)}" if block.states else ""
    told = "\n\n".join(map(_statement, block.statements))
    yield part(f"#### {inline(block.title)}{states}\n\n{told}", block.cut)
    dangers = [_danger(danger, one.number) for one in block.statements for danger in one.dangers]
    if dangers:
        yield part(joined(dangers), block.dangers_cut)


def _statement(statement: blocks.Statement) -> str:
    rows = f", {said(statement.rows)}" if statement.rows else ""
    effect = (Strong(statement.class_name), Text(f": {statement.effect}"))
    about = f"{said(statement.number)} {cell((Name(statement.table),))}{rows} · {cell(effect)}"
    remarks = list(map(said, statement.remarks))
    if statement.hidden:
        found = said(", ".join(statement.hidden))
        remarks.append(f"**CAUTION:** hidden characters, shown here as escapes: {found}")
    lead = "<br>".join([about, *remarks])
    return f"{lead}\n{fenced(visible_sql(words.terminated(statement.sql)), 'sql')}"


def _danger(danger: blocks.Danger, number: str) -> str:
    about = danger.table if danger.object is None else f"{danger.table}.{danger.object}"
    told = (Strong(danger.kind), Text(" "), Name(about), Text(f": {danger.reason}"))
    what = f"{said(number)} {cell(told)}{_where(danger.defined)}"
    if not danger.needs_permission:
        return f"- {what}"
    if danger.allowed is None:
        return f"- {MARKS[blocks.Mark.BAD]} {what}. **Not allowed by policy**"
    return f"- {MARKS[blocks.Mark.CAUTION]} {what}. Allowed: {said(danger.allowed)}"


def _waves(block: blocks.Waves) -> str:
    if not any(wave.state for wave in block.waves):
        items = joined(f"- wave {said(wave.number)}: {cell(wave.shards)}" for wave in block.waves)
        return f"**Waves**\n\n{items}"
    rows = [(said(one.number), cell(one.shards), said(one.state)) for one in block.waves]
    return table_rows(("Wave", "Shards", "State"), rows, "waves")


# --- an apply ---


def _steps(block: blocks.Steps) -> str:
    rows = [(f"{one.sign} {said(one.text)}", _error(one.problem)) for one in block.steps]
    told = joined(f"- {state}{f': {error}' if error else ''}" for state, error in rows)
    return f"**VSchema**\n\n{told}"


def _shards(block: blocks.Shards) -> Parts:
    if block.counted:
        yield Part(text=inline((Text(block.counted),)))
    rows = [
        (
            cell(shard.shards),
            cell((Name(operation.table),)),
            f"{operation.sign} {said(operation.text)}",
            _error(operation.problem),
        )
        for shard in block.shards
        for operation in shard.operations
    ]
    header: tuple[str, ...] = ("Shard", "Table", "State", "Error")
    columns = 4 if any(error for *_, error in rows) else 3
    if block.more:
        yield Part(text=f"and {block.more:,} more groups of shards; `reconciler status` has them")
    if rows:
        shown = [row[:columns] for row in rows]
        yield part(table_rows(header[:columns], shown, "operations"), block.cut)


def _error(problem: blocks.Reason | None) -> str:
    if problem is None:
        return ""
    return inline(problem.message, starts_line=False, sentence_chars_max=_ERROR_CHARS_MAX)


def _history(block: blocks.History) -> str:
    events = (inline((Name(clock(one.at_s)), Text(f" {one.text}"))) for one in block.events)
    return folded("History", joined(f"- {event}" for event in events))
