"""What vtctldclient says of VSchemas, understood or refused: played by a script."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.edges.vitess.vschemas import replace_vschema, try_vschema, vschema_of
from reconciler.edges.vitess.vtctldclient import VtctldClient
from reconciler.errors import Problem, Refused, Unavailable
from reconciler.vschema.live import live_vschema
from tests.unit.edges.vitess.test_vtctldclient import client, error

KEPT: dict[str, Any] = {"sharded": True, "foreign_key_mode": "managed", "vindexes": {}}
# As `GetSrvVSchemas` prints it: without defaults, members of enumerations by their numbers.
ROUTED: dict[str, Any] = {"sharded": True, "foreign_key_mode": 3}
SHOWN = (
    "New VSchema object:\n" + json.dumps(KEPT, indent=2) + "\nIf this is not what you expected,"
    " check the input data (as JSON parsing will skip unexpected fields)."
)


def answering(tmp_path: Path, **answers: object) -> VtctldClient:
    """By command: what is printed; a text that begins with "no: " is a refusal."""
    script = ['for word in "$@"; do case "$word" in']
    for command, answer in answers.items():
        text = answer if isinstance(answer, str) else json.dumps(answer)
        if text.startswith("no: "):
            end, text = ">&2; exit 1", error(text.removeprefix("no: "))
        else:
            end = "; exit 0"
        script.append(f"{command}) cat{end.split(';')[0]} <<'END'\n{text}\nEND\n{end[-6:]};;")
    return client(tmp_path, "\n".join([*script, "esac; done; exit 9"]))


def cells(**routed: dict[str, Any]) -> dict[str, Any]:
    return {cell: {"keyspaces": {"shop": found, "main": {}}} for cell, found in routed.items()}


@pytest.mark.invariant("VS-8")
def test_a_vschema_that_every_cell_routes_by_is_the_keyspace_s(tmp_path: Path) -> None:
    vtctld = answering(tmp_path, GetVSchema=KEPT, GetSrvVSchemas=cells(a=ROUTED, b=ROUTED))
    found = live_vschema(vschema_of(vtctld, "shop"))
    assert (found.sharded, found.foreign_key_mode) == (True, "managed")


@pytest.mark.invariant("VS-8")
@pytest.mark.parametrize("behind", [{"sharded": True}, {}], ids=["an earlier one", "none"])
def test_a_cell_that_was_not_told_is_named(tmp_path: Path, behind: dict[str, Any]) -> None:
    vtctld = answering(tmp_path, GetVSchema=KEPT, GetSrvVSchemas=cells(a=ROUTED, b=behind))
    with pytest.raises(Unavailable, match=r"cell b .*vschema-not-everywhere"):
        vschema_of(vtctld, "shop")


@pytest.mark.parametrize("cells_of", [[], {"a": 1}, {"a": {}}, {"a": {"keyspaces": []}}])
def test_cells_that_say_what_no_vitess_says_are_misread(tmp_path: Path, cells_of: object) -> None:
    vtctld = answering(tmp_path, GetVSchema=KEPT, GetSrvVSchemas=cells_of)
    with pytest.raises(Unavailable, match="vschema-misread"):
        vschema_of(vtctld, "shop")


@pytest.mark.invariant("VS-8")
@pytest.mark.parametrize("kept", [{}, KEPT], ids=["nothing", "something"])
def test_where_no_cell_is_told_of_nothing_is_routed(tmp_path: Path, kept: dict[str, Any]) -> None:
    vtctld = answering(tmp_path, GetVSchema=kept, GetSrvVSchemas={})
    with pytest.raises(Unavailable, match="vschema-misread"):
        vschema_of(vtctld, "shop")


@pytest.mark.invariant("VS-8")
@pytest.mark.parametrize(
    "routed", [{"sharded": "yes"}, {"tables": ["users"]}, {"version_2": {}}, {"vindexes": {"h": 1}}]
)
def test_a_cell_whose_vschema_is_not_understood_is_not_taken_for_empty(
    tmp_path: Path, routed: dict[str, Any]
) -> None:
    vtctld = answering(tmp_path, GetVSchema={}, GetSrvVSchemas=cells(a={}, b=routed))
    with pytest.raises(Unavailable, match=r"by cell b, .*vschema-misread"):
        vschema_of(vtctld, "shop")


@pytest.mark.invariant("VS-2")
def test_what_is_kept_and_not_understood_is_left_to_who_compares_it(tmp_path: Path) -> None:
    later = {"sharded": True, "version_2": {}}
    vtctld = answering(tmp_path, GetVSchema=later, GetSrvVSchemas=cells(a=later))
    with pytest.raises(Refused, match="vschema-live-unread"):
        live_vschema(vschema_of(vtctld, "shop"))


def test_a_keyspace_that_is_gone_is_told_with_those_there_are(tmp_path: Path) -> None:
    listed = [{"name": "main", "keyspace": {"sidecar_db_name": "_vt"}}]
    refusal = "no: rpc error: code = Unknown desc = node doesn't exist: x"
    vtctld = answering(tmp_path, GetVSchema=refusal, GetKeyspaces=listed)
    with pytest.raises(Refused, match="it has: main"):
        vschema_of(vtctld, "shop")


def test_what_vitess_would_keep_is_what_it_shows(tmp_path: Path) -> None:
    found = try_vschema(answering(tmp_path, ApplyVSchema=SHOWN), "shop", "{}")
    assert isinstance(found, str)
    assert live_vschema(found).foreign_key_mode == "managed"


@pytest.mark.parametrize(
    "text", ["done", "New VSchema object:\n{\nIf this is not what you expected,"]
)
def test_an_answer_that_shows_none_is_misread(tmp_path: Path, text: str) -> None:
    with pytest.raises(Unavailable, match="vschema-misread"):
        try_vschema(answering(tmp_path, ApplyVSchema=text), "shop", "{}")


REFUSED = "no: rpc error: code = Unknown desc = BuildKeyspace(shop): at 10.1.2.3:15999 no vindex"


@pytest.mark.invariant("PL-12")
def test_vitess_words_are_told_without_its_addresses(tmp_path: Path) -> None:
    vtctld = answering(tmp_path, ApplyVSchema=REFUSED)
    found = try_vschema(vtctld, "shop", "{}")
    assert isinstance(found, Problem)
    assert "no vindex" in found.message
    assert "10.1.2.3" not in found.message
    with pytest.raises(Refused, match="no vindex"):
        replace_vschema(vtctld, "shop", "{}")


@pytest.mark.invariant("VS-9")
@pytest.mark.parametrize(
    "words",
    [
        "rpc error: code = Unknown desc = BuildKeyspace(shop): no vindex",
        "rpc error: code = Unknown desc = unknown vindex params: h (x)",
        "proto: (line 1:2): unknown field",
        "line 1 position 2: invalid character",
    ],
)
def test_what_vitess_says_of_the_document_is_its_last_word(tmp_path: Path, words: str) -> None:
    vtctld = answering(tmp_path, ApplyVSchema=f"no: {words}")
    assert isinstance(try_vschema(vtctld, "shop", "{}"), Problem)
    with pytest.raises(Refused):
        replace_vschema(vtctld, "shop", "{}")


@pytest.mark.invariant("VS-9")
@pytest.mark.parametrize(
    "words",
    [
        "GetKeyspace(shop): etcdserver: request timed out",
        "SaveVSchema(shop, x): etcdserver: leader changed",
        "RebuildSrvVSchema: node doesn't exist: cells/zone2",
        "GetVSchema(shop): context deadline exceeded",
        "keyspace(shop) doesn't exist, check if the keyspace is initialized",
        "words that no Vitess has been heard to say",
    ],
)
def test_what_it_says_of_its_topology_may_pass(tmp_path: Path, words: str) -> None:
    """The code is the same as that of a refusal."""
    vtctld = answering(tmp_path, ApplyVSchema=f"no: rpc error: code = Unknown desc = {words}")
    with pytest.raises(Unavailable, match="vtctld-error"):
        try_vschema(vtctld, "shop", "{}")
    with pytest.raises(Unavailable):
        replace_vschema(vtctld, "shop", "{}")


def test_what_failed_and_would_be_taken_may_have_been_kept(tmp_path: Path) -> None:
    """The document was written, and one of the cells could not be told."""
    script = (
        'case "$*" in *--dry-run*) cat <<END\n' + SHOWN + "\nEND\nexit 0;; esac\n"
        f"cat >&2 <<'END'\n{error('rpc error: code = Unknown desc = RebuildSrvVSchema')}\nEND\n"
        "exit 1"
    )
    with pytest.raises(Unavailable, match="vschema-unanswered"):
        replace_vschema(client(tmp_path, script), "shop", "{}")


def test_the_document_goes_over_to_the_letter_and_strictly(tmp_path: Path) -> None:
    copy = tmp_path / "copy.json"
    script = (
        'for word in "$@"; do case "$word" in\n'
        f'--vschema-file=*) cat "${{word#--vschema-file=}}" > {copy};;\nesac; done\n'
        f'echo "$@" > {tmp_path}/words'
    )
    text = '{"tables": {"ünder": {}}}\n'
    replace_vschema(client(tmp_path, script), "shop", text)
    assert copy.read_text(encoding="utf-8") == text
    words = (tmp_path / "words").read_text().split()
    assert "--strict" in words
    assert words[-1] == "shop"
