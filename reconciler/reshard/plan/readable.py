"""The `.split.sql` beside a move's plan: what a person reads, and nothing that is ever executed.

The plan is bound to it by its digest (PL-11). Every definition stands in it exactly as the job
makes it, but for the job's number and for counters; all other lines are remarks.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import groupby

from reconciler.plan.remarks import remark, shown_statement, shows_in_order
from reconciler.plan.visible import visible_line
from reconciler.reshard.plan.model import PlannedCommand, SplitCore
from reconciler.reshard.plan.vitess_words import command_words, placeholder_words, step_words
from reconciler.reshard.plan.words import (
    approval_words,
    effect_words,
    left_words,
    move_words,
    side_words,
    table_words,
    use_words,
)

_WIDTH_CHARS = 100


def render_readable_split(core: SplitCore) -> str:
    """The whole file. `core.readable` is not read: it has the digest of what is returned."""
    parts = (_heading(core), _effects(core), _tables(core), _statements(core), _commands(core))
    return "\n".join(line for part in parts for line in part) + "\n"


def shows_split(text: str, core: SplitCore) -> bool:
    """Whether a readable file, of whatever version, is the core's statements, in order; commands,
    which are no SQL, stand in its remarks, each on a line of its own."""
    lines = iter(text.splitlines())
    return shows_in_order(text, (statement.sql for statement in core.statements)) and all(
        _command_line(command) in lines for command in core.commands
    )


def _heading(core: SplitCore) -> Iterator[str]:
    yield remark(f"Plan of a split of keyspace {core.keyspace} in {core.environment}")
    yield "-- For reading. Apply derives the plan again and begins only if both are equal."
    yield "--"
    if core.key_function is None:
        yield from _wrapped(f"{move_words(core)}, by Vitess' Reshard. Servers: {core.server}.")
        return
    yield from _wrapped(f"{move_words(core)}, from version {core.base.version} of the routes.")
    yield from _wrapped(f"Keys are those of {core.key_function.name}. Servers: {core.server}.")


def _effects(core: SplitCore) -> Iterator[str]:
    for text in effect_words(core):
        yield "--"
        yield from _wrapped(text)
    yield "--"
    yield "-- Approved one by one, each for this very plan:"
    for approval in core.approvals:
        yield remark(f"  {approval_words(core, approval)}")


def _tables(core: SplitCore) -> Iterator[str]:
    yield "--"
    yield "-- Tables:"
    for table in core.tables:
        yield remark(f"  {table_words(table)}")
    for text in left_words(core):
        yield from _wrapped(text)
    yield "--"
    if core.is_of_vitess:
        yield from _wrapped(
            f"What Vitess is asked, each when its time comes. {placeholder_words()}"
        )
        return
    yield "-- In all that follows, 0 stands for the number that the job will have, and the counters"
    yield "-- of AUTO_INCREMENT are left out: they go over as they are at the cutover."


def _statements(core: SplitCore) -> Iterator[str]:
    for (side, use), statements in groupby(core.statements, lambda found: (found.side, found.use)):
        yield ""
        yield from _wrapped(f"{side_words(core, side)}: {use_words(use)}")
        for statement in statements:
            yield shown_statement(statement.sql)


def _commands(core: SplitCore) -> Iterator[str]:
    for command in core.commands:
        yield "--"
        yield from _wrapped(f"{step_words(command.step)}:")
        yield _command_line(command)


def _command_line(command: PlannedCommand) -> str:
    return remark(f"  {command_words(command)}")


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(
        visible_line(text),
        _WIDTH_CHARS,
        initial_indent="-- ",
        subsequent_indent="-- ",
        break_on_hyphens=False,
        break_long_words=False,
    )
