"""Sections of a look into the ledger: the current apply of each keyspace, or all of the past."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from reconciler.outcomes.apply import ApplyStatus, StatusOutcome
from reconciler.plan import words
from reconciler.report import apply_account, apply_words
from reconciler.report.blocks import Mark
from reconciler.report.compose.apply import status_title
from reconciler.report.compose.opening import failures_document
from reconciler.report.compose.past import applies_title
from reconciler.report.compose.split import split_status
from reconciler.report.document import Document, Report, Title
from reconciler.report.page.model import SIGNS, Band, Cell, Count, Grid, Look, Part, Section
from reconciler.report.page.shards import Told, band, grid_of
from reconciler.report.page.timeline import LOOKS, timeline
from reconciler.report.spans import Line, Moment, Name, Text, sentence, with_commands
from reconciler.report.summary import short_id
from reconciler.report.times import duration, moment
from reconciler.report.write.plain import plain

_MARKS = {
    Look.GOOD: Mark.GOOD,
    Look.BAD: Mark.BAD,
    Look.UNKNOWN: Mark.BAD,
    Look.CAUTION: Mark.CAUTION,
    Look.WAITING: Mark.WAITING,
    Look.UNDERWAY: Mark.UNDERWAY,
}

_UNSEEN = with_commands("shards: this is what the ledger says; `reconciler drift` looks at them")
_HEADER = ("Apply", "Keyspace", "How it ended", "Started", "Took", "Plan", "Commit", "Why")


def status_sections(document: Document, outcome: StatusOutcome) -> tuple[Section, ...]:
    if outcome.is_history:
        failed = failures_document(outcome.failed).reports
        splits = (split_status(one, outcome.now_s) for one in outcome.splits)
        told = tuple(Section(report=report) for report in (*failed, *splits))
        is_known = outcome.applies or not failed
        return (*told, _history(document, outcome)) if is_known else told
    first = _first_apply(document, outcome)
    before = tuple(Section(report=report) for report in document.reports[:first])
    if not outcome.applies:
        return before
    pairs = zip(document.reports[first:], outcome.applies, strict=True)
    return (*before, *(_section(report, apply, outcome.now_s) for report, apply in pairs))


def _first_apply(document: Document, outcome: StatusOutcome) -> int:
    """Applies are the last reports of a document, but for the one of what is forgotten."""
    return len(document.reports) - len(outcome.applies) - (1 if outcome.forgotten else 0)


def _section(report: Report, apply: ApplyStatus, now_s: float) -> Section:
    cells: dict[str, Told] = {
        row.shard: (
            Look.CAUTION if stage == apply_account.HALF_DONE else LOOKS[row.state],
            apply_words.MARKS[row.state],
            stage,
        )
        for row in apply.shards
        for stage in (apply_account.stage(row),)
    }
    return Section(
        report=report,
        counts=tuple(_counts(cells)),
        grid=_grid(apply, cells),
        timeline=timeline(apply, now_s),
        unchecked=(_UNSEEN,),
    )


def _counts(cells: dict[str, Told]) -> Iterator[Count]:
    counts = Counter(cells.values())
    for look, sign, stage in sorted(counts, key=lambda told: (tuple(Look).index(told[0]), told)):
        yield Count(
            number=counts[look, sign, stage],
            label=stage,
            sign=sign,
            mark=_MARKS.get(look, Mark.QUIET),
            to=Part.ATTENTION if look in (Look.BAD, Look.UNKNOWN) else Part.SHARDS,
        )


def _grid(apply: ApplyStatus, cells: dict[str, Told]) -> Grid | None:
    return grid_of("Shards by waves", _bands(apply, cells))


def _bands(apply: ApplyStatus, cells: dict[str, Told]) -> Iterator[Band]:
    rows = {row.shard: row for row in apply.shards}
    for wave in apply.waves:
        shards = [shard for shard in wave.shards if shard in cells]
        stages = apply_account.counted_stages(apply_account.stage(rows[one]) for one in shards)
        text = f"{words.count(len(shards), 'shard')}: {stages}"
        yield band(f"Wave {wave.number}", text, shards, cells)


# --- the past ---


def _history(document: Document, outcome: StatusOutcome) -> Section:
    """A row for each apply: all of them, and what went wrong."""
    told = [(apply, status_title(apply)) for apply in outcome.applies]
    rows = tuple((title.mark, _row(apply, title, outcome.environment)) for apply, title in told)
    untitled = (report for report in document.reports if report.title is None)
    blocks = tuple(block for report in untitled for block in report.blocks)
    return Section(
        report=Report(title=applies_title(outcome), blocks=blocks),
        grid=grid_of("Applies by month", _months(told)),
        rows_header=_HEADER,
        rows=rows,
        unchecked=(_UNSEEN,) if rows else (),
    )


def _months(told: Sequence[tuple[ApplyStatus, Title]]) -> Iterator[Band]:
    """Each apply in its month, by how it ended; the first of a month first."""
    newest = sorted(told, key=lambda one: (one[0].started_s, one[0].apply_id), reverse=True)
    is_of_one = len({apply.keyspace for apply, _ in told}) == 1
    for month, found in groupby(newest, key=lambda one: moment(one[0].started_s)[:7]):
        own = list(found)[::-1]
        yield Band(
            title=month,
            text=words.count(len(own), "apply", "applies"),
            cells=tuple(
                Cell(
                    shard=f"{'' if is_of_one else f'{apply.keyspace} '}{apply.apply_id}",
                    look=Look(title.mark.value),
                    sign=SIGNS[title.mark],
                    text=plain(title.verdict),
                )
                for apply, title in own
            ),
        )


def _row(apply: ApplyStatus, title: Title, environment: str) -> tuple[Line, ...]:
    of = f" in {apply.environment}" if apply.environment != environment else ""
    region = f", region {apply.region}" if apply.region else ""
    took = apply.completed_s - apply.started_s if apply.completed_s is not None else None
    why = apply.problem
    return (
        sentence(str(apply.apply_id)),
        (Name(apply.keyspace), Text(f"{of}{region}")),
        title.verdict,
        (Moment(apply.started_s),),
        sentence(duration(took)) if took is not None else sentence("not ended"),
        (Name(short_id(apply.plan_id)),),
        (Name(apply.commit[:12]),),
        (Text(f"{why.message} "), Name(why.code)) if why is not None else (),
    )
