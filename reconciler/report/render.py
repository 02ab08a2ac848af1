"""One function for each command: its outcomes in the format that was asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import Generic, Protocol, TypeVar, assert_never

from reconciler.limits import SUMMARY_BYTES_MAX
from reconciler.outcomes.apply import ApplyOutcome, StatusOutcome
from reconciler.outcomes.doctor import DoctorOutcome
from reconciler.outcomes.drift import DriftOutcome
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.outcomes.files import LintOutcome, PullOutcome
from reconciler.outcomes.plan import PlanOutcome, VerifyOutcome
from reconciler.plan.model import Plan
from reconciler.report import json_shapes
from reconciler.report.findings import Finding, SchemaFiles, findings_of
from reconciler.report.github import with_commands
from reconciler.report.markdown import apply as markdown_apply
from reconciler.report.markdown import drift as markdown_drift
from reconciler.report.markdown import lists as markdown_lists
from reconciler.report.markdown import plan as markdown_plan
from reconciler.report.markdown import pull as markdown_pull
from reconciler.report.sarif import sarif
from reconciler.report.style import PLAIN, Style
from reconciler.report.text import apply as text_apply
from reconciler.report.text import drift as text_drift
from reconciler.report.text import lists as text_lists
from reconciler.report.text import plan as text_plan
from reconciler.report.text import pull as text_pull
from reconciler.spec.tree import from_the_top

_Report = TypeVar("_Report")
_Report_contra = TypeVar("_Report_contra", contravariant=True)


class Format(StrEnum):
    """The values of `--output`."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    GITHUB = "github"
    SARIF = "sarif"


@dataclass(frozen=True, slots=True, kw_only=True)
class Presentation:
    """`files` tells formats that mark lines where tables are defined, and `below` where in the
    repository all paths begin; `limit_bytes` is for Markdown."""

    format: Format = Format.TEXT
    style: Style = PLAIN
    limit_bytes: int = SUMMARY_BYTES_MAX
    files: SchemaFiles = field(default_factory=SchemaFiles)
    below: str = ""
    tool_version: str = ""


def plan_report(outcomes: Sequence[PlanOutcome | KeyspaceFailed], how: Presentation) -> str:
    markdown = partial(markdown_plan.plan_markdown, files=how.files)
    forms = _Forms(text_plan.plan_text, markdown, json_shapes.plan_json)
    return _rendered(outcomes, how, forms, findings_of(outcomes, how.files))


def show_report(plan: Plan, how: Presentation) -> str:
    """A stored plan, as it is: it was judged when it was made."""
    forms = _Forms(text_plan.show_text, markdown_plan.show_markdown, json_shapes.show_json)
    return _rendered(plan, how, forms, findings=())


def verify_report(outcomes: Sequence[VerifyOutcome | KeyspaceFailed], how: Presentation) -> str:
    markdown = partial(markdown_plan.verify_markdown, files=how.files)
    forms = _Forms(text_plan.verify_text, markdown, json_shapes.verify_json)
    return _rendered(outcomes, how, forms, findings_of(outcomes, how.files))


def drift_report(outcomes: Sequence[DriftOutcome | KeyspaceFailed], how: Presentation) -> str:
    forms = _Forms(text_drift.drift_text, markdown_drift.drift_markdown, json_shapes.drift_json)
    return _rendered(outcomes, how, forms, findings_of(outcomes, how.files))


def apply_report(outcomes: Sequence[ApplyOutcome | KeyspaceFailed], how: Presentation) -> str:
    forms = _Forms(text_apply.apply_text, markdown_apply.apply_markdown, json_shapes.apply_json)
    return _rendered(outcomes, how, forms, findings_of(outcomes, how.files))


def pull_report(outcomes: Sequence[PullOutcome | KeyspaceFailed], how: Presentation) -> str:
    forms = _Forms(text_pull.pull_text, markdown_pull.pull_markdown, json_shapes.pull_json)
    return _rendered(outcomes, how, forms, findings_of(outcomes, how.files))


def status_report(outcome: StatusOutcome, how: Presentation) -> str:
    """What the ledger says; it finds nothing, so it marks nothing."""
    forms = _Forms(text_apply.status_text, markdown_apply.status_markdown, json_shapes.status_json)
    return _rendered(outcome, how, forms, findings=())


def init_report(pulled: PullOutcome, planned: PlanOutcome | None, how: Presentation) -> str:
    """What was written, and the plan that proves it: one document for a program."""
    if how.format is Format.JSON:
        return json_shapes.init_json(pulled, planned)
    told = pull_report([pulled], how)
    return f"{told}\n{plan_report([planned], how)}" if planned else told


def lint_report(outcomes: Sequence[LintOutcome | KeyspaceFailed], how: Presentation) -> str:
    forms = _Forms(text_lists.lint_text, markdown_lists.lint_markdown, json_shapes.lint_json)
    return _rendered(outcomes, how, forms, findings_of(outcomes, how.files))


def doctor_report(outcomes: Sequence[DoctorOutcome | KeyspaceFailed], how: Presentation) -> str:
    forms = _Forms(text_lists.doctor_text, markdown_lists.doctor_markdown, json_shapes.doctor_json)
    return _rendered(outcomes, how, forms, findings_of(outcomes, how.files))


class _Markdown(Protocol[_Report_contra]):
    def __call__(self, report: _Report_contra, /, *, limit_bytes: int) -> str: ...


@dataclass(frozen=True, slots=True)
class _Forms(Generic[_Report]):
    text: Callable[[_Report, Style], str]
    markdown: _Markdown[_Report]
    json: Callable[[_Report], str]


def _rendered(
    report: _Report, how: Presentation, forms: _Forms[_Report], findings: Sequence[Finding]
) -> str:
    match how.format:
        case Format.TEXT:
            return forms.text(report, how.style)
        case Format.MARKDOWN:
            return forms.markdown(report, limit_bytes=how.limit_bytes)
        case Format.JSON:
            return forms.json(report)
        case Format.GITHUB:
            return with_commands(forms.text(report, how.style), _placed(findings, how.below))
        case Format.SARIF:
            return sarif(_placed(findings, how.below), tool_version=how.tool_version)
        case _:
            assert_never(how.format)


def _placed(findings: Sequence[Finding], below: str) -> Sequence[Finding]:
    """With paths from the root of the repository, as forges want them."""
    return [
        replace(finding, where=replace(finding.where, path=from_the_top(finding.where.path, below)))
        if finding.where
        else finding
        for finding in findings
    ]
