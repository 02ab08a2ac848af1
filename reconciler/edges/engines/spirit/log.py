"""What Spirit says of itself: its log is the only place where it tells how far it is.

Rule: a line counts only where it reads exactly as version 0.15 writes it. Anything else changes
nothing, and what follows its last word, "spirit: error:", is a part of that word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from reconciler.model.engine import NOTHING_TOLD, Progress

_LINE = re.compile(r"\d{4}/\d\d/\d\d \d\d:\d\d:\d\d (?:INFO|WARN|ERROR) (?P<said>.*)")
_LAST_WORD = "spirit: error: "
_STATUS = re.compile(r"migration status: state=(?P<state>[A-Za-z]+) (?P<rest>.*)")
_ROWS = re.compile(r"(?P<done>\d{1,18})/(?P<total>\d{1,18}) \d{1,18}\.\d\d%")
_COPY = re.compile(
    rf"copy-progress={_ROWS.pattern} binlog-deltas=-?\d+ total-time=\S+ copier-time=\S+"
    r" copier-remaining-time=(?P<left>TBD|DUE|[0-9hms.]+)(?: \([^)]*\))?"
    r" copier-is-throttled=(?P<throttled>true|false) conns-in-use=\d+"
)
_CHECKSUM = re.compile(rf"checksum-progress={_ROWS.pattern} binlog-deltas=.*")
_SPAN = re.compile(r"(?:(?P<h>\d{1,6})h)?(?:(?P<m>\d{1,2})m)?(?:(?P<s>\d{1,2})(?:\.\d+)?s)")

_COPY_ROWS = "copy rows"
CHECKSUM = "checksum"
_STAGES = {
    "copyRows": _COPY_ROWS,
    "applyChangeset": "apply changes",
    "analyzeTable": "analyze table",
    "checksum": CHECKSUM,
    "postChecksum": "apply changes",
    "cutOver": "cut over",
}
# By the first words of a line.
_BEGINS = {
    "begin to sync binlog from position": _COPY_ROWS,
    "copy rows complete": _STAGES["applyChangeset"],
    "Running ANALYZE TABLE": _STAGES["analyzeTable"],
    "starting checksum operation": _STAGES["checksum"],
    "checksum passed": _STAGES["postChecksum"],
    "sentinel table dropped": _STAGES["cutOver"],
    "Attempting final cut over operation": _STAGES["cutOver"],
}
_COMPARES = "table unlocked, starting checksum"
_READY = ("cutover deferred while sentinel table exists; will wait",)
_SWAPPED = ("final cut over operation complete", "cutover rename was committed by the server")
_APPLIED = re.compile(r"apply complete instant-ddl=(?:true|false) inplace-ddl=(?:true|false).*")
_WAITS = "trying to acquire table locks"
_WAITED = ("table lock(s) acquired", "failed to acquire table lock(s)")
_OWN_LIMITS = "its own limits"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpiritSaid:
    """All that one process of Spirit has said, as far as it matters."""

    progress: Progress = NOTHING_TOLD
    #: All rows are copied; it compares them, or has done so.
    is_copied: bool = False
    #: The copy is complete and compared, and it waits for its sentinel table to go.
    is_ready: bool = False
    #: As it says when it has found its sentinel there, and at no other time.
    is_deferred: bool = False
    #: It has seen that its sentinel table is gone.
    is_told: bool = False
    #: The tables are swapped.
    is_swapped: bool = False
    #: All is done.
    is_applied: bool = False
    #: It has recorded from where it can go on.
    is_recorded: bool = False
    #: Its last word, where it failed.
    error: str = ""


NOTHING_SAID = SpiritSaid()


def heard(said: SpiritSaid, line: str) -> SpiritSaid:
    """`said`, and then this line. The last lines of one that has ended may be heard again."""
    if line.startswith(_LAST_WORD):
        return replace(said, error=line.removeprefix(_LAST_WORD).strip() or "no reason")
    if said.error:
        return replace(said, error=f"{said.error} {line.strip()}".rstrip())
    match = _LINE.fullmatch(line.rstrip("\r\n"))
    return _heard(said, match["said"]) if match else said


def _heard(said: SpiritSaid, words: str) -> SpiritSaid:
    if status := _STATUS.fullmatch(words):
        return _at(said, status["state"], status["rest"])
    if words.startswith(_READY):
        return replace(_ready(said), is_deferred=True)
    if words.startswith(_SWAPPED):
        return replace(said, is_swapped=True)
    if words.startswith(_COMPARES):
        return replace(said, is_copied=True)
    if _APPLIED.fullmatch(words):
        return replace(said, is_applied=True)
    if words.startswith("checkpoint low-watermark="):
        return replace(said, is_recorded=True)
    if words.startswith(_WAITS):
        return replace(said, progress=replace(said.progress, waits_for="the table's lock"))
    if words.startswith(_WAITED):
        return replace(said, progress=replace(said.progress, waits_for=""))
    for words_of_it, stage in _BEGINS.items():
        if words.startswith(words_of_it):
            is_told = said.is_told or words.startswith("sentinel table dropped")
            return replace(said, progress=Progress(stage=stage), is_told=is_told, is_ready=False)
    return said


def _ready(said: SpiritSaid) -> SpiritSaid:
    return replace(said, progress=Progress(stage="ready", percent=99), is_ready=True)


def _at(said: SpiritSaid, state: str, rest: str) -> SpiritSaid:
    if state == "waitingOnSentinelTable":
        return said if said.is_told else _ready(said)
    stage = _STAGES.get(state)
    if stage is None:
        return said
    if state == "copyRows" and (copied := _COPY.fullmatch(rest)):
        return replace(said, progress=_copied(copied))
    if state == "checksum" and (compared := _CHECKSUM.fullmatch(rest)):
        done, total = int(compared["done"]), int(compared["total"])
        waits_for = said.progress.waits_for
        at = Progress(stage=stage, rows_done=done, rows_total=total, waits_for=waits_for)
        return replace(said, progress=at)
    return said if said.progress.stage == stage else replace(said, progress=Progress(stage=stage))


def _copied(match: re.Match[str]) -> Progress:
    done, total = int(match["done"]), int(match["total"])
    return Progress(
        stage=_COPY_ROWS,
        percent=min(99, 100 * done // total) if total else None,
        rows_done=done,
        rows_total=total or None,
        left_s=_seconds(match["left"]),
        throttled_by=_OWN_LIMITS if match["throttled"] == "true" else "",
    )


def _seconds(span: str) -> int | None:
    """Of a span as Go writes it, such as 1h2m3s; None for TBD and DUE."""
    match = _SPAN.fullmatch(span)
    if match is None:
        return None
    return int(match["h"] or 0) * 3600 + int(match["m"] or 0) * 60 + int(match["s"])
