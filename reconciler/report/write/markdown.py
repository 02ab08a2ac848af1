"""Documents for a pull request, a job summary or an issue, in GitHub's Markdown.

A document becomes a row of parts, each with how much of a detail it is, and `fit` takes as many of
them as there is room for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import assert_never

from reconciler.errors import Location
from reconciler.plan import words
from reconciler.plan.visible import visible_line, visible_sql
from reconciler.report import blocks
from reconciler.report.document import Document, Marker, NextStep, Report, Title
from reconciler.report.limits import COMMENT_BYTES_MAX, REASONS_SHOWN_MAX
from reconciler.report.spans import Line, Name, Strong, Text
from reconciler.report.times import clock
from reconciler.report.write.difference import difference_lines
from reconciler.report.write.fit import Part, fit
from reconciler.report.write.neutral import fenced, html_text, inline, marker

_MARKS = {
    blocks.Mark.GOOD: "✅",
    blocks.Mark.CAUTION: "⚠️",
    blocks.Mark.BAD: "❌",
    blocks.Mark.WAITING: "⏳",
    blocks.Mark.UNDERWAY: "⏳",
    blocks.Mark.QUIET: "–",
}

_ROWS_MAX = 20
_ERROR_CHARS_MAX = 300

Parts = Iterator[Part]


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
    said, explained = _before_explanations(report.blocks)
    for block in said:
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
        if isinstance(block, blocks.OnPage) and isinstance(block.block, blocks.Paragraph):
            return found[:number], found[number:]
    return found, ()


def _marker(found: Marker) -> str:
    return marker(found.topic, *found.names)


def _title(title: Title) -> str:
    about = f"{inline(title.about)}: " if title.about else ""
    return f"### {_MARKS[title.mark]} {about}{inline(title.verdict, starts_line=False)}"


def _block(block: blocks.Block) -> Parts:
    match block:
        case blocks.Heading(text=text):
            yield Part(text=f"#### {inline(text)}")
        case blocks.Paragraph():
            yield Part(text=_paragraph(block))
        case blocks.Items():
            yield _part(_items(block), block.cut)
        case blocks.Copy():
            lead = f"**{_said(block.title)}:** {_cell(block.lead)}:"
            yield _part(
                f"{lead}\n\n{fenced(_lines(map(visible_line, block.lines)), block.language)}",
                block.cut,
            )
        case blocks.Facts():
            yield from _facts(block)
        case blocks.Reasons():
            yield from _reasons(block)
        case blocks.Statements():
            yield from _statements(block)
        case blocks.Waves():
            yield _part(_waves(block), block.cut)
        case blocks.Steps():
            yield Part(text=_steps(block))
        case blocks.Shards():
            yield from _shards(block)
        case blocks.Groups():
            yield from _groups(block)
        case blocks.NotCompared():
            yield _part(_not_compared(block), block.cut)
        case blocks.Checks():
            yield _part(_checks(block), block.cut)
        case blocks.History():
            yield _part(_history(block), block.cut)
        case blocks.Files():
            yield _part(_files(block), block.cut)
        case blocks.OnPage():
            yield _part(_page_block(block.block), block.cut)
        case blocks.Fold():
            body = "\n\n".join(map(_page_block, block.blocks))
            yield _part(_folded(block.title, body), block.cut)
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


def _part(text: str, cut: blocks.Cut) -> Part:
    return Part(text=text, detail=cut.detail, instead=inline(cut.instead))


# --- what stands in every report ---


def _paragraph(block: blocks.Paragraph) -> str:
    if block.title:
        return f"**{_said(block.title)}:** {_cell(block.text)}"
    return f"{block.sign} {inline(block.text)}" if block.sign else inline(block.text)


def _items(block: blocks.Items) -> str:
    items = _lines(f"- {inline(item)}" for item in block.items)
    return f"**{_said(block.title)}**\n\n{items}" if block.title else items


def _folded(title: str, body: str) -> str:
    return f"<details><summary>{html_text(title)}</summary>\n\n{body}\n\n</details>"


def _table(block: blocks.Table) -> str:
    rows = [[_cell(cell) for cell in row] for row in block.rows]
    return _rows([_said(name) for name in block.header], rows, _said(block.more))


def _rows(header: Sequence[str], rows: Sequence[Sequence[str]], more: str) -> str:
    """At most twenty rows; `more` names what further rows would have been."""
    shown = [header, ["---"] * len(header), *rows[:_ROWS_MAX]]
    lines = [f"| {' | '.join(cells)} |" for cells in shown]
    if len(rows) > _ROWS_MAX:
        lines += ["", f"and {len(rows) - _ROWS_MAX:,} more {more}"]
    return "\n".join(lines)


def _cell(spans: Line) -> str:
    """What does not stand at the start of a line."""
    return inline(spans, starts_line=False)


def _said(text: str) -> str:
    return _cell((Text(text),))


def _facts(block: blocks.Facts) -> Parts:
    """In one line, what they rest on below it."""
    briefs = [
        (Text(f"{fact.label} "), *fact.text) if fact.brief is None else fact.brief
        for fact in block.facts
    ]
    if told := " · ".join(filter(None, map(_cell, briefs))):
        yield Part(text=told)
    for fact in block.facts:
        if fact.basis:
            text = f"**{_said(fact.label.capitalize())}:** {_cell(fact.basis)}."
            yield Part(text=text, detail=blocks.Detail.OVERVIEW)


def _next_steps(steps: Sequence[NextStep]) -> Parts:
    match steps:
        case []:
            return
        case [step]:
            command = f"\n\n{fenced(visible_line(step.command), 'sh')}" if step.command else ""
            yield Part(text=f"**Next:** {_cell(step.text)}{command}")
        case _:
            yield Part(text=f"**Next**\n\n{_lines(f'- {inline(step.text)}' for step in steps)}")


# --- reasons ---


def _reasons(block: blocks.Reasons) -> Parts:
    title = f"**{_said(block.title)}**\n\n" if block.title else ""
    for reason in block.reasons[:REASONS_SHOWN_MAX]:
        yield _part(f"{title}{_reason(reason)}", block.cut)
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
        text += f"\n  <br>Next: {_cell(reason.recovery)}"
    if reason.quoted:  # none of its lines starts like a line of ours
        quoted = _lines(f"| {visible_line(line)}" for line in reason.quoted)
        text += f"\n\n{fenced(quoted)}"
    if reason.difference is not None:
        text += f"\n\n{fenced(_lines(difference_lines(reason.difference)), 'diff')}"
    return text


def _where(defined: Location | None) -> str:
    return f" ({inline((Name(str(defined)),))})" if defined else ""


# --- a plan ---


def _statements(block: blocks.Statements) -> Parts:
    """The exact statements; what is said about each stands in comments of one line above it."""
    sql = fenced("\n\n".join(_lines(_statement(one)) for one in block.statements), "sql")
    yield _part(f"#### {inline(block.title)}\n\n{sql}", block.cut)
    dangers = [_danger(danger, one.number) for one in block.statements for danger in one.dangers]
    if dangers:
        yield _part(_lines(dangers), block.dangers_cut)


def _statement(statement: blocks.Statement) -> Iterator[str]:
    rows = f", {statement.rows}" if statement.rows else ""
    about = f"{statement.number} {statement.table}{rows}"
    remarks = [f"{about}: {statement.class_name}, {statement.effect}", *statement.remarks]
    if statement.hidden:
        found = ", ".join(statement.hidden)
        remarks.append(f"CAUTION: hidden characters, shown here as escapes: {found}")
    yield from (f"-- {visible_line(remark)}" for remark in remarks)
    yield visible_sql(words.terminated(statement.sql))


def _danger(danger: blocks.Danger, number: str) -> str:
    about = danger.table if danger.object is None else f"{danger.table}.{danger.object}"
    told = (Strong(danger.kind), Text(" "), Name(about), Text(f": {danger.reason}"))
    what = f"{_said(number)} {_cell(told)}{_where(danger.defined)}"
    if not danger.needs_permission:
        return f"- {what}"
    if danger.allowed is None:
        return f"- {_MARKS[blocks.Mark.BAD]} {what}. **Not allowed by policy**"
    return f"- {_MARKS[blocks.Mark.CAUTION]} {what}. Allowed: {_said(danger.allowed)}"


def _waves(block: blocks.Waves) -> str:
    if not any(wave.state for wave in block.waves):
        items = _lines(f"- wave {wave.number}: {_cell(wave.shards)}" for wave in block.waves)
        return f"**Waves**\n\n{items}"
    rows = [(str(one.number), _cell(one.shards), _said(one.state)) for one in block.waves]
    return _rows(("Wave", "Shards", "State"), rows, "waves")


# --- an apply ---


def _steps(block: blocks.Steps) -> str:
    rows = [(f"{one.sign} {_said(one.text)}", _error(one.problem)) for one in block.steps]
    told = _lines(f"- {state}{f': {error}' if error else ''}" for state, error in rows)
    return f"**VSchema**\n\n{told}"


def _shards(block: blocks.Shards) -> Parts:
    if block.counted:
        yield Part(text=inline((Text(block.counted),)))
    rows = [
        (
            _cell((Name(shard.name),)),
            _cell((Name(operation.table),)),
            f"{operation.sign} {_said(operation.text)}",
            _error(operation.problem),
        )
        for shard in block.shards
        for operation in shard.operations
    ]
    header: tuple[str, ...] = ("Shard", "Table", "State", "Error")
    columns = 4 if any(error for *_, error in rows) else 3
    if rows:
        shown = [row[:columns] for row in rows]
        yield _part(_rows(header[:columns], shown, "operations"), block.cut)


def _error(problem: blocks.Reason | None) -> str:
    if problem is None:
        return ""
    return inline(problem.message, starts_line=False, sentence_chars_max=_ERROR_CHARS_MAX)


def _history(block: blocks.History) -> str:
    events = (inline((Name(clock(one.at_s)), Text(f" {one.text}"))) for one in block.events)
    return _folded("History", _lines(f"- {event}" for event in events))


# --- drift, files, doctor ---


def _groups(block: blocks.Groups) -> Parts:
    rows = [
        (f"{group.sign} **{_said(group.word)}**", _cell(group.shards), _meaning(group))
        for group in block.groups
    ]
    if rows:
        yield _part(_rows(("State", "Shards", "Meaning"), rows, "groups of shards"), block.cut)
    for group in block.groups:
        yield from _divergences(group, block)


def _meaning(group: blocks.Group) -> str:
    step = f"<br>Next: {_cell(group.recovery)}" if group.recovery else ""
    return f"{_said(group.reason or group.meaning)}{step}"


def _divergences(group: blocks.Group, block: blocks.Groups) -> Parts:
    """What differs, and one way back: a statement may take several differences away."""
    heading = f"#### {_said(group.word)}: {_cell(group.shards)}"
    if group.difference is not None:
        told = fenced(_lines(difference_lines(group.difference)), "diff")
        yield _part(f"{heading}\n\n{told}", block.divergences_cut)
    if not group.divergences:
        return
    items = (inline((Name(d.table), Text(f": {d.text}"))) for d in group.divergences)
    yield _part(f"{heading}\n\n{_lines(f'- {item}' for item in items)}", block.divergences_cut)
    repair = [
        visible_sql(words.terminated(sql)) for found in group.divergences for sql in found.repair
    ]
    if repair:
        sql = fenced(_lines(dict.fromkeys(repair)), "sql")
        text = f"The way back to git, through a reviewed plan:\n\n{sql}"
        yield _part(text, block.repair_cut)


def _not_compared(block: blocks.NotCompared) -> str:
    items = (inline((Name(name), Text(" on "), *where)) for _, name, where in block.tables)
    what = f"{block.sign} **{_said(block.word)}**: {_said(block.meaning)}"
    return f"{what}\n\n{_lines(f'- {item}' for item in items)}"


def _files(block: blocks.Files) -> str:
    items = [inline((Text(f"{verb} "), Name(path))) for verb, path in block.changed]
    items += [inline((Text(block.rest),))] if block.rest else []
    return _lines(f"- {item}" for item in items)


def _checks(block: blocks.Checks) -> str:
    rows = [
        (
            f"{_MARKS[check.mark]} {_said(check.word)}",
            _cell((Name(check.subject),)),
            _said(check.text),
            _cell(check.recovery),
        )
        for check in block.checks
    ]
    return _rows(("", "Check", "Found", "Next"), rows, "checks")


def _lines(lines: Iterator[str] | Sequence[str] | dict[str, None]) -> str:
    return "\n".join(lines)
