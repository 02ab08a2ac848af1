"""The mixed window of a table in words: the same in every format."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.plan.mixed_window import MixedWindow
from reconciler.plan.model import CarriedOut, PlanCore
from reconciler.plan.words import count

ADVICE = (
    "While shards differ, a `SELECT *` that goes to several of them gets rows of more than one"
    " shape; name the columns in such queries."
)

_NAMED_MAX = 8


def window_words(window: MixedWindow, core: PlanCore) -> str:
    """After the table's name: 'from wave 1 until wave 3 of 3 has ended, email only where ...'."""
    return f"{_span(window, core)}, {'; '.join(_what(window))}"


def differing_words(tables: Sequence[str]) -> str:
    """Of a plan that is under way, whose own words are of the time before it ran."""
    more = len(tables) - _NAMED_MAX
    others = f" and {count(more, 'more table')}" if more > 0 else ""
    return (
        f"shards differ today already in the columns of {_listed(tables[:_NAMED_MAX])}{others}:"
        " the plan has run on some of them"
    )


def _span(window: MixedWindow, core: PlanCore) -> str:
    if core.carried_out is CarriedOut.BY_DEPLOY_REQUEST:
        return "until the deploy request is carried out"
    since = "today already" if window.since_wave is None else f"from wave {window.since_wave}"
    return f"{since} until wave {window.until_wave} of {len(core.waves)} has ended"


def _what(window: MixedWindow) -> Iterator[str]:
    if window.added:
        yield f"{_listed(window.added)} only where this plan has run"
    if window.dropped:
        yield f"{_listed(window.dropped)} only where it has not"
    if window.retyped:
        yield f"{_listed(window.retyped)} of more than one type"
    if window.reordered:
        yield "columns in more than one order"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)
