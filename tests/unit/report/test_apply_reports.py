"""An apply as people read it: what went wrong, each error once, and how far each shard is."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from reconciler.errors import Problem
from reconciler.guard.model import Refusal
from reconciler.ledger.model import EventEntry
from reconciler.ledger.reasons import (
    Begun,
    GateClosed,
    Halted,
    NothingToRelease,
    StateChanged,
    Stopped,
)
from reconciler.ledger.states import ApplyState, Hold, OperationState
from reconciler.model.engine import NOTHING_TOLD, Progress
from reconciler.model.fleet import even_shards
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict, ShardRow, StatusOutcome
from reconciler.outcomes.exit_code import ExitCode
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.progress import RolloutStarted
from reconciler.report.apply_steps import RUNBOOK, runbook, status_step
from reconciler.report.apply_words import MARKS, first_problem, operation_words, state_words
from reconciler.report.compose.apply import apply_document, status_document
from reconciler.report.in_job import in_a_job
from reconciler.report.progress import progress_line
from reconciler.report.reason_words import happened_words
from reconciler.report.render import Format, Presentation, apply_report
from reconciler.report.style import Style
from reconciler.report.write.markdown import write_markdown
from reconciler.report.write.text import write_text
from tests.golden import samples
from tests.golden.scenarios import (
    DONE,
    FAILED,
    PROGRESS,
    START_S,
    STATUS,
    STOP_ASKED,
    TWO_FAILED,
    operation,
    row,
)
from tests.tidy.source import ROOT

CANCELLED = OperationState.CANCELLED
RUNBOOK_FILE = ROOT / RUNBOOK
SHARDS = even_shards(1_000)
OPENED = "the job that asks for `release` opens it, and then re-run this job"


def failed(shards: tuple[ShardRow, ...], problem: Problem | None = None) -> ApplyOutcome:
    return ApplyOutcome(
        environment="production",
        keyspace="commerce",
        verdict=ApplyVerdict.FAILED,
        shards=shards,
        problem=problem,
    )


def reports(problem: Problem | None) -> tuple[str, str]:
    outcome = failed(TWO_FAILED, problem)
    return write_text(apply_document([outcome])), write_markdown(apply_document([outcome]))


@pytest.mark.invariant("RP-3")
@pytest.mark.parametrize("problem", [samples.DUPLICATES, None], ids=["its own", "the first task's"])
def test_the_first_failure_is_first_in_a_comment_last_on_a_terminal_and_in_its_row(
    problem: Problem | None,
) -> None:
    text, markdown = reports(problem)
    for told in (text.partition("What went wrong")[2], markdown.partition("| Shard |")[0]):
        assert told.index("40-80") < told.index("80-c0")
        assert told.index("Duplicate entry") < told.index("waited for a lock")
    for rows in (text.partition("What went wrong")[0], markdown.partition("| Shard |")[2]):
        assert "Duplicate entry" in rows
        assert "waited for a lock" in rows


def of_shard(shard: str) -> Problem:
    """As the product words it: with the shard at its beginning."""
    return replace(samples.DUPLICATES, message=f"shard {shard}, {samples.DUPLICATES.message}")


@pytest.mark.invariant("RP-11")
def test_equal_errors_are_one_with_all_their_shards() -> None:
    alike = tuple(
        row(shard, 2, operation("users", FAILED, 0, problem=of_shard(shard))) for shard in SHARDS
    )
    text = write_text(apply_document([failed(alike)]))
    assert text.count("Duplicate entry") == 1
    assert f"shards {SHARDS[0]}, {SHARDS[1]}" in text.partition("What went wrong")[2]
    assert "and 992 more" in " ".join(text.split())


def test_an_annotation_names_a_shard_once() -> None:
    one = row("40-80", 2, operation("users", FAILED, 0, problem=of_shard("40-80")))
    log = apply_report([failed((one,))], Presentation(format=Format.GITHUB))
    (annotation,) = [line for line in log.splitlines() if line.startswith("::error")]
    assert annotation.count("shard 40-80") == 1


@pytest.mark.invariant("RP-9")
def test_a_shard_where_some_of_it_ran_is_told_as_half_done() -> None:
    shards = (
        row("-40", 1, operation("users", DONE, 2)),
        row("40-80", 2, operation("users", FAILED, 0, problem=samples.DUPLICATES)),
        row("80-c0", 2, operation("orders", DONE, 1), operation("users", CANCELLED, 0)),
        row("c0-", 2, operation("orders", CANCELLED, 0), operation("users", CANCELLED, 0)),
    )
    outcome = replace(
        failed(shards), reason=Halted("40-80"), plan=samples.UNIFORM, statements_run=3
    )
    text = write_text(apply_document([outcome]))
    assert "failed, 1 of 4 shards completed, 1 half done" in text
    assert "80-c0 (wave 2) half done" in text
    assert "not begun, halted as shard 40-80 failed" in text
    assert "cancelled" not in text


@pytest.mark.invariant("RP-10")
def test_a_comment_of_a_job_names_no_command_that_only_the_job_may_run() -> None:
    for verdict in ApplyVerdict:
        outcome = replace(
            failed(TWO_FAILED), verdict=verdict, plan=samples.UNIFORM, statements_run=4
        )
        comment = write_markdown(apply_document([outcome], in_job=True))
        assert not re.search(r"`reconciler (apply|resume|retry|release|cancel|stop)", comment)
    comment = write_markdown(apply_document([failed(TWO_FAILED)], in_job=True))
    assert "re-run this job" in comment


@pytest.mark.invariant("RP-10")
def test_nor_does_a_refusal_a_reason_or_what_kept_a_keyspace_from_beginning() -> None:
    unfinished = Problem(
        code="pending-apply",
        message="apply 7 has not ended",
        recovery="`reconciler resume` it, or `reconciler cancel` it",
    )
    first = Refusal(
        code="keyspace-not-its-turn",
        message="keyspace commerce comes after users",
        recovery="run `reconciler apply users --environment production`, then this again",
    )
    refused = replace(failed(()), verdict=ApplyVerdict.REFUSED, refusals=(first,), reason=Stopped())
    lost = KeyspaceFailed(
        environment="production",
        keyspace="commerce",
        problems=(unfinished,),
        exit_code=ExitCode.REFUSED,
    )
    comment = write_markdown(apply_document([refused, lost], in_job=True))
    log = apply_report([refused, lost, failed(TWO_FAILED)], Presentation(format=Format.GITHUB))
    assert not re.search(r"`reconciler (apply|resume|retry|release|cancel|stop)", log)
    annotations = [line for line in log.splitlines() if line.startswith("::error")]
    assert any("have the job run that applies users in production" in one for one in annotations)
    assert not re.search(r"`reconciler (apply|resume|retry|release|cancel|stop)", comment)
    assert "have the job run that applies users in production, then this again" in comment
    assert "stopped; a re-run of this job goes on" in comment
    assert "have it ended by the job that asks for `cancel`" in comment


def test_what_a_failed_apply_offers_besides_going_on_is_the_way_back() -> None:
    outcome = replace(failed(TWO_FAILED), plan=samples.UNIFORM, apply_id=17, statements_run=4)
    text = " ".join(write_text(apply_document([outcome])).split())
    assert f"--revert {samples.UNIFORM.plan_id.rpartition(':')[2][:12]} --write`" in text


@pytest.mark.parametrize(
    ("said", "in_job"),
    [
        ("end it, then `reconciler resume commerce`", "end it, then re-run this job"),
        ("drop it, then run `reconciler apply` again", "drop it, then re-run this job"),
        (
            "`reconciler resume x --environment y` looks at the shard first",
            "a re-run of this job looks at the shard first",
        ),
        ("`reconciler drift x` shows it", "`reconciler drift x` shows it"),
        ("`reconciler apply --wave canary` first", "run the job of wave canary first"),
        ("let `reconciler apply` end it", "let a re-run of this job end it"),
        (
            "`reconciler retry`, or `reconciler apply`, if it is meant",
            "re-run this job, if it is meant",
        ),
        ("apply it first (`reconciler apply`)", "apply it first (by a run of its job)"),
        (
            "it is tried again, or `reconciler stop`",
            "it is tried again, or run the job that asks for `stop`",
        ),
        ("a session of an earlier `reconciler apply`", "a session of an earlier run of this job"),
        (
            "`reconciler resume x` releases it and goes on; `reconciler cancel x` ends it",
            f"{OPENED}; the job that asks for `cancel` ends it",
        ),
    ],
)
def test_steps_for_a_job_are_sentences(said: str, in_job: str) -> None:
    assert in_a_job(said) == in_job


def test_the_time_of_a_row_is_from_its_start_to_its_end_with_all_that_it_waited() -> None:
    """An outage in its midst is in it: it is no statement's."""
    done = replace(operation("users", DONE, 1, 1), settled_s=START_S + 252)
    assert operation_words(done) == "completed, 1 statement, within 4 min 12 s"


@pytest.mark.parametrize("width_chars", [72, 80, 140])
def test_what_is_copied_is_in_one_line_of_the_readers_terminal(width_chars: int) -> None:
    plan = samples.UNIFORM
    refused = replace(failed(()), verdict=ApplyVerdict.REFUSED, refusals=(samples.LOST,), plan=plan)
    lines = write_text(apply_document([refused]), Style(width_chars=width_chars)).splitlines()
    (line,) = [line for line in lines if plan.plan_id in line]
    assert len(line) <= width_chars


@pytest.mark.invariant("RP-3")
def test_first_means_first_in_the_order_of_the_rollout() -> None:
    canary_last = (
        row("00-80", 2, operation("users", FAILED, 0, problem=samples.LOCK_WAIT)),
        row("80-", 1, operation("users", FAILED, 0, problem=samples.DUPLICATES)),
    )
    assert first_problem(None, canary_last) == ("80-", samples.DUPLICATES)


@pytest.mark.invariant("ST-5")
def test_an_early_end_that_is_no_shards_own_is_on_top() -> None:
    text, markdown = reports(samples.SERVER_DIED)
    said = samples.SERVER_DIED.message.split("\n")[0]
    for told in (text.partition("What went wrong")[2], markdown):
        assert told.index(said) < told.index("Duplicate entry")


def test_states_have_marks_of_their_own_but_for_the_two_that_run() -> None:
    assert len(set(MARKS.values())) == len(MARKS) - 1


def test_an_apply_that_somebody_cancelled_is_not_told_as_one_that_never_began() -> None:
    assert state_words(ApplyState.CANCELLED) == "cancelled"
    assert state_words(OperationState.CANCELLED) == "not begun"


def test_every_progress_event_is_one_line() -> None:
    lines = [progress_line(event) for event in PROGRESS]
    assert all(len(line.splitlines()) == 1 for line in lines)
    assert lines[0].startswith("14:05:09 commerce apply 17 goes on")


def test_waves_without_work_are_not_counted_as_begun() -> None:
    """Of a plan that went on: what is left may be all in its last wave."""
    started = next(event for event in PROGRESS if isinstance(event, RolloutStarted))
    line = progress_line(replace(started, waves=((), (), SHARDS[:1])))
    assert "on 1 shard in 1 wave" in line


def test_a_state_has_the_same_words_in_a_history() -> None:
    state = ApplyState.RUNNING_DEGRADED
    assert happened_words(StateChanged(state)) == state_words(state) == "running, with trouble"


@pytest.mark.invariant("RP-3")
def test_why_an_apply_was_refused_is_last_on_a_terminal() -> None:
    outcome = replace(failed(()), verdict=ApplyVerdict.REFUSED, refusals=(samples.TABLE_DRIFTED,))
    outcome = replace(outcome, plan=samples.UNIFORM)
    text = write_text(apply_document([outcome])).rstrip()
    assert text.index("plan id") < text.index("What is in the way")
    assert text.endswith("then apply it")


@pytest.mark.invariant("RP-13")
def test_every_state_that_wants_a_person_leads_to_its_part_of_the_runbook() -> None:
    parts = re.findall(r"^## (.+)$", RUNBOOK_FILE.read_text(encoding="utf-8"), re.MULTILINE)
    found = set()
    for verdict in ApplyVerdict:
        told = runbook(replace(failed(TWO_FAILED), verdict=verdict))
        if told:
            found.add(told.partition("#")[2].partition(" ")[0])
    assert found | {"tried-again", "gets-no-further"} == set(parts)
    assert not runbook(replace(failed(TWO_FAILED), verdict=ApplyVerdict.COMPLETED))
    text = write_text(apply_document([failed(TWO_FAILED)]))
    assert "docs/runbooks/apply.md#failed" in text


@pytest.mark.invariant("RP-13")
def test_a_statement_that_gets_no_further_leads_to_what_to_look_at() -> None:
    def told(after_s: float, progress: Progress, holder: str | None = "me") -> bool:
        runs = operation("users", OperationState.RUNNING, 1, runs="ALTER ...", progress=progress)
        status = replace(STATUS, shards=(row("80-c0", 2, runs),), holder=holder)
        outcome = StatusOutcome(
            environment="production", applies=(status,), now_s=START_S + after_s
        )
        return "apply.md#gets-no-further" in write_text(status_document(outcome))

    waits = Progress(waits_for="handler commit")
    assert told(5, waits)
    assert told(700, NOTHING_TOLD), "whoever looks will ask"
    assert not told(5, NOTHING_TOLD)
    assert not told(700, waits, holder=None), "nobody drives it, and that comes first"


def test_what_was_released_already_is_not_told_to_be_released_by_a_resume() -> None:
    paused = replace(STATUS, state=ApplyState.PAUSED, holder=None, reason=GateClosed(2))
    assert "releases it and goes on" in status_step(paused)
    released = replace(paused, reason=NothingToRelease(Hold.GATE))
    assert "releases it" not in status_step(released)
    assert "runs the rest and nothing twice" in status_step(released)


def test_an_apply_that_was_asked_to_stop_and_still_runs_says_so_on_top() -> None:
    """Else whoever looks after a stop reads "running", and asks again."""
    begun = EventEntry(at_s=START_S, what=Begun("me"))
    asked = EventEntry(at_s=START_S + 5, what=STOP_ASKED)

    def told(*events: EventEntry, holder: str | None = "me") -> bool:
        status = replace(STATUS, holder=holder, events=events)
        outcome = StatusOutcome(environment="production", applies=(status,), now_s=START_S + 9)
        top = write_text(status_document(outcome)).partition("Waves")[0]
        return "stop asked by ann" in " ".join(top.split())

    assert told(begun, asked)
    assert not told(begun, asked, holder=None), "it has stopped"
    assert not told(begun, asked, replace(begun, at_s=START_S + 7)), "somebody went on since"
