"""Documents for a terminal or a log: plain lines, with colour only where the caller asks for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import assert_never

from reconciler.plan.visible import visible_line
from reconciler.report import blocks
from reconciler.report.document import Document, NextStep, Report, Title
from reconciler.report.limits import (
    FAILURES_SHOWN_MAX,
    REASONS_SHOWN_MAX,
    STATEMENTS_NAMED_MAX,
)
from reconciler.report.spans import Line
from reconciler.report.style import PLAIN, Style, Tone
from reconciler.report.times import clock
from reconciler.report.write.difference import difference_lines
from reconciler.report.write.painted import TONES, painted_difference
from reconciler.report.write.plain import Lines, plain, short_sql_line, sql_line, sql_lines, wrapped
from reconciler.report.write.short import (
    REPORT_LINES_MIN,
    Section,
    few_steps,
    grouped,
    shares,
    shortened,
    verdicts,
)
from reconciler.report.write.text_fleet import check_lines, group_lines, not_compared_lines

# What begins each kind of reason, as wide as its further lines are indented.
_STARTS = {blocks.ReasonKind.UNSEEN: "  ?  ", blocks.ReasonKind.PROBLEM: "  "}


def write_text(document: Document, style: Style = PLAIN) -> str:
    """Ends with a line end; no line ends with a blank."""
    below = ["", plain(document.closing)] if document.closing else []
    lines = [*_reports(document.reports, style, len(below)), *below]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _reports(reports: Sequence[Report], style: Style, below_lines: int) -> Lines:
    """Set apart, but for verdicts that each are all there is."""
    written = [list(_report(report, style)) for report in reports]
    if style.lines_max is not None:
        written = _shortened(reports, written, style, style.lines_max - below_lines)
    length = 1
    for number, lines in enumerate(written):
        if number and max(length, len(lines)) > 1:
            yield ""
            yield ""
        yield from lines
        length = len(lines)


def _shortened(
    reports: Sequence[Report], whole: list[list[str]], style: Style, lines_max: int
) -> list[list[str]]:
    """As far as they have to be. Where not even a few lines of each have room, verdicts alone."""
    apart_lines = 2 * (len(whole) - 1)
    if sum(map(len, whole)) + apart_lines <= lines_max:
        return whole
    rooms = shares(list(map(len, whole)), lines_max - apart_lines)
    if min(rooms) < min(REPORT_LINES_MIN, min(map(len, whole))):
        return verdicts(reports, [lines[:1] for lines in whole], lines_max)
    return [
        lines if len(lines) <= room else list(_report(report, style, room))
        for report, lines, room in zip(reports, whole, rooms, strict=True)
    ]


def _report(report: Report, style: Style, room_lines: int | None = None) -> Lines:
    """`room_lines`: in no more."""
    opening = [_title(report.title, style)] if report.title is not None else []
    each = [list(_next_step(step, style)) for step in report.next_steps]
    steps = few_steps(each, sum(map(len, each)) if room_lines is None else room_lines // 3)
    ending = ["", *steps] if steps else []
    sections = list(_sections(report, style))
    yield from opening
    if room_lines is None:
        for section in sections:
            yield from ("",) * section.gap
            yield from section.lines
    else:
        room_lines -= len(opening) + len(ending)
        yield from shortened(
            sections, room_lines, lambda block: list(_block(block, style)), style.width_chars
        )
    yield from ending


def _sections(report: Report, style: Style) -> Iterator[Section]:
    above: Title | blocks.Block | None = report.title
    for group in grouped(sorted(report.blocks, key=_is_urgent)):
        told = [lines for block in group if (lines := list(_block(block, style)))]
        lines = [line for number, one in enumerate(told) for line in ([""] if number else []) + one]
        if lines:
            gap = above is not None and not _stands_close(group[0], above)
            yield Section(blocks=group, lines=tuple(lines), gap=gap)
            above = group[-1]


def _is_urgent(block: blocks.Block) -> bool:
    return isinstance(block, blocks.Reasons) and block.urgent


def _stands_close(block: blocks.Block, above: Title | blocks.Block) -> bool:
    """What only says more about a title needs no gap."""
    return isinstance(block, blocks.Facts | blocks.Checks | blocks.Files) and isinstance(
        above, Title | blocks.Heading
    )


def _title(title: Title, style: Style) -> str:
    verdict = style.paint(plain(title.verdict), TONES[title.mark])
    return f"{style.paint(plain(title.about), Tone.STRONG)}: {verdict}" if title.about else verdict


def _block(block: blocks.Block, style: Style) -> Lines:
    match block:
        case blocks.Heading(text=text):
            yield style.paint(plain(text), Tone.STRONG)
        case blocks.Paragraph():
            yield from _paragraph(block, style)
        case blocks.Items():
            yield from _section(block.title, style)
            for item in block.items:
                yield from wrapped(plain(item), style.width_chars, first="  - ")
        case blocks.Copy():
            yield from _copy(block, style)
        case blocks.Facts(facts=facts):
            for fact in facts:
                yield from _fact(fact, style)
        case blocks.Reasons():
            yield from _reasons(block, style)
        case blocks.Statements():
            yield from _statements(block, style)
        case blocks.Waves():
            yield from _waves(block, style)
        case blocks.Steps():
            yield from _steps(block, style)
        case blocks.Shards():
            yield from _shards(block, style)
        case blocks.Groups(groups=groups):
            for number, group in enumerate(groups):
                yield from _gap(number)
                yield from group_lines(group, style)
        case blocks.NotCompared():
            yield from not_compared_lines(block, style)
        case blocks.Checks(checks=checks):
            for check in checks:
                yield from check_lines(check, style)
        case blocks.History():
            yield from _history(block, style)
        case blocks.Files(changed=changed, rest=rest):
            yield from (f"  {visible_line(f'{verb} {path}')}" for verb, path in changed)
            if rest:
                yield f"  {visible_line(rest)}"
        case blocks.OnPage() | blocks.Fold():
            return
        case _:
            assert_never(block)


def _gap(number: int) -> Lines:
    """Before all but the first."""
    if number:
        yield ""


def _section(title: str, style: Style) -> Lines:
    if title:
        yield style.paint(visible_line(title), Tone.STRONG)


def _paragraph(block: blocks.Paragraph, style: Style) -> Lines:
    yield from _section(block.title, style)
    first = "  " if block.title else f"{block.sign} " if block.sign else ""
    yield from wrapped(plain(block.text), style.width_chars, first=first)


def _copy(block: blocks.Copy, style: Style) -> Lines:
    yield from _section(block.title, style)
    yield from wrapped(f"{plain(block.lead)}:", style.width_chars, first="  ")
    yield ""
    yield from (f"    {visible_line(line)}" for line in block.lines)


def _fact(fact: blocks.Fact, style: Style) -> Lines:
    """What is too long to stand beside its label stands below it, whole: it is copied."""
    first, text = f"  {visible_line(fact.label):<13}", plain(fact.text)
    lines = list(wrapped(text, style.width_chars, first=first))
    if len(lines) == 1 and len(lines[0]) > style.width_chars:
        room = max(style.width_chars - len(text), 0)
        lines = [first, f"{' ' * min(room, 4)}{text}"]
    yield from lines
    if fact.basis:
        yield from wrapped(plain(fact.basis), style.width_chars, first=" " * 15)


def _next_step(step: NextStep, style: Style) -> Lines:
    yield from wrapped(plain(step.text), style.width_chars, first="next: ")
    if step.command:
        yield f"      {visible_line(step.command)}"


# --- reasons ---


def _reasons(block: blocks.Reasons, style: Style) -> Lines:
    """A next step that several refusals in a row share stands once, below the last of them."""
    reasons = block.reasons
    if block.urgent:
        yield from _section(block.title, style)
    is_problem = block.kind is blocks.ReasonKind.PROBLEM
    if block.urgent or not is_problem:
        reasons = reasons[: FAILURES_SHOWN_MAX if is_problem else REASONS_SHOWN_MAX]
    for number, reason in enumerate(reasons, start=1):
        start = _STARTS.get(block.kind, f"{number:>3}. ")
        yield from _gap(number - 1)
        yield from _reason(reason, style, start=start)
        shared = block.kind is blocks.ReasonKind.REFUSED and number < len(reasons)
        if not shared or _step(reasons[number]) != _step(reason):
            yield from _recovery(reason, style, start=start)
    if len(reasons) < len(block.reasons):
        yield ""
        yield f"  and {len(block.reasons) - len(reasons):,} more; `--output json` has them all"


def _reason(reason: blocks.Reason, style: Style, *, start: str) -> Lines:
    place = f"{plain(reason.place)}: " if reason.place else ""
    text = f"{place}{plain(reason.message)} [{visible_line(reason.code)}]"
    for line in wrapped(text, style.width_chars, first=start):
        yield style.paint(line, Tone.BAD)
    margin = " " * len(start)
    bar = f"{margin}| " if start.strip() else f"{margin}  | "
    yield from (f"{bar}{visible_line(line)}" for line in reason.quoted)
    if reason.difference is not None:
        for line in difference_lines(reason.difference):
            yield f"{margin}{painted_difference(line, style)}"


def _recovery(reason: blocks.Reason, style: Style, *, start: str) -> Lines:
    if step := plain(_step(reason)):
        yield from wrapped(step, style.width_chars, first=f"{' ' * len(start)}next: ")


def _step(reason: blocks.Reason) -> Line:
    return reason.together or reason.recovery


# --- a plan ---


def _statements(block: blocks.Statements, style: Style) -> Lines:
    yield style.paint(plain(block.title), Tone.STRONG)
    if block.states:
        yield from _ran(block, style)
        return
    for (table, rows), statements in groupby(block.statements, key=lambda s: (s.table, s.rows)):
        yield ""
        name = style.paint(visible_line(table), Tone.STRONG)
        yield f"  {name}{visible_line(f', {rows}') if rows else ''}"
        for statement in statements:
            yield from _statement(statement, style)


def _ran(block: blocks.Statements, style: Style) -> Lines:
    """How far its shards are, and what they run, a line each."""
    yield from wrapped(plain(block.states), style.width_chars, first="  ")
    for statement in block.statements[:STATEMENTS_NAMED_MAX]:
        sql = short_sql_line(statement.sql, limit_chars=max(style.width_chars - 7, 40))
        yield f"  {visible_line(statement.number):<5}{sql}"
    if (more := len(block.statements) - STATEMENTS_NAMED_MAX) > 0:
        yield f"  and {more:,} more; `reconciler show` of the plan has them all"


def _statement(statement: blocks.Statement, style: Style) -> Lines:
    first, *more = sql_lines(statement.sql)
    yield f"  {visible_line(statement.number):<5}{first}"
    yield from (f"       {line}" for line in more)
    tone = Tone.CAUTION if statement.felt else Tone.GOOD
    name = style.paint(visible_line(statement.class_name), tone)
    yield f"       {name}: {visible_line(statement.effect)}"
    yield from (f"       {visible_line(remark)}" for remark in statement.remarks)
    if statement.hidden:
        text = f"hidden characters, shown here as escapes: {', '.join(statement.hidden)}"
        yield f"       {style.paint('!', Tone.BAD)} {visible_line(text)}"
    for danger in statement.dangers:
        yield from _danger(danger, style)


def _danger(danger: blocks.Danger, style: Style) -> Lines:
    about = f" {danger.object}" if danger.object is not None else ""
    text = visible_line(f"! {danger.kind}{about}: {danger.reason}")
    tone = Tone.BAD if danger.needs_permission else Tone.CAUTION
    for line in wrapped(text, style.width_chars, first="       ", rest="         "):
        yield style.paint(line, tone)
    if danger.allowed is not None:
        text = visible_line(f"allowed: {danger.allowed}")
        yield from wrapped(text, style.width_chars, first="         ")
    elif danger.needs_permission:
        yield f"         {style.paint('not allowed by policy', Tone.BAD)}"


# --- an apply ---


def _waves(block: blocks.Waves, style: Style) -> Lines:
    yield from _section("Waves", style)
    width = max(len(wave.number) for wave in block.waves) + 1
    for wave in block.waves:
        state = f": {visible_line(wave.state)}" if wave.state else ""
        text = f"{plain(wave.shards)}{state}"
        yield from wrapped(
            text, style.width_chars, first=f"  {visible_line(wave.number):<{width}} "
        )


def _steps(block: blocks.Steps, style: Style) -> Lines:
    yield from _section("VSchema", style)
    for step in block.steps:
        text = visible_line(step.text)
        first, *more = wrapped(text, style.width_chars, first="    ", rest="      ")
        yield f"  {style.paint(step.sign, TONES[step.mark])} {first[4:]}"
        yield from more
        if step.problem is not None:
            yield from _reason(step.problem, style, start="      ")
            yield from _recovery(step.problem, style, start="      ")


def _shards(block: blocks.Shards, style: Style) -> Lines:
    yield from _section("Shards", style)
    if block.counted:
        yield f"  {visible_line(block.counted)}"
    for shard in block.shards:
        yield from _shard(shard, style)
    if block.more:
        yield f"  and {block.more:,} more groups; `--output json` has every shard"


def _shard(shard: blocks.Shard, style: Style) -> Lines:
    """In one line where the shard has one table to change."""
    told = [visible_line(f"{one.table}: {one.text}") for one in shard.operations]
    own = told.pop() if len(told) == 1 else visible_line(shard.state)
    margin, indent = " " * len("  ✓ "), " " * len("      ")
    text = f"{plain(shard.shards)} ({visible_line(shard.waves)}) {own}"
    first, *more = wrapped(text, style.width_chars, first=margin, rest=indent)
    yield f"  {style.paint(shard.sign, TONES[shard.mark])} {first[len(margin) :]}"
    yield from more
    for line in told:
        yield from wrapped(line, style.width_chars, first=indent, rest=f"{indent}  ")
    for operation in shard.operations:
        if operation.runs:
            yield f"      {style.paint(sql_line(operation.runs), Tone.QUIET)}"
        if operation.problem is not None:
            yield from _reason(operation.problem, style, start="      ")
            yield from _recovery(operation.problem, style, start="      ")


def _history(block: blocks.History, style: Style) -> Lines:
    yield from _section("History", style)
    for event in block.events:
        text = visible_line(event.text)
        yield from wrapped(text, style.width_chars, first=f"  {clock(event.at_s)}  ")
