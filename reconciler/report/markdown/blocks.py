"""The pieces that every Markdown report is made of."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.errors import Problem
from reconciler.guard.model import Refusal
from reconciler.limits import REASONS_SHOWN_MAX
from reconciler.model.observation import Unreachable
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.plan import words
from reconciler.plan.model import PlanCore
from reconciler.plan.permission import allow_lines
from reconciler.report.definitions import difference_lines
from reconciler.report.findings import NO_FILES, SchemaFiles
from reconciler.report.fit import Part
from reconciler.report.neutral import code_span, fenced, marker, prose
from reconciler.report.refusals import grouped_unreachable, reasons_of, unsaid_places
from reconciler.report.summary import short_id, summarise

Parts = Iterator[Part]

GOOD, CAUTION, BAD, WAITING = "✅", "⚠️", "❌", "⏳"

_ROWS_MAX = 20


def title(mark: str, keyspace: str, environment: str, verdict: str) -> str:
    """The first visible line: what it is about, and how it stands."""
    return f"### {mark} {code_span(keyspace)} in {code_span(environment)}: {prose(verdict)}"


def opening(topic: str, environment: str, keyspace: str, heading: str, *facts: str) -> Part:
    """Marker, verdict and the facts beside it, which no limit cuts."""
    lines = [marker(topic, environment, keyspace), heading]
    told = " · ".join(fact for fact in facts if fact)
    return Part(text="\n".join(lines) + (f"\n\n{told}" if told else ""), opens=True)


def plan_id_fact(plan_id: str) -> str:
    return f"plan {code_span(short_id(plan_id))}"


def plan_id_line(plan_id: str) -> str:
    return f"Plan id: {code_span(plan_id)}"


def names(shards: Sequence[str]) -> str:
    return ", ".join(map(code_span, shards))


def shard_set(shards: Sequence[str], of: int) -> str:
    """As `words.shard_set`, with names as code."""
    return words.shard_set(tuple(map(code_span, shards)), of)


def named_shards(shards: Sequence[str]) -> str:
    """As `words.named_shards`, with names as code."""
    return words.named_shards(tuple(map(code_span, shards)))


def table(header: Sequence[str], rows: Sequence[Sequence[str]], *, more: str) -> str:
    """A table of at most twenty rows; `more` names what further rows would have been."""
    lines = [_row(header), _row(["---"] * len(header)), *map(_row, rows[:_ROWS_MAX])]
    if len(rows) > _ROWS_MAX:
        lines += ["", f"and {len(rows) - _ROWS_MAX:,} more {more}"]
    return "\n".join(lines)


def folded(summary: str, body: str) -> str:
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"


def failed_parts(topic: str, failed: KeyspaceFailed) -> Parts:
    count = len(failed.problems)
    verdict = "failed" if count == 1 else f"failed, {count} problems"
    heading = title(BAD, failed.keyspace, failed.environment, verdict)
    yield opening(topic, failed.environment, failed.keyspace, heading)
    for problem in failed.problems[:REASONS_SHOWN_MAX]:
        yield Part(text=problem_item(problem), detail=1, instead="Some problems are left out here.")
    if count > REASONS_SHOWN_MAX:
        yield Part(text=f"and {count - REASONS_SHOWN_MAX} more problems")


def problem_item(problem: Problem) -> str:
    where = f"{code_span(str(problem.where))}: " if problem.where else ""
    first, *more = problem.message.strip().split("\n")
    lines = [f"- {where}{prose(first)} ({code_span(problem.code)})"]
    lines.append(f"  <br>Next: {recovery_line(problem.recovery)}")
    text = "\n".join(lines)
    return f"{text}\n\n{fenced(_quoted(more))}" if more else text


def refusal_parts(
    refusals: tuple[Refusal, ...],
    unreachable: tuple[Unreachable, ...],
    files: SchemaFiles = NO_FILES,
    keyspace: str = "",
) -> Parts:
    """Each reason with both sides and its next step (GD-7), and the line it is about where `files`
    of the keyspace tell."""
    reasons = reasons_of(refusals, unreachable)
    left_out = "Some reasons are left out here; the job's log has them all."
    for refusal in reasons[:REASONS_SHOWN_MAX]:
        where = place_words(files, keyspace, refusal.table, refusal.object)
        yield Part(text=_refusal(refusal, where), detail=1, instead=left_out)
    if len(reasons) > REASONS_SHOWN_MAX:
        text = f"and {len(reasons) - REASONS_SHOWN_MAX} more reasons; the job's log has them all"
        yield Part(text=text)
    groups = grouped_unreachable(unreachable)
    for shards, lost in groups[:REASONS_SHOWN_MAX]:
        text = (
            f"- {named_shards(shards)} could not be observed: {prose(lost.reason)}"
            f" ({code_span(lost.code)})\n  <br>Next: {recovery_line(lost.recovery)}"
        )
        yield Part(text=text, detail=1, instead=left_out)
    if len(groups) > REASONS_SHOWN_MAX:
        more = sum(len(shards) for shards, _ in groups[REASONS_SHOWN_MAX:])
        yield Part(text=f"and {words.count(more, 'more unreachable shard')}")


def place_words(files: SchemaFiles, keyspace: str, table: str | None, about: str | None) -> str:
    """' (`schemas/shop/users.sql:7`)', or nothing where the table has no file."""
    file = files.tables.get((keyspace, table)) if table else None
    return f" ({code_span(str(file.place((about or '',))))})" if file else ""


def permission_parts(core: PlanCore) -> Parts:
    entries = allow_lines(summarise(core).not_allowed)
    if len(entries) > 1:  # a single one stands in its refusal already
        text = "If these are meant, add them to `policy.allow` in the spec, each with its reason:"
        left_out = "**Not allowed yet:** the entries to add to the spec are in the job's log."
        body = f"**Not allowed yet.** {text}\n\n{fenced(chr(10).join(entries), 'yaml')}"
        yield Part(text=body, detail=1, instead=left_out)


def _refusal(refusal: Refusal, where: str) -> str:
    place = ", ".join(f"{noun} {code_span(name)}" for noun, name in unsaid_places(refusal))
    first, *more = refusal.message.strip().split("\n")
    head = f"- {f'{place}: ' if place else ''}{prose(first)} ({code_span(refusal.code)}){where}"
    text = f"{head}\n  <br>Next: {recovery_line(refusal.recovery)}"
    if more:
        text = f"{text}\n\n{fenced(_quoted(more))}"
    difference = difference_lines(refusal.expected, refusal.observed)
    return f"{text}\n\n{fenced(chr(10).join(difference), 'diff')}" if difference else text


def _quoted(lines: Sequence[str]) -> str:
    """What a server said over several lines, none of which starts like a line of ours."""
    return "\n".join(f"| {line}" for line in lines)


def recovery_line(text: str) -> str:
    """Our own words, in which `commands` stand between backticks; the odd pieces are commands."""
    pieces = text.split("`")
    if len(pieces) % 2 == 0:  # a name with a backtick in it: then nothing is taken for a command
        return prose(text)
    return "".join(
        code_span(piece) if index % 2 else _between_commands(piece)
        for index, piece in enumerate(pieces)
    )


def _between_commands(piece: str) -> str:
    """Prose that keeps the blanks at its ends."""
    left = " " if piece[:1] == " " else ""
    right = " " if piece.strip() and piece[-1:] == " " else ""
    return f"{left}{prose(piece)}{right}" if piece else ""


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
