"""The pieces that every text report is made of: refusals, problems, lists of shards."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Sequence

from reconciler.errors import Problem
from reconciler.guard.model import Refusal
from reconciler.limits import REASONS_SHOWN_MAX, STATEMENT_LINE_CHARS_MAX
from reconciler.model.observation import Unreachable
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.plan import words
from reconciler.plan.visible import visible_block, visible_line, visible_sql
from reconciler.report.definitions import difference_lines
from reconciler.report.refusals import grouped_unreachable, reasons_of, unsaid_places
from reconciler.report.style import Style, Tone

Lines = Iterator[str]


def finished(lines: Iterable[str]) -> str:
    return "\n".join(line.rstrip() for line in lines) + "\n"


def between(blocks: Iterable[Lines]) -> Lines:
    """The blocks of several keyspaces, set apart."""
    for number, block in enumerate(blocks):
        if number:
            yield ""
            yield ""
        yield from block


def heading(keyspace: str, environment: str, verdict: str, tone: Tone, style: Style) -> str:
    place = visible_line(f"{keyspace} in {environment}")
    return f"{style.paint(place, Tone.STRONG)}: {style.paint(visible_line(verdict), tone)}"


def section(title: str, style: Style) -> Lines:
    yield ""
    yield style.paint(title, Tone.STRONG)


def wrapped(text: str, style: Style, *, first: str = "", rest: str | None = None) -> Lines:
    """`text` on as few lines as fit; `first` and `rest` are what they begin with. A `command` is
    not broken: it is there to be copied."""
    unbroken = re.sub(r"`[^`]*`", lambda match: match[0].replace(" ", "\0"), visible_line(text))
    lines = textwrap.wrap(
        unbroken,
        style.width_chars,
        initial_indent=first,
        subsequent_indent=" " * len(first) if rest is None else rest,
        break_on_hyphens=False,
        break_long_words=False,
    )
    yield from (line.replace("\0", " ") for line in lines)


def sql_lines(sql: str) -> list[str]:
    """A statement with its `;`, to be copied: line by line as it is, never wrapped."""
    return visible_sql(words.terminated(sql)).split("\n")


def sql_line(sql: str) -> str:
    """A statement on one line, cut where it is long: it names what runs."""
    return visible_line(" ".join(sql.split()), limit_chars=STATEMENT_LINE_CHARS_MAX)


def labelled(label: str, text: str, style: Style) -> Lines:
    yield from wrapped(text, style, first=f"  {label:<13}")


def failed_lines(failed: KeyspaceFailed, style: Style) -> Lines:
    count = len(failed.problems)
    verdict = "failed" if count == 1 else f"failed, {count} problems"
    yield heading(failed.keyspace, failed.environment, verdict, Tone.BAD, style)
    for problem in failed.problems:
        yield ""
        yield from problem_lines(problem, style)


def problem_lines(problem: Problem, style: Style, *, indent: str = "  ") -> Lines:
    yield from problem_message(problem, style, indent=indent)
    yield from next_step(problem.recovery, style, indent=indent)


def problem_message(problem: Problem, style: Style, *, indent: str = "  ") -> Lines:
    where = f"{visible_line(str(problem.where))}: " if problem.where else ""
    first, *more = visible_block(problem.message).split("\n")
    yield from _reason(f"{where}{first}", problem.code, style, first=indent)
    yield from (f"{indent}  | {line}" for line in more)


def next_step(recovery: str, style: Style, *, indent: str = "  ") -> Lines:
    yield from wrapped(recovery, style, first=f"{indent}next: ")


def refusal_lines(
    refusals: tuple[Refusal, ...], unreachable: tuple[Unreachable, ...], style: Style
) -> Lines:
    """Every reason, numbered; a recovery that several reasons in a row share stands once."""
    reasons = reasons_of(refusals, unreachable)
    for number, refusal in enumerate(reasons[:REASONS_SHOWN_MAX], start=1):
        yield ""
        yield from _refusal(refusal, number, style)
        following = reasons[number] if number < min(len(reasons), REASONS_SHOWN_MAX) else None
        if following is None or following.recovery != refusal.recovery:
            yield from next_step(refusal.recovery, style, indent="     ")
    if len(reasons) > REASONS_SHOWN_MAX:
        yield ""
        yield f"  and {len(reasons) - REASONS_SHOWN_MAX} more; `--output json` has them all"
    yield from unreachable_lines(unreachable, style)


def unreachable_lines(unreachable: Sequence[Unreachable], style: Style) -> Lines:
    for shards, lost in grouped_unreachable(unreachable):
        yield ""
        message = f"{words.named_shards(shards)} could not be observed: {lost.reason}"
        yield from _reason(message, lost.code, style, first="  ?  ")
        yield from next_step(lost.recovery, style, indent="     ")


def _refusal(refusal: Refusal, number: int, style: Style) -> Lines:
    unsaid = [f"{noun} {name}" for noun, name in unsaid_places(refusal)]
    place = visible_line(f"{', '.join(unsaid)}: ") if unsaid else ""
    first, *more = visible_block(refusal.message).split("\n")
    yield from _reason(f"{place}{first}", refusal.code, style, first=f"{number:>3}. ")
    yield from (f"     | {line}" for line in more)
    for line in difference_lines(refusal.expected, refusal.observed):
        yield f"     {_painted_difference(line, style)}"


def _reason(message: str, code: str, style: Style, *, first: str) -> Lines:
    for line in wrapped(f"{message} [{code}]", style, first=first):
        yield style.paint(line, Tone.BAD)


def _painted_difference(line: str, style: Style) -> str:
    match line[:1]:
        case "-":
            return style.paint(line, Tone.REMOVED)
        case "+":
            return style.paint(line, Tone.ADDED)
        case _:
            return line
