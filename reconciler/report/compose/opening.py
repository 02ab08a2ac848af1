"""How reports begin: what they are about, how it stands; and those that end there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from reconciler.errors import Problem
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.report.blocks import Cut, Detail, Fact, Mark
from reconciler.report.compose.reasons import problems
from reconciler.report.document import Document, Marker, Report, Title
from reconciler.report.refusals import failed_verdict
from reconciler.report.spans import Line, Name, Text, sentence
from reconciler.report.summary import short_id

CHANGE = "change"  # the topic that all reports of a change share, from plan to apply


class OfRegion(Protocol):
    """What came of a look at an environment, or at one region's part of it."""

    @property
    def environment(self) -> str: ...

    @property
    def region(self) -> str | None: ...


def title(mark: Mark, keyspace: str, environment: str, verdict: str) -> Title:
    about = (Name(keyspace), Text(" in "), Name(environment))
    return Title(mark=mark, about=about, verdict=sentence(verdict))


def marker(topic: str, keyspace: str, environment: str, region: str | None = None) -> Marker:
    """Each region has a report of its own, which takes the place of no other's."""
    return Marker(topic=topic, names=(environment, *([region] if region else []), keyspace))


def where(outcome: OfRegion) -> str:
    """As titles say it: the environment, and the region where the outcome is of one."""
    region = f", region {outcome.region}" if outcome.region else ""
    return f"{outcome.environment}{region}"


def plan_id_fact(plan_id: str, *, brief: Line | None = None) -> Fact:
    """Whole; `brief` None: as people say it."""
    short = (Text("plan "), Name(short_id(plan_id)))
    return Fact(label="plan id", text=(Name(plan_id),), brief=short if brief is None else brief)


def failed_report(topic: str, failed: KeyspaceFailed) -> Report:
    cut = Cut(detail=Detail.REASON, instead=sentence("Some problems are left out here."))
    return Report(
        marker=marker(topic, failed.keyspace, failed.environment, failed.region),
        title=title(Mark.BAD, failed.keyspace, where(failed), failed_verdict(failed)),
        blocks=problems(failed.problems, cut),
    )


def failures_document(failed: Sequence[KeyspaceFailed]) -> Document:
    return Document(reports=tuple(failed_report(CHANGE, one) for one in failed))


def problems_document(found: Sequence[Problem]) -> Document:
    """What kept a command from coming to any keyspace."""
    return Document(reports=(Report(title=None, blocks=problems(found)),))
