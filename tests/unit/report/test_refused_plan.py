"""A plan that is refused says what may have been meant and what to permit, and why it is refused
where that is read: first in a comment, last on a terminal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.guard.permission import permission_refusals
from reconciler.outcomes.apply import ApplyOutcome, ApplyVerdict
from reconciler.outcomes.files import LintOutcome
from reconciler.outcomes.plan import PlanOutcome, VerifyOutcome, VerifyState
from reconciler.report.compose.apply import apply_document
from reconciler.report.compose.plan import plan_document, verify_document
from reconciler.report.write.markdown import write_markdown
from reconciler.report.write.text import write_text
from tests.golden import samples

HINT = "table users: column legacy goes and email comes; if this is a rename, say so"


def test_a_likely_rename_is_told_before_the_permission_to_drop_the_column() -> None:
    plan = samples.NOT_ALLOWED
    plan = replace(plan, meta=replace(plan.meta, notes=(HINT,)))
    outcome = PlanOutcome(
        environment="production",
        keyspace="commerce",
        plan=plan,
        refusals=(samples.PERMISSION_MISSING,),
    )
    for text in (write_text(plan_document([outcome])), write_markdown(plan_document([outcome]))):
        assert text.count("if this is a rename") == 1
        assert text.index("if this is a rename") < text.index("ADD COLUMN")


@pytest.mark.invariant("RP-3")
def test_the_refusal_is_last_on_a_terminal_and_first_in_a_comment_whatever_else_is_told() -> None:
    noted = LintOutcome(keyspace="commerce", tables=12, looked_at=2, remarks=samples.REMARKS)
    of: dict[str, Any] = {"environment": "production", "keyspace": "commerce"}
    refusals = (samples.PERMISSION_MISSING,)
    for plan in (samples.NOT_ALLOWED, None):
        planned = PlanOutcome(**of, plan=plan, refusals=refusals, lint=noted)
        verified = VerifyOutcome(
            **of, plan=plan, refusals=refusals, lint=noted, state=VerifyState.REFUSED
        )
        for document in (plan_document([planned]), verify_document([verified])):
            text, markdown = write_text(document), write_markdown(document)
            assert text.rstrip().endswith("with its true reason")
            assert text.index("Lint:") < text.index("What is in the way")
            assert markdown.index("permission-missing") < markdown.index("Lint:")


def test_where_all_entries_stand_together_no_reason_says_its_own_again() -> None:
    """A comment, of which pieces are read, has each entry with its reason."""
    of: dict[str, Any] = {"environment": "production", "keyspace": "commerce"}
    missing = samples.plan(
        samples.change_set(samples.SHARDS, samples.ADD_EMAIL, samples.SHORTEN_NOTE), allow=()
    )
    refusals = permission_refusals(missing.core, missing.core.policy, "specs/commerce.yaml")
    assert len(refusals) == 2
    for document in (
        plan_document([PlanOutcome(**of, plan=missing, refusals=refusals)]),
        verify_document(
            [VerifyOutcome(**of, plan=missing, refusals=refusals, state=VerifyState.REFUSED)]
        ),
        apply_document(
            [
                ApplyOutcome(
                    **of, verdict=ApplyVerdict.REFUSED, plan=missing, refusals=refusals, apply_id=17
                )
            ]
        ),
    ):
        text = write_text(document)
        assert text.count("Not allowed yet\n") == 1
        assert text.count('next: if these are meant: "Not allowed yet"') == 1
        assert text.count("hazard: drop-column") == 1
        assert write_markdown(document).count("if it is meant, add `- {table: ") == 2


def test_with_nothing_else_to_tell_it_needs_no_heading() -> None:
    outcome = PlanOutcome(
        environment="production",
        keyspace="commerce",
        plan=None,
        refusals=(samples.PERMISSION_MISSING,),
    )
    assert "What is in the way" not in write_text(plan_document([outcome]))
