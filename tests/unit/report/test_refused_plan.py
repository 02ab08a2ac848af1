"""A plan that is refused says first what may have been meant, then what to permit."""

from __future__ import annotations

from dataclasses import replace

from reconciler.outcomes.plan import PlanOutcome
from reconciler.report.compose.plan import plan_document
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
