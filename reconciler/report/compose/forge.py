"""What a job says on the forge besides the reports: where nothing had to be looked at, or could."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.guard.review.break_glass import BreakGlassRecord
from reconciler.outcomes.drift import DriftOutcome
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.lowered import Lowered
from reconciler.outcomes.plan import PlanOutcome
from reconciler.plan.visible import visible_line
from reconciler.report import blocks
from reconciler.report.blocks import Mark
from reconciler.report.compose.drift import drift_reports
from reconciler.report.compose.opening import CHANGE, marker, title
from reconciler.report.compose.plan import sketch_reports
from reconciler.report.compose.shards import name_list
from reconciler.report.document import Document, Marker, Report, Title
from reconciler.report.drift_words import is_clean
from reconciler.report.forge_words import LOWERS_THE_RULE, NO_SCHEMA_CHANGE, lowered_words
from reconciler.report.spans import Link, Name, Text, sentence, with_commands

REVIEW_RULE = "review-rule"
DRIFT_ISSUE_TITLE = "Schema drift"


def unchanged_comment(environment: str, keyspace: str) -> Document:
    """Takes the place of a plan that an earlier state of the pull request had."""
    report = Report(
        marker=marker(CHANGE, keyspace, environment),
        title=title(Mark.GOOD, keyspace, environment, NO_SCHEMA_CHANGE),
    )
    return Document(reports=(report,))


def unchanged_summary() -> Document:
    return Document(reports=(Report(title=_title(Mark.GOOD, NO_SCHEMA_CHANGE)),))


def given_up_summary(given_up: Sequence[tuple[str, str]]) -> Document:
    """`given_up` are (keyspace, environment); loud, because their shards are in no plan."""
    items = tuple(
        (Name(keyspace), Text(" in "), Name(environment)) for keyspace, environment in given_up
    )
    after = sentence(
        "Their shards keep their tables, and nothing plans for them or looks at them after the"
        " merge."
    )
    report = Report(
        title=_title(Mark.CAUTION, "in no spec any more"),
        blocks=(blocks.Items(items=items), blocks.Paragraph(text=after)),
    )
    return Document(reports=(report,))


def lowered_comment(lowered: Sequence[Lowered]) -> Document:
    """Loud, because the change applies nothing and would draw nobody's eyes."""
    items = tuple((Text(lowered_words(each)),) for each in lowered)
    after = sentence(
        "That counts only if this pull request is itself approved as was asked before, by as many"
        " people and by the owners then; otherwise what was asked before goes on being asked."
    )
    report = Report(
        marker=Marker(topic=REVIEW_RULE, names=("all",)),
        title=_title(Mark.CAUTION, f"this pull request {LOWERS_THE_RULE}"),
        blocks=(blocks.Items(items=items), blocks.Paragraph(text=after)),
    )
    return Document(reports=(report,))


def fork_summary(
    keyspaces: Sequence[str], number: int, outcomes: Sequence[PlanOutcome | KeyspaceFailed]
) -> Document:
    """What follows for a pull request whose job is not given what it would need, and the plans that
    could be made all the same."""
    why = sentence(
        "Jobs of forks get no secrets, so nothing was compared with the live fleet, and this check"
        " stays red on purpose. A plan shown here leads from the files of the base branch to these"
        " files: what would run if the fleet is as git says."
    )
    then = with_commands(
        "a maintainer who has read the change brings it into this repository, opens a pull request"
        " from there, and runs `reconciler plan --write` on it"
    )
    commands = (
        f"git fetch origin pull/{number}/head:review-{number}",
        f"git push origin review-{number}",
    )
    verdict = sentence("a schema change from a fork")
    report = Report(
        title=Title(mark=Mark.CAUTION, about=name_list(keyspaces), verdict=verdict),
        blocks=(
            blocks.Paragraph(text=why),
            blocks.Copy(title="What happens next", lead=then, lines=commands, language="sh"),
        ),
    )
    return Document(reports=(report, *sketch_reports(outcomes)))


def break_glass_issue(record: BreakGlassRecord) -> Document:
    """Loud, and there before the first statement is sent."""
    request = record.request
    items = (
        (Text("Environment: "), Name(request.environment)),
        (Text("Commit: "), Name(request.commit)),
        (Text("Started by: "), Name(request.actor)),
        (Text("Let in by: "), *name_list(record.approved_by)),
        (Text("Reason: "), Text(request.reason)),
        (Text("Run: "), Link(request.run_url)),
    )
    after = "Every other gate was asked as always. Read what was run, then close this issue."
    report = Report(
        marker=Marker(topic="break-glass", names=(request.commit,)),
        title=_title(Mark.CAUTION, "Applied without the review that was asked for"),
        blocks=(blocks.Items(items=items), blocks.Paragraph(text=sentence(after))),
    )
    return Document(reports=(report,))


def drift_issue_title(environments: Sequence[str] = ()) -> str:
    of = f" in {', '.join(map(visible_line, environments))}" if environments else ""
    return f"{DRIFT_ISSUE_TITLE}{of}"


def drift_issue(
    outcomes: Sequence[DriftOutcome | KeyspaceFailed], run: str, environments: Sequence[str] = ()
) -> Document:
    """One issue for all keyspaces; those that need a person first, so that a cut loses the rest.
    Where a job looks at some `environments` alone, theirs is another issue: else the job that looks
    at the others would close it."""
    ordered = sorted(outcomes, key=lambda o: (_is_clean(o), o.environment, o.keyspace))
    return Document(
        marker=Marker(topic="drift-issue", names=tuple(environments)),
        reports=drift_reports(ordered),
        closing=(Text("Last looked at by "), Link(run)),
    )


def _title(mark: Mark, verdict: str) -> Title:
    return Title(mark=mark, about=(), verdict=sentence(verdict))


def _is_clean(outcome: DriftOutcome | KeyspaceFailed) -> bool:
    return isinstance(outcome, DriftOutcome) and is_clean(outcome)
