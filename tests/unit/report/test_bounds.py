"""Same input, same bytes; and never more bytes than a forge takes."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.ddl.quote import quote_identifier
from reconciler.errors import Location, Problem
from reconciler.guard.model import Obstacle
from reconciler.limits import SUMMARY_BYTES_MAX
from reconciler.model.fleet import even_shards
from reconciler.model.object_id import table_id
from reconciler.outcomes.drift import DriftOutcome
from reconciler.outcomes.files import LintOutcome
from reconciler.outcomes.plan import PlanOutcome, VerifyOutcome, VerifyState
from reconciler.report import render
from reconciler.report.compose.plan import plan_document
from reconciler.report.limits import ANNOTATIONS_MAX, COMMENT_BYTES_MAX
from reconciler.report.render import Format, Presentation
from reconciler.report.write.fit import Part, fit
from reconciler.report.write.markdown import write_markdown
from tests.golden import samples
from tests.golden.samples import ADD_EMAIL, change_set, plan
from tests.golden.scenarios import DRIFTED, MATCHING, PENDING_APPLY, UNREACHABLE
from tests.golden.write import FILES
from tests.series import series

EVERY_FORMAT = tuple(Presentation(format=form, files=FILES) for form in Format)


@pytest.mark.invariant("RP-5")
@pytest.mark.parametrize("how", EVERY_FORMAT, ids=lambda how: how.format)
def test_the_order_in_which_things_were_found_changes_nothing(how: Presentation) -> None:
    shuffle = random.Random(5).sample
    lost = tuple(replace(samples.LOST, shard=shard) for shard in even_shards(8))
    refusals: tuple[Obstacle, ...] = (
        *lost,
        samples.TABLE_DRIFTED,
        samples.INPUT_CHANGED,
        samples.PERMISSION_MISSING,
    )
    groups = (MATCHING, DRIFTED, PENDING_APPLY, UNREACHABLE)
    problems = (samples.BAD_KEY, samples.TWO_STATEMENTS, samples.SERVER_DIED)

    def everything() -> tuple[str, ...]:
        refused = VerifyOutcome(
            environment="production",
            keyspace="commerce",
            state=VerifyState.REFUSED,
            refusals=tuple(shuffle(refusals, len(refusals))),
        )
        mixed = replace(
            DRIFTED, differences=tuple(shuffle(DRIFTED.differences, len(DRIFTED.differences)))
        )
        drifted = DriftOutcome(
            environment="production",
            keyspace="commerce",
            groups=tuple(
                mixed if group is DRIFTED else group for group in shuffle(groups, len(groups))
            ),
            unmanaged=tuple(shuffle([("_a", ("-40",)), ("_b", ("-40", "c0-"))], 2)),
        )
        linted = LintOutcome(
            keyspace="commerce", tables=3, problems=tuple(shuffle(problems, len(problems)))
        )
        return (
            render.verify_report([refused], how),
            render.drift_report([drifted], how),
            render.lint_report([linted], how),
        )

    assert len({everything() for _ in range(25)}) == 1


@cache
def huge_plan(change_sets: int, columns: int) -> PlanOutcome:
    shards = even_shards(change_sets)
    made = plan(
        *(
            change_set(
                (shard,),
                replace(
                    ADD_EMAIL,
                    sql=f"ALTER TABLE `users` ADD COLUMN `c{number}` int "
                    + ", ".join(f"ADD COLUMN `column_{i}` int" for i in range(columns)),
                ),
            )
            for number, shard in enumerate(shards)
        ),
        shards=shards,
        waves=tuple((shard,) for shard in shards),
    )
    return PlanOutcome(environment="production", keyspace="commerce", plan=made)


@pytest.mark.invariant("RP-7")
@pytest.mark.parametrize("limit_bytes", [COMMENT_BYTES_MAX, SUMMARY_BYTES_MAX])
@pytest.mark.parametrize(("change_sets", "columns"), series([(70, 40), (1, 5_000), (1_000, 80)]))
def test_a_plan_is_cut_to_the_limit_and_keeps_verdict_and_id(
    change_sets: int, columns: int, limit_bytes: int
) -> None:
    outcome = huge_plan(change_sets, columns)
    assert outcome.plan is not None
    report = write_markdown(plan_document([outcome]), limit_bytes=limit_bytes)
    assert len(report.encode()) <= limit_bytes
    assert report.startswith("<!-- reconciler change production/commerce -->\n### ")
    assert outcome.plan.plan_id in report
    assert "**On merge**" in report
    assert report.count("```") % 2 == 0


@pytest.mark.invariant("RP-7")
def test_details_go_first() -> None:
    parts = [
        Part(text="verdict"),
        Part(text="s" * 400, detail=2, instead="sql left out"),
        Part(text="d" * 100, detail=1),
        Part(text="f" * 400, detail=3, instead="fingerprints left out"),
        Part(text="plan id"),
    ]
    assert fit(parts, 2_000).count("left out") == 0
    assert "sss" in fit(parts, 700)
    assert "fff" not in fit(parts, 700)
    assert fit(parts, 200) == (
        f"verdict\n\nsql left out\n\n{'d' * 100}\n\nfingerprints left out\n\nplan id\n"
    )


@pytest.mark.invariant("RP-7")
@given(
    st.lists(
        st.builds(
            Part,
            text=st.text(max_size=60),
            detail=st.integers(0, 4),
            instead=st.sampled_from(["", "a", "b"]),
        ),
        max_size=12,
    ),
    st.integers(1, 400),
)
def test_nothing_is_ever_over_the_limit(parts: list[Part], limit_bytes: int) -> None:
    assert len(fit(parts, limit_bytes).encode()) <= limit_bytes


@pytest.mark.invariant("RP-7")
@pytest.mark.parametrize("found", [0, 9, 10, 11, 60])
def test_annotations_stop_at_what_is_shown_and_say_so(found: int) -> None:
    problems = tuple(
        Problem(code="x", message="m", recovery="r", where=Location(path="a.sql", line=line + 1))
        for line in range(found)
    )
    outcome = LintOutcome(keyspace="commerce", tables=1, problems=problems)
    report = render.lint_report([outcome], Presentation(format=Format.GITHUB))
    shown = [line for line in report.split("\n") if line.startswith("::error")]
    assert len(shown) == min(found, ANNOTATIONS_MAX)
    if found > ANNOTATIONS_MAX:
        assert shown[-1] == "::error::and 51 more findings: the log of this step has them all" or (
            found == 11 and "and 2 more findings" in shown[-1]
        )


@pytest.mark.invariant("RP-6")
@pytest.mark.parametrize("how", EVERY_FORMAT, ids=lambda how: how.format)
def test_no_report_carries_a_control_or_bidirectional_character(how: Presentation) -> None:
    evil = "a\x1b[31m\u202e\r\n::error::owned\n# owned `"
    name = quote_identifier(evil)
    hostile = replace(
        ADD_EMAIL,
        object_id=table_id(evil),
        sql=f"ALTER TABLE {name} ADD COLUMN `x` int",
        hazards=tuple(replace(hazard, object=evil, reason=evil) for hazard in ADD_EMAIL.hazards),
    )
    refusal = replace(
        samples.TABLE_DRIFTED,
        object_id=table_id(evil),
        message=evil,
        expected=f"CREATE TABLE {name} (\n  `a` int\n)",
        observed=f"CREATE TABLE {name} (\n  {name} int\n)",
    )
    outcome = PlanOutcome(
        environment="production",
        keyspace="commerce",
        plan=plan(change_set(("-40",), hostile), notes=(evil,)),
        refusals=(refusal,),
    )
    report = render.plan_report([outcome], how)
    assert not {"\x1b", "\u202e", "\r"} & set(report)
    commands = [line for line in report.split("\n") if line.lstrip().startswith("::error")]
    assert not any(line.strip() == "::error::owned" for line in commands)
    assert "\n# owned" not in report


@pytest.mark.parametrize("form", [Format.GITHUB, Format.SARIF])
def test_paths_begin_at_the_top_of_the_repository(form: Format) -> None:
    how = Presentation(format=form, files=FILES, below="databases/shop")
    outcome = PlanOutcome(environment="production", keyspace="commerce", plan=samples.NOT_ALLOWED)
    assert "databases/shop/schemas/commerce/users.sql" in render.plan_report([outcome], how)


@pytest.mark.parametrize("form", [Format.JSON, Format.SARIF])
def test_formats_for_programs_are_json(form: Format) -> None:
    outcome = PlanOutcome(environment="production", keyspace="commerce", plan=samples.NOT_ALLOWED)
    document = json.loads(render.plan_report([outcome], Presentation(format=form, files=FILES)))
    match form:
        case Format.JSON:
            assert document["format"] == 1
            assert document["keyspaces"][0]["outcome"] == "changes"
        case _:
            (run,) = document["runs"]
            codes = [result["ruleId"] for result in run["results"]]
            assert codes == ["drop-column", "narrow-type"]


@pytest.mark.invariant("RP-7")
def test_a_summary_of_more_plans_than_it_holds_keeps_the_first_ones_and_says_what_is_missing() -> (
    None
):
    outcomes = [huge_plan(1, 20)] * 1_400
    report = write_markdown(plan_document(outcomes), limit_bytes=SUMMARY_BYTES_MAX)
    assert SUMMARY_BYTES_MAX // 2 < len(report.encode()) <= SUMMARY_BYTES_MAX
    assert 100 < report.count("### ⚠️") < 1_400
    assert report.endswith(
        "The rest is left out here: there is no room for it. The job's log has it all.\n"
    )
    assert report.count("```") % 2 == 0


@pytest.mark.invariant("RP-7")
def test_what_is_left_out_is_said_in_each_report_of_a_row() -> None:
    reports = [
        part
        for number in range(3)
        for part in (
            Part(text=f"verdict {number}", opens=True),
            Part(text="s" * 400, detail=1, instead="sql left out"),
            Part(text="t" * 400, detail=1, instead="sql left out"),
        )
    ]
    assert fit(reports, 200).count("sql left out") == 3


@pytest.mark.invariant("RP-7")
def test_of_one_part_that_is_too_large_whole_lines_stay() -> None:
    shown = fit([Part(text="verdict\n" + "line\n" * 100)], 150)
    assert shown.startswith("verdict\nline\n")
    assert "left out here" in shown
    assert set(shown.partition("\n\n")[0].split("\n")) == {"verdict", "line"}
