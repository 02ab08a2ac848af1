"""Refusals, shards that could not be seen, problems: each with what it does not say itself."""

from __future__ import annotations

from collections.abc import Sequence, Set

from reconciler.errors import Problem
from reconciler.guard.grouping import grouped_refusals, grouped_unreachable
from reconciler.guard.model import Obstacle, Refusal
from reconciler.model.observation import Unreachable
from reconciler.report.blocks import (
    KEPT,
    Block,
    Cut,
    Detail,
    Difference,
    Reason,
    ReasonKind,
    Reasons,
)
from reconciler.report.compose.shards import named_shards
from reconciler.report.findings import SchemaFiles
from reconciler.report.refusals import unsaid_places
from reconciler.report.spans import Command, Line, Name, Source, Text, sentence, with_commands

_CUT = Cut(
    detail=Detail.REASON,
    instead=sentence("Some reasons are left out here; the job's log has them all."),
)

_TOGETHER = 'if these are meant: "Not allowed yet" has all the entries to add to the spec'


def refusals(
    obstacles: Sequence[Obstacle],
    keyspace: str,
    files: SchemaFiles,
    *,
    urgent: bool = False,
    title: str = "",
    entries: Set[str] = frozenset(),
) -> tuple[Block, ...]:
    """All reasons not to run; `files` tell the lines that they are about. `title` stands above all
    of them. `entries` of the spec stand together somewhere in the report."""
    own = tuple(
        _refusal(one, shards, keyspace, files, entries)
        for shards, one in grouped_refusals(obstacles)
    )
    unseen = tuple(_unseen(shards, one) for shards, one in grouped_unreachable(obstacles))
    kinds = ((ReasonKind.REFUSED, own), (ReasonKind.UNSEEN, unseen))
    return tuple(
        Reasons(kind=kind, reasons=found, cut=_CUT, urgent=urgent, title="" if number else title)
        for number, (kind, found) in enumerate((kind, found) for kind, found in kinds if found)
    )


def refusals_with_more(
    obstacles: Sequence[Obstacle],
    keyspace: str,
    files: SchemaFiles,
    more: Sequence[Block],
    entries: Set[str] = frozenset(),
) -> tuple[Block, ...]:
    """The same with what else is to be told: they are first in a comment, and last on a terminal
    (RP-3)."""
    urgent = bool(more)
    title = "What is in the way" if urgent else ""
    told = refusals(obstacles, keyspace, files, urgent=urgent, title=title, entries=entries)
    return (*told, *more)


def problems(found: Sequence[Problem], cut: Cut = KEPT, *, title: str = "") -> tuple[Block, ...]:
    if not found:
        return ()
    reasons = tuple(map(problem, found))
    return (Reasons(kind=ReasonKind.PROBLEM, reasons=reasons, title=title, cut=cut),)


def problem(found: Problem) -> Reason:
    first, quoted = _told(found.message)
    return Reason(
        place=(Name(str(found.where)),) if found.where else (),
        message=first,
        quoted=quoted,
        code=found.code,
        recovery=with_commands(found.recovery),
    )


def defined_at(
    files: SchemaFiles, keyspace: str, table: str | None, about: str | None
) -> Source | None:
    """Where the table is defined, and there what it is `about`."""
    file = files.tables.get((keyspace, table)) if table else None
    if file is None:
        return None
    where = file.place((about or "",))
    return Source(where=where, url=files.url_of(where))


def _refusal(
    refusal: Refusal,
    shards: Sequence[str],
    keyspace: str,
    files: SchemaFiles,
    entries: Set[str],
) -> Reason:
    place: list[Line] = [
        (Text(f"{', ' if number else ''}{noun} "), Name(name))
        for number, (noun, name) in enumerate(unsaid_places(refusal, shards))
    ]
    first, quoted = _told(refusal.message)
    recovery = with_commands(refusal.recovery)
    is_together = any(isinstance(span, Command) and span.text in entries for span in recovery)
    sides = (refusal.expected, refusal.observed)
    return Reason(
        place=tuple(span for spans in place for span in spans),
        message=first,
        quoted=quoted,
        code=refusal.code,
        recovery=recovery,
        together=sentence(_TOGETHER) if is_together else (),
        difference=None
        if sides == (None, None)
        else Difference(expected=refusal.expected, observed=refusal.observed),
        defined=defined_at(
            files,
            keyspace,
            refusal.object_id.name if refusal.object_id else None,
            refusal.object,
        ),
    )


def _unseen(shards: tuple[str, ...], lost: Unreachable) -> Reason:
    first, quoted = _told(lost.reason)
    return Reason(
        message=(*named_shards(shards), Text(" could not be observed: "), *first),
        quoted=quoted,
        code=lost.code,
        recovery=with_commands(lost.recovery),
    )


def _told(message: str) -> tuple[Line, tuple[str, ...]]:
    """The sentence, and what somebody else said over further lines."""
    first, *more = message.strip().split("\n")
    return sentence(first), tuple(more)
