"""Lines on the forge: short enough, one line, what is wrong first, no syntax of a chat."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.outcomes.drift import DriftOutcome
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.report import forge_words
from reconciler.report.compose.forge import fork_summary
from reconciler.report.limits import STATUS_CHARS_MAX
from reconciler.report.write.markdown import write_markdown
from tests.golden import samples
from tests.golden.forge_messages import RUN
from tests.golden.scenarios import DRIFTED, MATCHING

EVIL = "specs/<!channel> @everyone\n\x1b[31m\u202e&.yaml"
FAILED = KeyspaceFailed(
    environment="production", keyspace=EVIL, problems=(samples.BAD_KEY,), exit_code=1
)


def applied(keyspace: str, verdict: ApplyVerdict) -> ApplyOutcome:
    return ApplyOutcome(environment="production", keyspace=keyspace, verdict=verdict)


def test_what_went_wrong_stands_first_because_the_rest_may_be_cut() -> None:
    outcomes = [applied(f"keyspace{n}", ApplyVerdict.COMPLETED) for n in range(40)]
    said = forge_words.apply_status([*outcomes, applied("orders", ApplyVerdict.FAILED)])
    assert said.startswith("orders: failed; keyspace0: completed; ")
    assert said.endswith("…")
    assert len(said) == STATUS_CHARS_MAX


@pytest.mark.invariant("RP-6")
def test_a_name_that_is_syntax_to_a_chat_is_text() -> None:
    drifted = DriftOutcome(environment="production", keyspace="shop", groups=(DRIFTED, MATCHING))
    said = forge_words.chat_text([drifted, FAILED], RUN)
    assert len(said.split("\n")) == 3
    for sign in ("<", "@e", "\x1b", "\u202e"):
        assert sign not in said


@pytest.mark.invariant("RP-6")
def test_a_status_is_one_line_of_visible_characters() -> None:
    said = forge_words.apply_status([FAILED])
    assert said.isprintable()


def test_keyspaces_that_are_fine_are_not_told_to_a_chat() -> None:
    clean = DriftOutcome(environment="staging", keyspace="shop", groups=(MATCHING,))
    assert forge_words.chat_text([clean], RUN) == RUN


def test_a_stale_status_is_known_again_and_no_other_is() -> None:
    stale = forge_words.stale_status([(samples.UNIFORM, samples.SHARDS[:1])] * 9)
    assert forge_words.is_stale_status(stale)
    assert len(stale) <= STATUS_CHARS_MAX
    assert not forge_words.is_stale_status(forge_words.NO_SCHEMA_CHANGE)
    assert not forge_words.is_stale_status(forge_words.apply_status([FAILED]))


@pytest.mark.invariant("RP-7")
def test_the_summary_of_a_fork_fits_with_its_plans() -> None:
    outcome = replace(FAILED, problems=(replace(samples.BAD_KEY, message="x" * 900),) * 20)
    document = fork_summary(["shop"], 12, [outcome] * 100)
    said = write_markdown(document, limit_bytes=20_000)
    assert len(said.encode()) <= 20_000
    assert "What happens next" in said
    assert "left out here" in said
