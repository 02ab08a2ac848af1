"""`vschema.json` is read whole or refused, each mistake at its line and column."""

from __future__ import annotations

import hashlib
import json

import pytest

from reconciler.errors import InvalidInput, ReconcilerError
from reconciler.limits import FILE_PROBLEMS_MAX
from reconciler.spec.load import DesiredFiles, load_keyspace
from tests.unit.spec.test_load import tree

SPEC = """\
version: 1
kind: vitess
keyspace: k
schema: schemas/k
environments: {prod: {vitess: {vtgate: {user: u}, vtctld: {address: "v:1"}, keyspace: shop}}}
policy: {ignore_tables: ["_*"]}
"""
PATH = "schemas/k/vschema.json"
SOUND = """{
  "sharded": true,
  "vindexes": {"hash": {"type": "hash"}},
  "tables": {
    "a": {"column_vindexes": [{"name": "hash", "columns": ["id"]}]}
  }
}
"""


def files(text: str | bytes | None = SOUND, spec: str = SPEC) -> dict[str, str | bytes]:
    found: dict[str, str | bytes] = {
        "specs/k.yaml": spec,
        "schemas/k/a.sql": "CREATE TABLE a (id int);\n",
    }
    return found if text is None else found | {PATH: text}


def load(text: str | bytes | None = SOUND, spec: str = SPEC) -> DesiredFiles:
    return load_keyspace(tree(files(text, spec)), "specs/k.yaml")


def said_of(text: str | bytes | None, spec: str = SPEC) -> list[str]:
    with pytest.raises(ReconcilerError) as caught:
        load(text, spec)
    return [f"{problem.where} {problem.code}" for problem in caught.value.problems]


@pytest.mark.invariant("RV-1")
def test_it_is_an_input_of_the_plan() -> None:
    loaded = load()
    assert dict(loaded.digests)[PATH] == hashlib.sha256(SOUND.encode()).hexdigest()
    assert loaded.vschema is not None
    assert loaded.vschema.vschema.sharded


@pytest.mark.invariant("PL-10")
def test_a_missing_one_is_not_an_empty_one() -> None:
    assert said_of(None) == ["specs/k.yaml vschema-missing"]
    assert load("{}").vschema is not None


def test_beside_the_files_of_no_vitess_it_is_refused() -> None:
    spec = SPEC.replace("kind: vitess\n", "").replace(
        '{vitess: {vtgate: {user: u}, vtctld: {address: "v:1"}, keyspace: shop}}',
        '{connection: {database: d, user: u}, shards: ["-"]}',
    )
    assert said_of("{}", spec) == [f"{PATH} vschema-of-no-vitess"]
    assert load(None, spec).vschema is None


@pytest.mark.invariant("VS-3")
@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"hash": {"type"', '"hash": {"tpe"', [f"{PATH}:3:25 vschema-unknown-key"]),
        ('"sharded": true', '"sharded": "yes"', [f"{PATH}:2:3 vschema-bad-value"]),
        ('"name": "hash"', '"name": "hsh"', [f"{PATH}:5:32 vschema-bad-value"]),
        ('["id"]', "[]", [f"{PATH}:5:31 vschema-bad-value"]),
        (
            '"a": {',
            '"b": {',
            [f"{PATH}:5:5 vschema-table-unknown", f"{PATH}:4:3 vschema-table-missing"],
        ),
        ("}\n}\n", "}\n", [f"{PATH}:1:1 vschema-unreadable"]),
    ],
)
def test_a_mistake_is_told_at_its_line_and_column(old: str, new: str, said: list[str]) -> None:
    assert old in SOUND
    assert said_of(SOUND.replace(old, new, 1)) == said


@pytest.mark.parametrize("keyspace", ["shop", "k"])
def test_a_sequence_of_this_keyspace_goes_by_its_name_in_vitess(keyspace: str) -> None:
    counted = {"auto_increment": {"column": "id", "sequence": f"{keyspace}.seq"}}
    text = json.dumps({"tables": {"a": counted}})
    if keyspace == "shop":
        assert said_of(text) == [f"{PATH}:1:54 vschema-sequence"]
    else:
        assert load(text).vschema is not None


LOOKUP = """{"vindexes": {
  "by_name": {"type": "consistent_lookup", "params": {
    "table": "%s", "from": "name", "to": "keyspace_id"}}}}
"""


@pytest.mark.invariant("VS-4")
def test_a_lookup_in_a_table_that_no_file_has_is_told_at_its_line() -> None:
    """Writes to the table that owns it would fail, each of them."""
    assert said_of(LOOKUP % "shop.aa") == [f"{PATH}:3:5 vschema-table-unknown"]
    assert said_of(LOOKUP % "`shop`.`aa`") == [f"{PATH}:3:5 vschema-table-unknown"]


@pytest.mark.invariant("VS-4")
@pytest.mark.parametrize("table", ["shop.a", "shop._ignored", "lookups.aa", "aa"])
def test_a_lookup_in_a_table_of_a_file_or_of_another_keyspace_is_sound(table: str) -> None:
    assert load(LOOKUP % table).vschema is not None


def test_what_policy_ignores_may_stand_in_it() -> None:
    text = SOUND.replace('"a": {', '"_log": {"type": "reference"},\n    "a": {')
    assert load(text).vschema is not None


def test_a_broken_schema_file_does_not_make_others_of_the_vschema() -> None:
    broken = files() | {"schemas/k/b.sql": "DROP TABLE b;\n"}
    with pytest.raises(InvalidInput) as caught:
        load_keyspace(tree(broken), "specs/k.yaml")
    assert {problem.where.path for problem in caught.value.problems if problem.where} == {
        "schemas/k/b.sql"
    }


def test_a_file_full_of_mistakes_is_told_of_as_far_as_anybody_reads() -> None:
    text = json.dumps({f"k{n}": 1 for n in range(20_000)})
    assert len(said_of(text)) == FILE_PROBLEMS_MAX + 1


def test_line_ends_of_a_checkout_do_not_matter() -> None:
    crlf = load(SOUND.replace("\n", "\r\n").encode())
    assert crlf.digests == load().digests
    with pytest.raises(InvalidInput, match="file-not-utf8"):
        load(b"\xff")
