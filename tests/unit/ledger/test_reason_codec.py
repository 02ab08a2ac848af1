"""Reasons, answers and events are kept as kinds with arguments, and read as such."""

from __future__ import annotations

import dataclasses
import json
from enum import StrEnum
from typing import Any, get_args, get_origin, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.ledger.codec import answer_of, happened_of, reason_of, told_text, wait_of
from reconciler.ledger.reasons import (
    Answer,
    GateClosed,
    Happened,
    InWords,
    Reason,
    Soaks,
    Wait,
    WaveRefused,
)
from reconciler.plan.visible import is_hidden
from reconciler.report.reason_words import answer_words, happened_words, reason_words, wait_words


def sample(kind: Any) -> Any:
    """A value of the kind, in which no field has its default."""
    hints = get_type_hints(kind)
    return kind(**{field.name: value(hints[field.name]) for field in dataclasses.fields(kind)})


def value(hint: Any) -> Any:
    if get_origin(hint) is tuple:
        return ("-40", "40-")
    if hint in (str, int, float, bool):
        return {str: "ann", int: 2, float: 1.5, bool: True}[hint]
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return list(hint)[-1]
    return sample(get_args(hint)[0])


REASONS, WAITS, ANSWERS, HAPPENED = (
    [sample(kind) for kind in get_args(union)] for union in (Reason, Wait, Answer, Happened)
)


@pytest.mark.parametrize("reason", REASONS, ids=lambda one: type(one).__name__)
def test_every_reason_is_read_as_it_was_kept_and_has_words(reason: Reason) -> None:
    assert reason_of(told_text(reason)) == reason
    assert reason_words(reason)


@pytest.mark.parametrize("wait", WAITS, ids=lambda one: type(one).__name__)
def test_every_wait_is_read_as_it_was_kept_and_has_words(wait: Wait) -> None:
    assert wait_of(told_text(wait)) == wait
    assert wait_words(wait)


@pytest.mark.parametrize(
    "text", ["connection 12\x1b[31m", '{"kind": "next-try", "message": "\\u202e"}']
)
def test_what_others_keep_as_a_wait_hides_nothing(text: str) -> None:
    assert not any(map(is_hidden, wait_words(wait_of(text))))


@pytest.mark.parametrize("answer", ANSWERS, ids=lambda one: type(one).__name__)
def test_every_answer_is_read_as_it_was_kept_and_has_words(answer: Answer) -> None:
    assert answer_of(told_text(answer)) == answer
    assert answer_words(answer)


@pytest.mark.parametrize("happened", HAPPENED, ids=lambda one: type(one).__name__)
def test_every_event_is_read_as_it_was_kept_and_has_words(happened: Happened) -> None:
    assert happened_of(told_text(happened)) == happened
    assert happened_words(happened)


def test_nothing_is_kept_as_nothing() -> None:
    assert (told_text(None), reason_of(""), answer_of("")) == ("", None, None)


def test_what_an_earlier_version_put_into_words_stays_those_words() -> None:
    assert reason_of("wave 2 waits for somebody") == InWords("wave 2 waits for somebody")


def test_a_kept_text_is_one_line_in_which_nothing_hides() -> None:
    text = told_text(WaveRefused(2, "a\nb\x1b[31m\u202e", 1))
    assert text.isprintable()
    assert "\n" not in text


@pytest.mark.parametrize(
    "text",
    [
        '{"kind": "gate-closed", "wave": "2"}',
        '{"kind": "gate-closed", "wave": true}',
        '{"kind": "gate-closed"}',
        '{"kind": "gate-closed", "wave": 2, "more": 1}',
        '{"kind": "from-a-later-version", "wave": 2}',
        '{"kind": ["gate-closed"], "wave": 2}',
        '{"kind": "released"}',
        '{"kind": "soaks", "wave": 2, "until_s": NaN}',
        '{"kind": "soaks", "wave": 2, "until_s": 1' + "0" * 400 + "}",
        '{"kind": "outcome-unseen", "shards": [1]}',
        '{"kind": "ended-as", "state": "elsewhere"}',
        "[" * 30_000,
        "7",
    ],
)
def test_what_is_no_reason_is_shown_as_it_is_and_never_taken_for_one(text: str) -> None:
    """A ledger may be written by a later version, or by somebody who should not."""
    found = reason_of(text)
    assert isinstance(found, InWords)
    assert found.text.startswith(text[:1_000])


@given(st.text())
def test_no_text_in_a_ledger_breaks_its_reader(text: str) -> None:
    reason_of(text)
    answer_of(text)
    happened_of(text)


def test_a_time_that_no_calendar_knows_has_words_all_the_same() -> None:
    text = json.dumps({"kind": "soaks", "wave": 2, "until_s": 1e300})
    assert "wave 2 starts after the soak" in reason_words(reason_of(text))
    assert isinstance(reason_of(text), Soaks)


def test_the_words_that_are_kept_never_change() -> None:
    """Ledgers hold them."""
    kept = [json.loads(told_text(one))["kind"] for one in (*REASONS, *ANSWERS, *HAPPENED)]
    assert sorted(set(kept)) == [
        "at-planetscale",
        "begun", "blocker-ended", "cancelled-already", "completed", "copies-not-ready",
        "copies-released", "copies-throttled", "copy-slowed", "copy-stopped",
        "cut-over-begun", "cutover-closed", "cutover-overdue", "cutover-released", "cutover-shut",
        "deploy-intended",
        "earlier-run-came-through", "earlier-session", "ended-as", "ended-meanwhile", "failed",
        "found-running", "gate-closed", "gate-kept", "goes-on", "goes-on-once-released", "halted",
        "in-words", "its-cutover",
        "left-at-once", "left-behind", "not-known-here", "nothing-new-starts",
        "nothing-to-ask-of",
        "nothing-to-release",
        "nothing-to-retry", "nothing-unfinished",
        "outcome-lost", "outcome-unseen",
        "promotion-awaited", "promotion-failed", "promotion-unmeasured",
        "released", "requested", "rest-never-starts",
        "retry-taken-back", "reviewed", "routine-remade",
        "rows-compared",
        "shard-failed", "soaks", "state-changed", "statement-found", "stays-stopped", "stopped",
        "taken-up", "taken-up-again", "trigger-swapped", "unanswered", "undriven",
        "vschema-applied", "vschema-failed", "vschema-failed-for-now", "vschema-gate-closed",
        "vschema-halted", "vschema-lost", "vschema-never-ran", "vschema-not-asked",
        "vschema-refused", "vschema-soaks", "vschema-unseen",
        "waits-for-release", "wave-not-asked", "wave-refused", "way-back-open",
    ]  # fmt: skip
    assert json.loads(told_text(GateClosed(2))) == {"kind": "gate-closed", "wave": 2}
