"""One function for each command: its outcomes in the format that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import assert_never

from reconciler.limits import SUMMARY_BYTES_MAX
from reconciler.outcomes.advise import AdviseOutcome
from reconciler.outcomes.apply import ApplyOutcome, StatusOutcome
from reconciler.outcomes.audit import AuditOutcome
from reconciler.outcomes.doctor import DoctorOutcome
from reconciler.outcomes.drift import DriftOutcome
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.files import LintOutcome, PullOutcome
from reconciler.outcomes.parts import PartsOutcome
from reconciler.outcomes.plan import PlanOutcome, VerifyOutcome
from reconciler.outcomes.rollouts import RolloutOutcome
from reconciler.outcomes.routes import OwnerOutcome, RoutesOutcome
from reconciler.outcomes.split import SplitApplyOutcome, SplitPlanOutcome, SplitVerifyOutcome
from reconciler.plan.model import Plan
from reconciler.report import json as as_json
from reconciler.report.compose.advise import advise_document
from reconciler.report.compose.apply import apply_document, status_document
from reconciler.report.compose.audit import audit_document
from reconciler.report.compose.doctor import doctor_document
from reconciler.report.compose.drift import drift_document
from reconciler.report.compose.lint import lint_document
from reconciler.report.compose.parts import parts_document
from reconciler.report.compose.plan import (
    plan_document,
    show_document,
    show_split_document,
    verify_document,
)
from reconciler.report.compose.pull import pull_document
from reconciler.report.compose.rollouts import rollouts_document
from reconciler.report.compose.routes import owner_document, routes_document
from reconciler.report.document import Document
from reconciler.report.findings import (
    Finding,
    Reportable,
    SchemaFiles,
    findings_in_job,
    findings_of,
)
from reconciler.report.github import with_commands
from reconciler.report.page.drift import drift_section
from reconciler.report.page.model import Page, Section, page_title
from reconciler.report.page.plan import plan_section, verify_section
from reconciler.report.page.status import status_sections
from reconciler.report.page.write import write_page
from reconciler.report.sarif import sarif
from reconciler.report.style import PLAIN, Style
from reconciler.report.write.markdown import write_markdown
from reconciler.report.write.text import write_text
from reconciler.reshard.plan.model import SplitPlan
from reconciler.spec.tree import from_the_top


class Format(StrEnum):
    """The values of `--output`."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    GITHUB = "github"
    SARIF = "sarif"
    HTML = "html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """`files` tells formats that mark lines where tables are defined, and `below` where in the
    repository all paths begin; `limit_bytes` is for Markdown. `explained`: with
    the exact queries that rows were asked by. `now_s` is when somebody looked,
    as a page says, and `refresh_s` how often it is written again."""

    format: Format = Format.TEXT
    style: Style = PLAIN
    limit_bytes: int = SUMMARY_BYTES_MAX
    files: SchemaFiles = field(default_factory=SchemaFiles)
    below: str = ""
    tool_version: str = ""
    explained: bool = False
    now_s: float | None = None
    refresh_s: int | None = None


def plan_report(
    outcomes: Sequence[PlanOutcome | SplitPlanOutcome | KeyspaceFailed], how: Presentation
) -> str:
    made = plan_document(outcomes, how.files)
    if how.format is Format.HTML:
        pictured = zip(made.reports, outcomes, strict=True)
        return _page("Plan", tuple(plan_section(*one) for one in pictured), how)
    return _written(made, how, partial(as_json.plan_json, outcomes), outcomes)


def show_report(plan: Plan, how: Presentation) -> str:
    """A stored plan, as it is: it was judged when it was made."""
    return _written(show_document(plan), how, partial(as_json.show_json, plan))


def show_split_report(plan: SplitPlan, how: Presentation) -> str:
    return _written(show_split_document(plan), how, partial(as_json.show_split_json, plan))


def verify_report(
    outcomes: Sequence[VerifyOutcome | SplitVerifyOutcome | KeyspaceFailed], how: Presentation
) -> str:
    made = verify_document(outcomes, how.files, explained=how.explained)
    if how.format is Format.HTML:
        pictured = zip(made.reports, outcomes, strict=True)
        return _page("Check", tuple(verify_section(*one) for one in pictured), how)
    return _written(made, how, partial(as_json.verify_json, outcomes), outcomes)


def drift_report(outcomes: Sequence[DriftOutcome | KeyspaceFailed], how: Presentation) -> str:
    made = drift_document(outcomes, how.files)
    if how.format is Format.HTML:
        pictured = zip(made.reports, outcomes, strict=True)
        return _page("Drift", tuple(drift_section(*one) for one in pictured), how)
    return _written(made, how, partial(as_json.drift_json, outcomes), outcomes)


def apply_report(
    outcomes: Sequence[ApplyOutcome | SplitApplyOutcome | KeyspaceFailed], how: Presentation
) -> str:
    made = apply_document(outcomes, how.files, in_job=how.format is Format.GITHUB)
    if how.format is Format.GITHUB:
        found = _placed(findings_in_job(outcomes, how.files), how.below)
        return with_commands(write_text(made, how.style), found)
    return _written(made, how, partial(as_json.apply_json, outcomes), outcomes)


def parts_report(outcomes: Sequence[PartsOutcome | KeyspaceFailed], how: Presentation) -> str:
    return _written(parts_document(outcomes), how, partial(as_json.parts_json, outcomes))


def status_report(outcome: StatusOutcome, how: Presentation) -> str:
    """What the ledger says; it finds nothing, so it marks nothing."""
    made = status_document(outcome)
    if how.format is Format.HTML:
        kind = "History" if outcome.is_history else "Status"
        return _page(kind, status_sections(made, outcome), replace(how, now_s=outcome.now_s))
    return _written(made, how, partial(as_json.status_json, outcome))


def pull_report(outcomes: Sequence[PullOutcome | KeyspaceFailed], how: Presentation) -> str:
    made = pull_document(outcomes)
    return _written(made, how, partial(as_json.pull_json, outcomes), outcomes)


def init_report(pulled: PullOutcome, planned: PlanOutcome | None, how: Presentation) -> str:
    """What was written, and the plan that proves it: one document for a program."""
    if how.format is Format.JSON:
        return as_json.init_json(pulled, planned)
    told = pull_report([pulled], how)
    return f"{told}\n{plan_report([planned], how)}" if planned else told


def lint_report(
    outcomes: Sequence[LintOutcome | KeyspaceFailed], how: Presentation, since: str | None = None
) -> str:
    """`since` is the commit after which tables changed that were looked at; None: at all."""
    made = lint_document(outcomes, since)
    return _written(made, how, partial(as_json.lint_json, outcomes, since), outcomes)


def doctor_report(outcomes: Sequence[DoctorOutcome | KeyspaceFailed], how: Presentation) -> str:
    made = doctor_document(outcomes)
    return _written(made, how, partial(as_json.doctor_json, outcomes), outcomes)


def routes_report(outcomes: Sequence[RoutesOutcome | KeyspaceFailed], how: Presentation) -> str:
    made = routes_document(outcomes)
    return _written(made, how, partial(as_json.routes_json, outcomes))


def owner_report(outcomes: Sequence[OwnerOutcome | KeyspaceFailed], how: Presentation) -> str:
    made = owner_document(outcomes)
    return _written(made, how, partial(as_json.owner_json, outcomes))


def advise_report(outcomes: Sequence[AdviseOutcome | KeyspaceFailed], how: Presentation) -> str:
    made = advise_document(outcomes)
    return _written(made, how, partial(as_json.advise_json, outcomes))


def audit_report(outcome: AuditOutcome, how: Presentation) -> str:
    return _written(audit_document(outcome), how, partial(as_json.audit_json, outcome))


def rollouts_report(outcomes: Sequence[RolloutOutcome | KeyspaceFailed], how: Presentation) -> str:
    return _written(rollouts_document(outcomes), how, partial(as_json.rollouts_json, outcomes))


def _written(
    document: Document,
    how: Presentation,
    json: Callable[[], str],
    finds: Sequence[Reportable] = (),
) -> str:
    """`finds` are the outcomes whose findings formats that mark lines show."""
    match how.format:
        case Format.TEXT:
            return write_text(document, how.style)
        case Format.MARKDOWN:
            return write_markdown(document, limit_bytes=how.limit_bytes)
        case Format.JSON:
            return json()
        case Format.GITHUB:
            found = _placed(findings_of(finds, how.files), how.below)
            return with_commands(write_text(document, how.style), found)
        case Format.SARIF:
            found = _placed(findings_of(finds, how.files), how.below)
            return sarif(found, tool_version=how.tool_version)
        case Format.HTML:
            return _page(
                "Report", tuple(Section(report=report) for report in document.reports), how
            )
        case _:
            assert_never(how.format)


def _page(kind: str, sections: tuple[Section, ...], how: Presentation) -> str:
    return write_page(
        Page(
            title=page_title(kind, sections),
            sections=sections,
            as_of_s=how.now_s,
            tool_version=how.tool_version,
            refresh_s=how.refresh_s,
        )
    )


def _placed(findings: Sequence[Finding], below: str) -> Sequence[Finding]:
    """With paths from the root of the repository, as forges want them."""
    return [
        replace(finding, where=replace(finding.where, path=from_the_top(finding.where.path, below)))
        if finding.where
        else finding
        for finding in findings
    ]
