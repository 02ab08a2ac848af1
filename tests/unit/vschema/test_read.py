"""Any VSchema that Vitess can print is read as one value; anything else is refused at its place."""

from __future__ import annotations

import json
import random
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.vschema.canonical import canonical_text
from reconciler.vschema.column_types import FOREIGN_KEY_MODES, NUMBER_OF_TYPE
from reconciler.vschema.diff import diff_vschemas
from reconciler.vschema.document import (
    AutoIncrement,
    ColumnVindex,
    ListedColumn,
    MultiTenantSpec,
    RoutedTable,
    Vindex,
    VSchema,
    document_of,
)
from reconciler.vschema.places import places_of
from reconciler.vschema.plain import plain_text
from reconciler.vschema.read import read_vschema, snake_case

WORDS = st.text("abcDE_1é ", max_size=6).map(str.strip)
NAMES = WORDS.filter(bool)
INT32 = st.integers(-(2**31) + 1, 2**31 - 1)
TYPES = st.sampled_from(sorted(NUMBER_OF_TYPE))


def sorted_by_name(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(strategy, max_size=3, unique_by=lambda one: one.name).map(
        lambda found: tuple(sorted(found, key=lambda one: one.name))
    )


PARAMS = st.dictionaries(NAMES, WORDS, max_size=3).map(lambda d: tuple(sorted(d.items())))
VINDEXES = st.builds(Vindex, name=NAMES, type=WORDS, params=PARAMS, owner=WORDS)
COLUMN_VINDEXES = st.builds(
    ColumnVindex, name=WORDS, columns=st.lists(NAMES, max_size=3).map(tuple)
)
COLUMNS = st.builds(
    ListedColumn,
    name=WORDS,
    type=TYPES,
    invisible=st.booleans(),
    default=WORDS,
    collation_name=WORDS,
    size=INT32,
    scale=INT32,
    nullable=st.none() | st.booleans(),
    values=st.lists(WORDS, max_size=3).map(tuple),
)
TABLES = st.builds(
    RoutedTable,
    name=NAMES,
    type=WORDS,
    column_vindexes=st.lists(COLUMN_VINDEXES, max_size=3).map(tuple),
    auto_increment=st.none() | st.builds(AutoIncrement, column=WORDS, sequence=WORDS),
    columns=st.lists(COLUMNS, max_size=3).map(tuple),
    pinned=WORDS,
    column_list_authoritative=st.booleans(),
    source=WORDS,
)
VSCHEMAS = st.builds(
    VSchema,
    sharded=st.booleans(),
    vindexes=sorted_by_name(VINDEXES),
    tables=sorted_by_name(TABLES),
    require_explicit_routing=st.booleans(),
    foreign_key_mode=st.sampled_from(sorted(FOREIGN_KEY_MODES)),
    multi_tenant_spec=st.none()
    | st.builds(MultiTenantSpec, tenant_id_column_name=WORDS, tenant_id_column_type=TYPES),
)


def value_of(document: Any) -> VSchema:
    read = read_vschema(json.dumps(document).encode())
    assert not read.faults, read.faults
    return read.vschema


@pytest.mark.invariant("VS-2")
@given(VSCHEMAS)
def test_what_is_written_is_read_again_as_it_was(vschema: VSchema) -> None:
    read = read_vschema(vschema.text.encode())
    assert read.faults == ()
    assert read.vschema == vschema
    assert read.vschema.text == vschema.text


@pytest.mark.invariant("VS-2")
@given(VSCHEMAS, st.randoms(use_true_random=False))
def test_order_and_spelling_without_meaning_mean_nothing(
    vschema: VSchema, chance: random.Random
) -> None:
    other = value_of(as_vitess_prints(document_of(vschema), chance))
    assert other == vschema
    assert other.fingerprint == vschema.fingerprint
    assert diff_vschemas(vschema, other) == ()


@pytest.mark.invariant("FZ-6")
@given(VSCHEMAS, st.randoms(use_true_random=False))
def test_both_ways_of_seeing_a_vschema_see_the_same(
    vschema: VSchema, chance: random.Random
) -> None:
    """Whatever the reader knows of fields, and whatever nobody needs to know of them."""
    printed = with_defaults(vschema)
    assert plain_text(printed) == vschema.text
    assert plain_text(shuffled(printed, chance)) == vschema.text


@pytest.mark.invariant("FZ-6")
@given(VSCHEMAS, VSCHEMAS)
def test_a_difference_is_seen_exactly_where_the_texts_differ(one: VSchema, other: VSchema) -> None:
    assert (diff_vschemas(one, other) == ()) == (one.text == other.text)
    assert (one.text == other.text) == (plain_text(with_defaults(one)) == other.text)


@pytest.mark.invariant("VS-2")
@given(VSCHEMAS.filter(lambda vschema: len(vschema.tables) > 0))
def test_the_order_of_a_tables_vindexes_is_part_of_it(vschema: VSchema) -> None:
    table = replace(
        vschema.tables[0],
        column_vindexes=(
            ColumnVindex(name="a", columns=("x",)),
            ColumnVindex(name="b", columns=("y",)),
        ),
    )
    one = replace(vschema, tables=(table, *vschema.tables[1:]))
    turned = replace(table, column_vindexes=table.column_vindexes[::-1])
    other = replace(vschema, tables=(turned, *vschema.tables[1:]))
    assert one.fingerprint != other.fingerprint


def as_vitess_prints(document: Any, chance: random.Random) -> Any:
    """The same by other spellings: camelCase, null, numbers as text, `column` for a list of one."""

    def spelled(key: str, is_name: bool) -> str:
        first, *rest = key.split("_")
        camel = first + "".join(word.capitalize() for word in rest)
        return key if is_name or chance.random() < 0.5 else camel

    def other(value: Any, key: str = "") -> Any:
        if isinstance(value, list):
            return [other(item, key) for item in value]
        if isinstance(value, dict):
            is_map = key in ("vindexes", "tables", "params")
            said = {spelled(k, is_map): other(v, "" if is_map else k) for k, v in value.items()}
            if is_map:
                return shuffled(said, chance)
            if key == "column_vindexes" and len(value.get("columns", ())) == 1:
                said["column"] = said.pop("columns")[0]
            if "sharded" in value and "vindexes" not in value:
                said["vindexes"] = None
            return shuffled(said, chance)
        if key in ("size", "scale") and chance.random() < 0.5:
            return str(value)
        if key == "foreign_key_mode" and chance.random() < 0.5:
            return FOREIGN_KEY_MODES[value]
        return value

    return other(document)


def shuffled(value: Any, chance: random.Random) -> Any:
    if not isinstance(value, dict):
        return value
    keys = sorted(value)
    chance.shuffle(keys)
    return {key: shuffled(value[key], chance) for key in keys}


def with_defaults(value: Any) -> Any:
    """As `vtctldclient GetVSchema` prints it: everything is said, nothing is left out."""
    if isinstance(value, VSchema | Vindex | RoutedTable | ColumnVindex | AutoIncrement):
        names = [f.name for f in fields(value)]
        said = {name: with_defaults(getattr(value, name)) for name in names}
        if isinstance(value, Vindex | RoutedTable):
            said.pop("name")
        if isinstance(value, Vindex):
            said["params"] = dict(value.params)
        if isinstance(value, VSchema):
            said["vindexes"] = {v.name: with_defaults(v) for v in value.vindexes}
            said["tables"] = {t.name: with_defaults(t) for t in value.tables}
        if isinstance(value, ColumnVindex):
            said["column"] = ""
        return said
    if isinstance(value, ListedColumn | MultiTenantSpec):
        said = {f.name: with_defaults(getattr(value, f.name)) for f in fields(value)}
        return {k: v for k, v in said.items() if k != "nullable" or v is not None}
    if isinstance(value, tuple):
        return [with_defaults(item) for item in value]
    return value


UNREADABLE = {
    b"": "not whole JSON",
    b"[]": "expected an object",
    b"null": "expected an object",
    b'{"sharded": true, "sharded": false}': "twice",
    b'{"sharded": NaN}': "no number",
    b"\xff": "not UTF-8",
    b'{"tables": {"t": {"columns": [' + b"[" * 2000: "not whole JSON",
    b'{"tables": {"\\ud800": {}}}': "half a character",
    b'{"tables": {"t": {"\\udfff": 1}}}': "half a character",
    b'{"vindexes": {"h": {"type": "x", "params": {"\\ud800": "x"}}}}': "half a character",
    b'{"vindexes": {"h": {"type": "x", "params": {"x": "\\ud800"}}}}': "half a character",
    b'{"vindexes": {"h": {"type": "\\ud800"}}}': "half a character",
    b'{"foreign_key_mode": "\\ud800"}': "which Vitess has not",
    b'{"a":"' + b"x" * 1_500_001 + b'"}': "over 1,500,000 bytes",
    b'{"a":[' + b"1," * 600_000 + b"1]}": "more than 500,000 values",
}


@pytest.mark.invariant("VS-2")
@pytest.mark.parametrize("content", UNREADABLE, ids=UNREADABLE.values())
def test_what_is_no_vschema_is_refused(content: bytes) -> None:
    faults = read_vschema(content).faults
    assert UNREADABLE[content] in faults[0].message


WRONG = {
    '{"shardd": true}': "vschema-unknown-key shardd",
    '{"sharded": "true"}': "vschema-bad-value sharded",
    '{"sharded": 1}': "vschema-bad-value sharded",
    '{"vindexes": {"h": {"type": "hash", "parms": {}}}}': "vschema-unknown-key vindexes.h.parms",
    '{"vindexes": {"h": {"params": {"a": 1}}}}': "vschema-bad-value vindexes.h.params.a",
    '{"vindexes": {"h": {"params": {"a": null}}}}': "vschema-bad-value vindexes.h.params.a",
    '{"vindexes": []}': "vschema-bad-value vindexes",
    '{"vindexes": {" h": {}}}': "vschema-bad-value vindexes. h",
    '{"tables": {"t": null}}': "vschema-bad-value tables.t",
    '{"tables": {"t": {"pinned": 80}}}': "vschema-bad-value tables.t.pinned",
    '{"tables": {"t": {"columnVindexes": [], "column_vindexes": []}}}': (
        "vschema-bad-value tables.t.column_vindexes"
    ),
    '{"tables": {"t": {"column_vindexes": [{"column": "a", "columns": ["a"]}]}}}': (
        "vschema-bad-value tables.t.column_vindexes[0]"
    ),
    '{"tables": {"t": {"column_vindexes": [null]}}}': (
        "vschema-bad-value tables.t.column_vindexes[0]"
    ),
    '{"tables": {"t": {"columns": [{"type": "int64"}]}}}': (
        "vschema-bad-value tables.t.columns[0].type"
    ),
    '{"tables": {"t": {"columns": [{"type": 5}]}}}': "vschema-bad-value tables.t.columns[0].type",
    '{"tables": {"t": {"columns": [{"type": true}]}}}': (
        "vschema-bad-value tables.t.columns[0].type"
    ),
    '{"tables": {"t": {"columns": [{"size": 2147483648}]}}}': (
        "vschema-bad-value tables.t.columns[0].size"
    ),
    '{"tables": {"t": {"columns": [{"size": 1.5}]}}}': "vschema-bad-value tables.t.columns[0].size",
    '{"tables": {"t": {"columns": [{"name": "\\ud800"}]}}}': (
        "vschema-bad-value tables.t.columns[0].name"
    ),
    '{"foreign_key_mode": "MANAGED"}': "vschema-bad-value foreign_key_mode",
    '{"foreign_key_mode": 4}': "vschema-bad-value foreign_key_mode",
    '{"routing_rules": {}}': "vschema-unknown-key routing_rules",
}


@pytest.mark.invariant("VS-2")
@pytest.mark.parametrize("text", WRONG)
def test_what_vitess_would_drop_or_misread_is_refused_by_name(text: str) -> None:
    (fault,) = read_vschema(text.encode()).faults
    assert f"{fault.code} {fault.message.split(' is ')[0]}".startswith(WRONG[text])
    assert fault.recovery


def test_a_mistake_is_told_with_what_was_meant() -> None:
    (fault,) = read_vschema(b'{"tables": {"t": {"columnVindex": []}}}').faults
    assert "column_vindexes" in fault.recovery


TEXT = """{
  "sharded": true,
  "tables": {
    "users": {"columnVindexes": [{"column": "id",
        "name": "hash"}, {"columns": ["a{\\"", "b"], "name": "look"}], "pinned": ""},
    "Orders": {}
  }
}
"""


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), (1, 1)),
        (("sharded",), (2, 3)),
        (("tables", "users"), (4, 5)),
        (("tables", "users", "column_vindexes"), (4, 15)),
        (("tables", "users", "column_vindexes", 0, "name"), (5, 9)),
        (("tables", "users", "column_vindexes", 1), (5, 26)),
        (("tables", "users", "column_vindexes", 1, "columns", 1), (5, 47)),
        (("tables", "Orders"), (6, 5)),
        (("tables", "Orders", "pinned"), (6, 5)),  # not said: at what it is of
        (("tables", "gone"), (3, 3)),
    ],
)
def test_every_path_has_a_place_in_the_text(
    path: tuple[str | int, ...], place: tuple[int, int]
) -> None:
    json.loads(TEXT)
    assert places_of(TEXT, [path])[path] == place


@given(VSCHEMAS)
def test_every_key_of_any_text_is_found_at_its_place(vschema: VSchema) -> None:
    text = vschema.text
    wanted = [
        ("tables", table.name, name)
        for table in vschema.tables
        for name in document_of(table)
        if sum(snake_case(one.name) == snake_case(table.name) for one in vschema.tables) == 1
    ]
    lines = text.splitlines()
    for path, (line, column) in places_of(text, wanted).items():
        assert lines[line - 1][column - 1 :].startswith(f'"{path[-1]}":')


def test_one_text_stands_for_one_vschema() -> None:
    assert VSchema().text == canonical_text({}) == "{}\n"
