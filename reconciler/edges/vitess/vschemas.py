"""A keyspace's VSchema: asked of vtctld, tried there, and replaced there.

Rules: a document goes over in a file, to the letter; what Vitess would overlook in it
(`--strict`) refuses; and a VSchema counts as the keyspace's only once every cell routes by it, for
a change that was kept and not handed on is seen by no query (VS-8).
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from reconciler.edges.vitess.limits import VTCTLD_ANSWER_VALUES_MAX
from reconciler.edges.vitess.problems import (
    keyspace_gone,
    vschema_misread,
    vschema_not_everywhere,
    vschema_refused,
    vschema_unanswered,
    vtctld_refused,
)
from reconciler.edges.vitess.topology import read_keyspaces
from reconciler.edges.vitess.vtctld import asked_for_json, json_of, unanswered
from reconciler.edges.vitess.vtctldclient import VtctldAnswer, VtctldClient
from reconciler.errors import Problem, Refused, Unavailable
from reconciler.strict_json import JsonUnreadable, read_json
from reconciler.vschema.canonical import canonical_text
from reconciler.vschema.read import ReadVSchema, read_vschema

_SHOWN = re.compile(r"New VSchema object:\n(.*)\nIf this is not what you expected,", re.DOTALL)


# How Vitess 24.0 begins what it says of a document: that it builds no keyspace, that --strict does
# not let it through, or that the program cannot read it. What it says of its topology (GetKeyspace,
# SaveVSchema, RebuildSrvVSchema, GetVSchema) may be otherwise a moment later; both have one code.
_OF_THE_DOCUMENT = re.compile(r"BuildKeyspace\(|unknown vindex params: |proto: |json: |line \d")


def vschema_of(vtctld: VtctldClient, keyspace: str) -> str:
    """Raises Unavailable, also where a cell still routes by another one, and Refused where there is
    no such keyspace."""
    kept = _kept(vtctld, keyspace)
    cells = asked_for_json(vtctld, "GetSrvVSchemas")
    if not isinstance(cells, dict) or not cells:
        raise Unavailable(vschema_misread("the cells' VSchemas are no object, or there is no cell"))
    understood = _read(kept)
    for cell, routed in sorted(cells.items()):
        # The cells' are printed otherwise, members of enumerations by their numbers.
        found = _read(_in_cell(routed, keyspace))
        if found.faults and not understood.faults:
            raise Unavailable(vschema_misread(f"by cell {cell}, {found.faults[0].message}"))
        if found.vschema != understood.vschema:
            raise Unavailable(vschema_not_everywhere(keyspace, cell))
    return canonical_text(kept)


def try_vschema(vtctld: VtctldClient, keyspace: str, text: str) -> str | Problem:
    """Raises Unavailable where nobody answers, or not what Vitess 24 does, or nothing of the
    document itself: that may pass (VS-9)."""
    with _in_file(text) as option:
        answer = vtctld.ask("ApplyVSchema", "--dry-run", "--strict", option, keyspace)
    if answer.is_done:
        return _shown_in(answer)
    if problem := unanswered(answer):
        raise Unavailable(problem)
    if not _OF_THE_DOCUMENT.match(answer.words):
        raise Unavailable(vtctld_refused(answer.words))
    return vschema_refused(keyspace, answer.words)


def replace_vschema(vtctld: VtctldClient, keyspace: str, text: str) -> None:
    """Raises Refused only for what is sure not to have been taken."""
    with _in_file(text) as option:
        answer = vtctld.ask("ApplyVSchema", "--strict", option, keyspace)
    if answer.is_done:
        return
    # Vitess gives no code that says whether it had kept the document before it failed. What it
    # refuses when it is asked to keep nothing, it has not kept.
    refused = try_vschema(vtctld, keyspace, text) if answer.was_reached else None
    if isinstance(refused, Problem):
        raise Refused(refused)
    raise Unavailable(vschema_unanswered(keyspace, answer.words))


def _kept(vtctld: VtctldClient, keyspace: str) -> Any:
    answer = vtctld.ask("GetVSchema", keyspace)
    if not answer.is_done and answer.was_reached:
        known = read_keyspaces(asked_for_json(vtctld, "GetKeyspaces"))
        if keyspace not in known:
            raise Refused(keyspace_gone(keyspace, sorted(known)))
    return json_of("GetVSchema", answer)


def _in_cell(routed: Any, keyspace: str) -> Any:
    """What a cell routes by; nothing where it was never told of the keyspace."""
    keyspaces = routed.get("keyspaces") if isinstance(routed, dict) else None
    if not isinstance(keyspaces, dict):
        raise Unavailable(vschema_misread("a cell's VSchema has no keyspaces"))
    return keyspaces.get(keyspace, {})


def _read(document: Any) -> ReadVSchema:
    """What is not understood of the one that is kept is refused by name where it is compared with
    git."""
    return read_vschema(canonical_text(document).encode(errors="surrogatepass"))


def _shown_in(answer: VtctldAnswer) -> str:
    match = _SHOWN.match(answer.text)
    if match is None:
        raise Unavailable(vschema_misread("no VSchema is shown by ApplyVSchema"))
    try:
        return canonical_text(read_json(match[1].encode(), values_max=VTCTLD_ANSWER_VALUES_MAX))
    except JsonUnreadable as unreadable:
        raise Unavailable(vschema_misread(unreadable.reason)) from None


@contextmanager
def _in_file(text: str) -> Iterator[str]:
    with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        yield f"--vschema-file={file.name}"
