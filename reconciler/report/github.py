"""Findings as GitHub's workflow commands: annotations on the files of a pull request.

GitHub shows ten of a kind per step and drops the rest without a word; here the tenth says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from reconciler.plan.visible import visible_line
from reconciler.report.findings import Finding, Level
from reconciler.report.limits import ANNOTATIONS_MAX

_MESSAGE_CHARS_MAX = 2_000
_COMMANDS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}
_HEAVIEST_FIRST = tuple(_COMMANDS)


def workflow_commands(findings: Sequence[Finding]) -> str:
    """One line for each, the heaviest first; empty text for no finding."""
    ordered = sorted(findings, key=lambda finding: _HEAVIEST_FIRST.index(finding.level))
    shown = list(map(_command, ordered))
    if len(shown) > ANNOTATIONS_MAX:
        left_out = len(shown) - (ANNOTATIONS_MAX - 1)
        text = f"and {left_out} more findings: the log of this step has them all"
        shown[ANNOTATIONS_MAX - 1 :] = [
            f"::{_COMMANDS[ordered[ANNOTATIONS_MAX - 1].level]}::{text}"
        ]
    return "".join(f"{line}\n" for line in shown)


def with_commands(text: str, findings: Sequence[Finding]) -> str:
    """A report for the log and its annotations. Between the two marks nothing in the report is a
    command, whatever stands in it: it would have to contain its own digest."""
    token = hashlib.sha256(text.encode(errors="replace")).hexdigest()
    return f"::stop-commands::{token}\n{text}::{token}::\n{workflow_commands(findings)}"


def _command(finding: Finding) -> str:
    where = finding.where
    place = {"file": where.path, "line": where.line, "col": where.column} if where else {}
    properties = {**place, "title": f"reconciler: {finding.code}"}
    shown = ",".join(f"{k}={_property(str(v))}" for k, v in properties.items() if v is not None)
    return f"::{_COMMANDS[finding.level]} {shown}::{_data(finding.message)}"


def _data(text: str) -> str:
    """Line ends are shown as escapes before; `%` is the command's own escape sign."""
    return visible_line(text, limit_chars=_MESSAGE_CHARS_MAX).replace("%", "%25")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
