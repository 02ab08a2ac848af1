"""The proposal to take a plan back: who asked for it, where it is, and what people do with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from reconciler.outcomes.revert import RevertProposed
from reconciler.report import blocks
from reconciler.report.blocks import Mark
from reconciler.report.compose.opening import title
from reconciler.report.compose.plan import plan_document
from reconciler.report.document import Document, NextStep, Report
from reconciler.report.findings import SchemaFiles
from reconciler.report.spans import Line, Link, Name, Text, sentence
from reconciler.report.summary import short_id

_MORE = (
    "a bot has pushed it, so that anybody may have made it: it takes one approval more than the"
    " rule asks for"
)


def revert_body(proposed: RevertProposed, files: SchemaFiles) -> Document:
    """What the pull request says, before it has a number."""
    return _document(proposed, files, ())


def revert_document(proposed: RevertProposed, files: SchemaFiles) -> Document:
    """What the job says of it."""
    where = "Pull request: " if proposed.pull_request is not None else "To be opened at: "
    return _document(proposed, files, ((Text(where), Link(proposed.url)),))


def revert_title(proposed: RevertProposed) -> str:
    plan = short_id(proposed.taken_back)
    return f"Take back plan {plan} of {proposed.keyspace} in {proposed.environment}"


def _document(proposed: RevertProposed, files: SchemaFiles, where: tuple[Line, ...]) -> Document:
    items: tuple[Line, ...] = (
        (Text("Asked by: "), Text(proposed.asked_by)),
        (Text("Branch: "), Name(proposed.branch)),
        *where,
        # A plan that is none of the refused has them itself.
        *((Text(note),) for note in (proposed.notes if proposed.plan.refusals else ())),
    )
    report = Report(
        title=title(_mark(proposed), proposed.keyspace, proposed.environment, _verdict(proposed)),
        blocks=(blocks.Items(items=items),),
        next_steps=tuple(NextStep(text=sentence(step)) for step in _steps(proposed)),
    )
    plan = plan_document([proposed.plan], files).reports
    # Its files are committed already, and what is next is said above.
    return Document(reports=(report, *(replace(one, next_steps=()) for one in plan)))


def _mark(proposed: RevertProposed) -> Mark:
    return Mark.CAUTION if proposed.plan.refusals else Mark.GOOD


def _verdict(proposed: RevertProposed) -> str:
    number = f", as #{proposed.pull_request}" if proposed.pull_request is not None else ""
    refused = ", and a plan of it is refused" if proposed.plan.refusals else ""
    plan = short_id(proposed.taken_back)
    return f"the way back from plan {plan} is proposed{number}{refused}; nothing has run"


def _steps(proposed: RevertProposed) -> Iterator[str]:
    if proposed.unopened:
        yield (
            "open the pull request at the address above, and its checks start; the job could not:"
            f" {proposed.unopened}"
        )
    elif not proposed.starts_checks:
        yield (
            "have somebody who may write let its checks run (Approve workflows to run), for a"
            " job's own token has opened it; where the forge shows no such button, close it and"
            " open it again"
        )
    if proposed.plan.refusals:
        yield "settle what is refused below by commits to its branch; its check says when it is"
    yield f"review it and merge it as any change, and it is applied as any; {_MORE}"
    yield (
        f"where an apply of plan {short_id(proposed.taken_back)} has not ended, have it cancelled"
        " before that: no other plan is applied meanwhile"
    )
