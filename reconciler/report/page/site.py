"""A small site of all keyspaces: a page for each, and one that leads to them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reconciler.outcomes.apply import StatusOutcome
from reconciler.outcomes.drift import DriftOutcome
from reconciler.outcomes.failed import KeyspaceFailed
from reconciler.report.blocks import Mark, Paragraph
from reconciler.report.compose.apply import status_document
from reconciler.report.compose.drift import drift_document
from reconciler.report.compose.opening import failures_document
from reconciler.report.page.drift import drift_section
from reconciler.report.page.model import Page, Place, Section
from reconciler.report.page.status import status_sections
from reconciler.report.page.write import write_page
from reconciler.report.spans import Line, Name, Text

INDEX = "index.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyspaceSeen:
    """What was seen of a keyspace in one environment; None: nobody looked, or nobody could."""

    environment: str
    keyspace: str
    status: StatusOutcome | None = None
    history: StatusOutcome | None = None
    drift: DriftOutcome | None = None
    failed: tuple[KeyspaceFailed, ...] = ()


def site_files(
    seen: Sequence[KeyspaceSeen], *, environment: str, now_s: float, tool_version: str
) -> dict[str, str]:
    """Each file of the site by its name."""
    names = [_file_name(number, one) for number, one in enumerate(seen, start=1)]
    sections = [tuple(_sections(one)) for one in seen]
    pages = {
        name: Page(
            title=f"{one.keyspace} in {one.environment}",
            as_of_s=now_s,
            tool_version=tool_version,
            sections=found,
            home=INDEX,
        )
        for name, one, found in zip(names, seen, sections, strict=True)
    }
    pages[INDEX] = Page(
        title=f"Schemas in {environment}",
        as_of_s=now_s,
        tool_version=tool_version,
        places=tuple(
            Place(
                name=(Name(one.keyspace), Text(" in "), Name(one.environment)),
                file=name,
                verdicts=tuple(_verdicts(found)),
            )
            for name, one, found in zip(names, seen, sections, strict=True)
        ),
    )
    return {name: write_page(page) for name, page in pages.items()}


def _file_name(number: int, seen: KeyspaceSeen) -> str:
    """Of a name that a spec may have, which is always one of a file; of what has no name as yet,
    a number."""
    names = (seen.environment, seen.keyspace)
    sound = all(re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name) for name in names)
    return f"keyspace-{'-in-'.join(reversed(names))}.html" if sound else f"keyspace-{number}.html"


def _sections(seen: KeyspaceSeen) -> Iterator[Section]:
    for report in failures_document(seen.failed).reports:
        yield Section(name="Not seen", report=report)
    if seen.drift is not None:
        (report,) = drift_document([seen.drift]).reports
        yield replace(drift_section(report, seen.drift), name="Drift")
    if seen.status is not None:
        for section in status_sections(status_document(seen.status), seen.status):
            yield replace(section, name="Status")
    if seen.history is not None and (seen.history.applies or seen.history.splits):
        for section in status_sections(status_document(seen.history), seen.history):
            yield replace(section, name="History")


def _verdicts(sections: Sequence[Section]) -> Iterator[tuple[str, Mark, Line]]:
    for one in sections:
        if (title := one.report.title) is not None:
            yield one.name, title.mark, title.verdict
        else:  # the ledger knows nothing of it
            yield from (
                (one.name, Mark.QUIET, block.text)
                for block in one.report.blocks
                if isinstance(block, Paragraph)
            )
