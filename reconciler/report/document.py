"""A report as a value: what it says, before anybody decides how that looks.

Outcomes become documents in `compose/`, once; documents become text, Markdown or a page in
`write/`. A composer cannot forget to make foreign text harmless, because all strings of a document
are raw and only a writer turns them into characters of its form, in one place (RP-6). The verdict
and the plan id are no blocks, so that no limit reaches them (RP-7).
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.report.blocks import Block, Mark
from reconciler.report.spans import Line


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """The hidden line by which a comment is found again, to be edited in place: the reports of one
    change, from plan to apply, share a topic and so a comment."""

    topic: str
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """What a report is about, how that stands, and the verdict."""

    mark: Mark
    about: Line
    verdict: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class NextStep:
    """What the reader does now; `command` is there to be copied."""

    text: Line
    command: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """About one keyspace, as a rule. `plan_id` is what a reader compares."""

    title: Title | None
    marker: Marker | None = None
    blocks: tuple[Block, ...] = ()
    plan_id: str = ""
    next_steps: tuple[NextStep, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """Reports in a row; where some have to go for want of room, the last ones do. `closing` is
    kept."""

    reports: tuple[Report, ...]
    marker: Marker | None = None
    closing: Line = ()
