"""What ended, for who looks back: a line an apply and a line a split, the newest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.outcomes.apply import ApplyStatus, StatusOutcome
from reconciler.outcomes.split import SplitStatus
from reconciler.plan import words
from reconciler.report import apply_steps, apply_words, blocks
from reconciler.report.blocks import Mark
from reconciler.report.compose.split import job_verdict
from reconciler.report.document import NextStep, Report, Title
from reconciler.report.limits import PAST_APPLIES_SHOWN_MAX, PAST_SPLITS_SHOWN_MAX
from reconciler.report.next_steps import command
from reconciler.report.spans import Line, Moment, Name, Text, sentence, with_commands
from reconciler.report.summary import short_id
from reconciler.report.times import duration

_COMMIT_CHARS = 12  # `status --apply`, the page and `--output json` have all of it


def past_reports(outcome: StatusOutcome) -> tuple[Report, ...]:
    return (*_splits(outcome), *_applies(outcome))


def applies_title(outcome: StatusOutcome) -> Title:
    return _title(outcome, words.count(len(outcome.applies), "apply", "applies"))


def _title(outcome: StatusOutcome, count: str) -> Title:
    verdict = sentence(f"{count}, the newest first")
    return Title(mark=Mark.QUIET, about=(Name(outcome.environment),), verdict=verdict)


def _applies(outcome: StatusOutcome) -> Iterator[Report]:
    if outcome.applies:
        newest = sorted(outcome.applies, key=lambda one: one.started_s, reverse=True)
        shown = newest[:PAST_APPLIES_SHOWN_MAX]
        steps = _steps_of_applies(outcome, shown)
        yield Report(
            title=applies_title(outcome),
            blocks=(blocks.Items(items=tuple(_apply_line(one, outcome) for one in shown)),),
            next_steps=tuple(NextStep(text=with_commands(step)) for step in steps),
        )


def _apply_line(apply: ApplyStatus, outcome: StatusOutcome) -> Line:
    state = apply_words.state_words(apply.state)
    state = "nobody drives it" if apply_steps.is_undriven(apply) else state
    of = _deployment(apply.environment, outcome)
    of += f", region {apply.region}" if apply.region else ""
    problem = f" ({apply.problem.code})" if apply.problem is not None else ""
    took = ""
    if apply.completed_s is not None:
        took = f" after {duration(apply.completed_s - apply.started_s)}"
    return (
        *(Text(f"{apply.apply_id}, "), Moment(apply.started_s), Text(": ")),
        *(Name(apply.keyspace), Text(f"{of} {state}{problem}{took}; plan ")),
        *(Name(short_id(apply.plan_id)), Text(", commit "), Name(apply.commit[:_COMMIT_CHARS])),
    )


def _steps_of_applies(outcome: StatusOutcome, shown: Sequence[ApplyStatus]) -> Iterator[str]:
    left = len(outcome.applies) - len(shown)
    keyspace = _alone([one.keyspace for one in outcome.applies])
    of = _alone([one.environment for one in outcome.applies])
    if left:
        is_one = keyspace and of and len({one.region for one in outcome.applies}) == 1
        before = ("--before", str(shown[-1].apply_id)) if is_one else ()
        older = command("audit", keyspace, of or outcome.environment, *before)
        yield f"{left} older: `{older}` lists every apply"
    last = shown[0]
    whole = command("status", last.keyspace, last.environment, "--apply", str(last.apply_id))
    yield f"`{whole}` shows one in full, with what went wrong"


def _splits(outcome: StatusOutcome) -> Iterator[Report]:
    if outcome.splits:
        newest = sorted(outcome.splits, key=lambda one: one.job.started_s, reverse=True)
        shown = newest[:PAST_SPLITS_SHOWN_MAX]
        steps = _steps_of_splits(outcome, shown)
        yield Report(
            title=_title(outcome, words.count(len(newest), "split")),
            blocks=(blocks.Items(items=tuple(_split_line(one, outcome) for one in shown)),),
            next_steps=tuple(NextStep(text=with_commands(step)) for step in steps),
        )


def _split_line(status: SplitStatus, outcome: StatusOutcome) -> Line:
    job, of = status.job, _deployment(status.job.environment, outcome)
    problem = f" ({job.problem.code})" if job.problem is not None else ""
    return (
        *(Text(f"{job_verdict(job)}{problem}, "), Name(job.keyspace), Text(f"{of}, begun ")),
        *(Moment(job.started_s), Text(", ended "), Moment(job.phase_since_s)),
        *(Text("; plan "), Name(short_id(job.plan_id))),
    )


def _steps_of_splits(outcome: StatusOutcome, shown: Sequence[SplitStatus]) -> Iterator[str]:
    left = len(outcome.splits) - len(shown)
    if left:
        keyspace = _alone([one.job.keyspace for one in outcome.splits])
        of = _alone([one.job.environment for one in outcome.splits])
        before = ("--before-split", str(shown[-1].job.job_id)) if keyspace and of else ()
        where = of or outcome.environment
        older = command("status", keyspace or "KEYSPACE", where, "--history", *before)
        yield f"{left} older: `{older}`"


def _deployment(environment: str, outcome: StatusOutcome) -> str:
    """Where it is one of several in the environment that was asked for."""
    return f" in {environment}" if environment != outcome.environment else ""


def _alone(names: Sequence[str]) -> str:
    """'' where there are several."""
    return names[0] if len(set(names)) == 1 else ""
