"""What is wrong on many shards in the same way is said once: it is one thing to fix."""

from __future__ import annotations

from dataclasses import replace

from reconciler.model.fleet import even_shards
from reconciler.outcomes.doctor import CheckMark, DoctorFinding, DoctorOutcome
from reconciler.outcomes.plan import PlanOutcome
from reconciler.report.compose.doctor import doctor_document
from reconciler.report.compose.plan import plan_document
from reconciler.report.write.markdown import write_markdown
from reconciler.report.write.text import write_text
from tests.golden import samples

SHARDS = even_shards(64)
LOST = tuple(replace(samples.LOST, shard=shard) for shard in SHARDS)
REFUSED = PlanOutcome(
    environment="production", keyspace="commerce", plan=None, readable_sql="", refusals=LOST
)


def test_a_wrong_password_on_every_shard_is_one_reason() -> None:
    for text in (write_text(plan_document([REFUSED])), write_markdown(plan_document([REFUSED]))):
        assert text.count(samples.LOST.reason) == 1
        assert "refused for 1 reason" in text
        assert "and 56 more" in text


def test_shards_that_cannot_be_seen_for_two_reasons_are_two_reasons() -> None:
    other = replace(LOST[5], reason="the server does not answer")
    text = write_text(plan_document([replace(REFUSED, refusals=(*LOST[:5], other))]))
    assert "refused for 2 reasons" in text
    assert f"shard {other.shard} could not be observed: the server does not answer" in text


def test_doctor_says_what_to_do_once_where_several_in_a_row_want_the_same() -> None:
    kinds = ("triggers", "routines", "events")
    findings = tuple(
        DoctorFinding(
            subject="shard -40",
            shard="-40",
            mark=CheckMark.WARNING,
            message=kind,
            recovery="grant it",
        )
        for kind in kinds
    )
    outcome = DoctorOutcome(environment="production", keyspace="commerce", findings=findings)
    text = write_text(doctor_document([outcome]))
    assert text.count("grant it") == 1
    assert text.index("events") < text.index("grant it")


def test_doctor_tells_what_is_alike_once_and_the_worst_first() -> None:
    findings = tuple(
        DoctorFinding(
            subject=f"shard {shard}",
            shard=shard,
            mark=CheckMark.FAILED if number else CheckMark.OK,
            message="no login" if number else "reachable",
        )
        for number, shard in enumerate(SHARDS)
    )
    outcome = DoctorOutcome(environment="production", keyspace="commerce", findings=findings)
    for text in (
        write_text(doctor_document([outcome])),
        write_markdown(doctor_document([outcome])),
    ):
        assert text.count("no login") == 1
        assert text.index("no login") < text.index("reachable")
    assert "1 ok, 1 failed" in write_text(doctor_document([outcome]))
