"""What Vitess says of a keyspace, understood in two ways that must agree (FZ-6).

One way knows every field of a VSchema (`read.py`), the other none (`plain.py`). Whatever one of
them would overlook, the other sees; then nothing is believed, compared or applied.
"""

from __future__ import annotations

from reconciler.errors import Problem, Refused
from reconciler.model.file_problems import first_problems
from reconciler.vschema.document import VSchema
from reconciler.vschema.plain import plain_text
from reconciler.vschema.read import Fault, read_vschema

_SOURCE = "the VSchema that Vitess has"


def live_vschema(text: str) -> VSchema:
    """Raises Refused for what no Vitess 24 can have said, and where the two ways differ."""
    read = read_vschema(text.encode(errors="surrogatepass"))
    if read.faults:
        raise Refused(*first_problems(map(_unread, read.faults), _SOURCE))
    if plain_text(read.raw) != read.vschema.text:
        raise Refused(_disagreeing(plain_text(read.raw), read.vschema.text))
    return read.vschema


def _unread(fault: Fault) -> Problem:
    return Problem(
        code="vschema-live-unread",
        message=f"{_SOURCE} is not one that this version can compare: {fault.message}",
        recovery="change it in Vitess if it is a mistake; a later Vitess than 24 may have keys that"
        " this version of reconciler does not know",
    )


def _disagreeing(plain: str, understood: str) -> Problem:
    one, other = _first_difference(plain, understood)
    return Problem(
        code="vschema-two-ways",
        message=f"{_SOURCE} says {one}, and was understood as {other}: what changes in it cannot"
        " be told",
        recovery="report it with both sides; nothing was changed",
    )


def _first_difference(plain: str, understood: str) -> tuple[str, str]:
    ours, theirs = understood.splitlines(), plain.splitlines()
    pairs = zip([*theirs, "nothing more"], [*ours, "nothing more"], strict=False)
    one, other = next((a, b) for a, b in pairs if a != b)
    return one.strip(), other.strip()
