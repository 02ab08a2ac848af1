"""Pages as HTML: one file, which loads nothing and runs nothing.

The one place where raw text becomes HTML (RP-20). Each value that a template shows goes through
`_harmless`, so that nothing in it hides or turns the writing round, and then through Jinja2's
escaping, which is on for every template and has no way around it. A policy in the page forbids
whatever is not its own style sheet, which it names by its hash (RP-21).
"""

from __future__ import annotations

from base64 import b64encode
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256
from itertools import takewhile
from typing import TYPE_CHECKING

from markupsafe import Markup

from reconciler.plan import words
from reconciler.plan.visible import visible_block, visible_line, visible_sql
from reconciler.report import blocks
from reconciler.report.addresses import in_link
from reconciler.report.document import Report
from reconciler.report.page.limits import NAMED_CELLS_MAX, SQUARES_A_ROW
from reconciler.report.page.model import SIGNS, Page
from reconciler.report.times import age, clock, moment
from reconciler.report.write.difference import difference_lines

if TYPE_CHECKING:
    from jinja2 import Environment


def write_page(page: Page) -> str:
    """Ends with a line end; the same bytes for the same page (RP-22)."""
    environment = _environment()
    style = environment.get_template("page.css").render()
    digest = b64encode(sha256(style.encode()).digest()).decode()
    template = environment.get_template("page.html")
    return template.render(page=page, style_hash=f"sha256-{digest}").rstrip("\n") + "\n"


class _Shown(str):
    """Text that is harmless, with line ends of its own; it is escaped like any other."""

    __slots__ = ()


@cache
def _environment() -> Environment:
    """Imported here, for only who asks for a page is to wait for it."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("reconciler.report.page"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_harmless,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals |= {
        "SIGNS": SIGNS,
        "NAMED_CELLS_MAX": NAMED_CELLS_MAX,
        "SQUARES_A_ROW": SQUARES_A_ROW,
    }
    made.filters |= {
        "kind": lambda value: type(value).__name__,
        "sql": lambda sql: _Shown(visible_sql(words.terminated(sql))),
        "pre": lambda text: _Shown(visible_block(text)),
        "moment": moment,
        "clock": clock,
        "age": age,
        "machine_time": _machine_time,
        "number": lambda number: f"{number:,}",
        "difference": difference_lines,
        "address": _address,
        "above": _above,
        "below": _below,
    }
    return made


def _harmless(value: object) -> object:
    if isinstance(value, str) and not isinstance(value, Markup | _Shown):
        return visible_line(value)
    return value


def _address(url: str) -> str:
    """One that may be followed, with nothing in it but what belongs there; empty for any other."""
    return in_link(url) if url.startswith(("https://", "http://")) else ""


def _machine_time(at_s: float) -> str:
    """For `<time>`; empty for a time that is in no calendar."""
    try:
        return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (OverflowError, ValueError, OSError):
        return ""


def _above(report: Report) -> tuple[blocks.Block, ...]:
    """What comes before all pictures: why something is wrong, and what is to be known."""
    return tuple(takewhile(_comes_first, report.blocks))


def _comes_first(block: blocks.Block) -> bool:
    if isinstance(block, blocks.OnPage):
        return isinstance(block.block, blocks.Paragraph) and block.block.is_alert
    return isinstance(block, blocks.Reasons | blocks.Copy | blocks.Facts)


def _below(report: Report) -> tuple[blocks.Block, ...]:
    return report.blocks[len(_above(report)) :]
