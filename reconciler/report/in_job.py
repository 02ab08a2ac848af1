"""What a job of a forge tells: only the job itself may run what writes to shards, so its reader is
told to run the job again, and never a command that only the job may run (RP-10).

It is done to a finished report, wherever in it a command stands: no composer can forget one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from itertools import groupby
from typing import Any

from reconciler.report.document import Report
from reconciler.report.spans import Command, Line, Span, Text, with_commands

_RERUN = "re-run this job"

_RELEASED = f"the job that asks for `release` opens it, and then {_RERUN}"
_GOES_ON = r"`reconciler (?:apply|resume|retry)\b[^`]*`"
_ASKS = r"`reconciler (release|cancel|stop)\b[^`]*`"
_ENDS = r"`reconciler (cancel|stop)\b[^`]*`"
# What follows a noun in our sentences: "`reconciler resume` looks at the shard first".
_DOES = (
    r"(?= (?:then )?(?:looks|runs|goes|asks|has|tries|takes|releases|carries|begins|ends|shows"
    r"|drives|go|carry|clean|end|what)\b)"
)
_FOR_A_JOB = (
    (re.compile(r"`reconciler resume\b[^`]*` releases it and goes on"), _RELEASED),
    (re.compile(r"`reconciler apply --wave (\w+)`"), r"run the job of wave \1"),
    (re.compile(rf"{_GOES_ON} it\b"), "go on with it by a re-run of its job"),
    (re.compile(rf"{_ENDS} (it|the apply)\b"), r"have \2 ended by the job that asks for `\1`"),
    (re.compile(rf"or {_ASKS}$"), r"or run the job that asks for `\1`"),
    (re.compile(rf"{_GOES_ON},? or {_GOES_ON}"), _RERUN),
    (re.compile(rf"(an earlier|the next) {_GOES_ON}"), r"\1 run of this job"),
    (re.compile(rf"\({_GOES_ON}\)"), "(by a run of its job)"),
    (re.compile(rf"with {_GOES_ON}"), "by a run of this job"),
    (re.compile(rf"run {_GOES_ON}(?: again)?"), _RERUN),
    (re.compile(rf"{_GOES_ON}{_DOES}"), "a re-run of this job"),
    (re.compile(rf"{_GOES_ON}(?: again)?"), _RERUN),
    (re.compile(_ASKS), r"the job that asks for `\1`"),
)
_ONE = re.compile(r"run `reconciler (?:apply|resume|retry) (\S+) --environment ([^\s`]+)[^`]*`")
_WRITES = re.compile(r"reconciler (?:apply|resume|retry|release|cancel|stop)\b")


def in_a_job(text: str, own: tuple[str, str] | None = None) -> str:
    """Our own words with each command that only a job may run said as what its reader can do;
    `own` are the keyspace and the environment that the job is of."""

    def of_another(found: re.Match[str]) -> str:
        if own in (None, found.groups()):
            return found[0]
        return f"have the job run that applies {found[1]} in {found[2]}"

    text = _ONE.sub(of_another, text)
    for command_of, instead in _FOR_A_JOB:
        text = command_of.sub(instead, text)
    return text


def for_a_job(report: Report) -> Report:
    names = report.marker.names if report.marker is not None else ()
    own = (names[-1], names[0]) if names else None

    def told(found: Any) -> Any:
        if isinstance(found, tuple):
            is_line = any(isinstance(one, Command) for one in found)
            return tuple(_line(found, own) if is_line else map(told, found))
        if is_dataclass(found) and not isinstance(found, type):
            return replace(
                found, **{one.name: told(getattr(found, one.name)) for one in fields(found)}
            )
        return found

    return replace(report, blocks=told(report.blocks), next_steps=told(report.next_steps))


def _line(line: Line, own: tuple[str, str] | None) -> Iterator[Span]:
    """What stands beside a command is the sentence that it was set apart from."""
    for is_sentence, spans in groupby(line, key=lambda span: isinstance(span, Text | Command)):
        pieces = tuple(spans)
        if is_sentence and any(
            isinstance(one, Command) and _WRITES.match(one.text) for one in pieces
        ):
            yield from with_commands(in_a_job("".join(map(_said, pieces)), own))
        else:
            yield from pieces


def _said(span: Span) -> str:
    match span:
        case Command(text):
            return f"`{text}`"
        case Text(text):
            return text
        case _:
            raise AssertionError(f"{span} is no piece of a sentence")
