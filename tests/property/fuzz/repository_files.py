"""Readers of what lies in a repository: spec, schema file, plan, CODEOWNERS."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

from reconciler.ddl.definition.file import DefinitionFile, read_definition_file
from reconciler.guard.review.code_owners import owners_of, parse_code_owners
from reconciler.plan.codec import dump_plan, load_plan
from reconciler.plan.model import Plan
from reconciler.plan.readable import render_readable_sql
from reconciler.plan.validate import check_plan
from reconciler.spec.model import KeyspaceKind, SpecFile
from reconciler.spec.read import read_spec
from reconciler.spec.text import text_of
from reconciler.spec.vschema_file import VSchemaFile, read_vschema_file
from reconciler.vschema.read import read_vschema
from tests.fleet import ORDERS, USERS
from tests.offline_fleet import Files
from tests.property.fuzz.reader import Reader
from tests.sample_plans import sample_plan

SPEC = b"""\
version: 1
keyspace: shop
schema: schemas/shop
environments:
  production:
    connection: {host: "db-{shard}", port: 3306, user: "${U}", password: "${P}", database: shop}
    shards: {count: 4, overrides: {"-40": {connection: {host: "10.0.0.1"}}}}
    scratch: {host: 127.0.0.1, user: scratch}
    ledger: "mysql://ledger:${LEDGER}@db/ledger"
    rollout: {canary: ["-40"], waves: ["25%", ["40-80"], "100%"], soak: 10m, parallel: 4,
      windows: ["22:00-04:00 UTC"], on_failure: pause, kill_blockers: {after: 30s}}
    review: {approvals: 2, code_owners: true}
  staging: &staging
    connection: {user: u, database: d}
    shards: ["-"]
policy:
  ignore_tables: ["_*"]
  allow: [{table: orders, hazard: drop-column, object: legacy, reason: "unused"}]
"""
CODE_OWNERS = b"""\
# owners
* @acme/all
/specs/ @ada @acme/dba
schemas/**/orders.sql  dba@example.test
docs/*.md
a\\ b?/**/c*d @bob
"""
PLAN = sample_plan()
PLAN_JSON = dump_plan(PLAN)
PLAN_SQL = render_readable_sql(PLAN.core).encode()


def _spec(content: bytes) -> SpecFile:
    return read_spec(text_of(content, "specs/shop.yaml"), "specs/shop.yaml")


LISTED_SPEC = """\
version: 1
keyspace: shop
schema: schemas/shop
environments:
  production: {connection: {user: u, database: "d_{shard}"}, shards: {file: specs/shop.shards}}
"""


def _listed(content: bytes) -> SpecFile:
    return read_spec(LISTED_SPEC, "specs/shop.yaml", Files({"specs/shop.shards": content}))


def _is_whole(spec: SpecFile) -> None:
    """Every name is a key range's or a plain one, and no shard is another's."""
    [environment] = spec.environments
    names = [shard.name for shard in environment.shards]
    assert names
    assert len({*names}) == len(names)
    assert all(name.isascii() and name.isprintable() for name in names)


def _definition(content: bytes) -> DefinitionFile:
    path = "schemas/shop/t.sql"
    return read_definition_file(text_of(content, path), path)


def _plan(content: bytes) -> Plan:
    plan = load_plan(content, "plans/production/commerce.plan.json")
    check_plan(
        plan,
        environment=plan.core.environment,
        keyspace=plan.core.keyspace,
        readable_sql=render_readable_sql(plan.core),
    )
    return plan


def _is_the_plan(plan: Plan) -> None:
    """What is not hashed may differ; a person who forges the id as well gives another plan."""
    if plan.plan_id == PLAN.plan_id:
        assert plan.core == PLAN.core
    assert load_plan(dump_plan(plan), "again") == plan


def _readable(content: bytes) -> bytes:
    check_plan(
        PLAN,
        environment=PLAN.core.environment,
        keyspace=PLAN.core.keyspace,
        readable_sql=content.decode(errors="replace"),
    )
    return content


def _is_readable(content: bytes) -> None:
    assert content == PLAN_SQL


def _owners(content: bytes) -> Any:
    lines = parse_code_owners(content.decode(errors="replace"))
    for path in ("specs/shop.yaml", "schemas/shop/orders.sql", "a b/c/d/cd", "a" * 200):
        owners_of(path, lines)
    return lines


def _repeated(piece: bytes, *, before: bytes = b"", after: bytes = b"") -> Callable[[int], bytes]:
    return lambda size: before + piece * (size // len(piece)) + after


def _numbered(piece: str, *, before: str = "", after: str = "") -> Callable[[int], bytes]:
    """The piece with a number in it, again and again; all of them differ."""

    def grow(size: int) -> bytes:
        count = size // (len(piece) + 4)
        return (before + "".join(piece.format(i) for i in range(count)) + after).encode()

    return grow


def _plan_with(key: str, grow: Callable[[int], Any]) -> Callable[[int], bytes]:
    """The sound plan with another value in its core."""

    def grown(size: int) -> bytes:
        document = json.loads(PLAN_JSON)
        document["core"][key] = grow(size)
        return json.dumps(document).encode()

    return grown


def _long_chain(size: int) -> Any:
    (first, *_) = json.loads(PLAN_JSON)["core"]["change_sets"]
    (statement, *_) = first["statements"]
    count = size // len(json.dumps(statement))
    marks = [f"sha256:{number:064x}" for number in range(count + 1)]
    statements = [
        {**statement, "effects": [{**statement["effects"][0], "before": before, "after": after}]}
        for before, after in itertools.pairwise(marks)
    ]
    return [{**first, "statements": statements}]


PLAN_GROWN = (
    ("keys", _numbered('"k{}":0,', before="{", after='"z":0,"z":0}')),
    ("lists", _repeated(b"[],", before=b'{"core":[', after=b"0]}")),
    ("deep", _repeated(b"[")),
    ("deep objects", _repeated(b'{"a":')),
    ("digits", _repeated(b"1", before=b'{"core":')),
    ("escapes", _repeated(b"\\u00e9", before=b'{"core":"')),
    ("white space", _repeated(b" \n")),
    ("shards", _plan_with("shards", lambda size: [f"s{n}" for n in range(size // 8)])),
    ("waves", _plan_with("waves", lambda size: [["-40"]] * (size // 9))),
    ("statements", _plan_with("change_sets", _long_chain)),
    ("tables", _plan_with("managed_tables", lambda size: [f"{n:08}" for n in range(size // 12)])),
    ("inputs", _plan_with("inputs", lambda size: [{"path": "a", "sha256": ""}] * (size // 26))),
)
SPEC_GROWN = (
    ("unknown keys", _numbered("k{}: 0\n")),
    ("one key", _repeated(b"version: 1\n")),
    ("deep", _repeated(b"[")),
    ("deep mappings", _repeated(b"{a: ")),
    ("items", _repeated(b"a,", before=b"a: [", after=b"]")),
    ("anchors", _numbered("a{0}: &a{0} 0\n")),
    ("aliases", _repeated(b"*a,", before=b"a: &a [x,x]\nb: [", after=b"]")),
    ("merges", _repeated(b"*a,", before=b"a: &a {x: 1}\nb: {<<: [", after=b"]}")),
    ("shards", _numbered('"s{}",', before="environments: {p: {shards: [", after="]}}")),
    (
        "overrides",
        _numbered(
            '"{}": 1,', before="environments: {p: {shards: {count: 2, overrides: {", after="}}}}"
        ),
    ),
    ("environments", _numbered("e{}: 1,", before="environments: {", after="}")),
    ("chain", _numbered("  e{}: {{after: e0}}\n", before="environments:\n")),
    ("long key", _repeated(b"k", after=b": 1")),
    ("long value", _repeated(b"v", before=b"keyspace: ")),
    ("long environment", _repeated(b"e", before=b"environments: {", after=b": {}}")),
    ("quotes", _repeated(b"'")),
    ("variables", _repeated(b"${A}", before=b"keyspace: ")),
    ("braces", _repeated(b"{a", before=b"environments: {p: {connection: {host: '", after=b"'}}}")),
    ("durations", _repeated(b"1h", before=b"environments: {p: {rollout: {soak: ", after=b"}}}")),
    ("comments", _repeated(b"#\n")),
    ("question marks", _repeated(b"? ")),
    ("dashes", _repeated(b"- ")),
    ("allow", _repeated(b"{},", before=b"policy: {allow: [", after=b"]}")),
    ("patterns", _repeated(b"*a", before=b"policy: {ignore_tables: ['", after=b"']}")),
)
_TABLE = "CREATE TABLE t ("
DEFINITION_GROWN = (
    ("columns", _numbered("c{} int,\n", before=_TABLE, after="PRIMARY KEY (c0));")),
    ("parentheses", _repeated(b"(", before=_TABLE.encode())),
    ("closed parentheses", _repeated(b"()", before=_TABLE.encode())),
    (
        "nested check",
        lambda size: (
            b"CREATE TABLE t (a int CHECK ("
            + b"(" * (size // 2)
            + b"1"
            + b")" * (size // 2)
            + b"));"
        ),
    ),
    ("comments", _repeated(b"/*")),
    ("closed comments", _repeated(b"/**/")),
    ("quotes", _repeated(b"'", before=_TABLE.encode())),
    ("backslashes", _repeated(b"\\", before=b"CREATE TABLE t (a char(1) DEFAULT '")),
    ("lines", _repeated(b"--\n")),
    ("statements", _repeated(b"SELECT 1;")),
    ("annotations", _numbered("-- reconciler: rename column a{0} to b{0}\n")),
    ("one annotation", _repeated(b"x ", before=b"-- reconciler: ")),
    (
        "partitions",
        _numbered(
            "PARTITION p{0} VALUES LESS THAN ({0}),",
            before="CREATE TABLE t (a int) PARTITION BY RANGE (a) (",
            after=");",
        ),
    ),
    ("words", _repeated(b"a ", before=_TABLE.encode())),
    ("commas", _repeated(b",", before=_TABLE.encode())),
    ("digits", _repeated(b"1", before=_TABLE.encode())),
)
CODE_OWNERS_GROWN = (
    ("owners", _repeated(b"@a ", before=b"* ")),
    ("long pattern", _repeated(b"a/", after=b" @a")),
    ("lines", _numbered("/specs/{} @a\n")),
    ("same lines", _repeated(b"/n @a\n")),
    ("stars", _repeated(b"*a", after=b" @a")),
    ("lines of stars", _repeated(b"*a" * 400 + b" @a\n")),
    ("lines of folders", _repeated(b"****/" * 150 + b"b @a\n")),
)


def _vschema(content: bytes) -> VSchemaFile | None:
    tree = Files({VSCHEMA_PATH: content})
    return read_vschema_file(tree, VITESS_SPEC, {"users"})


def _is_one_value(found: VSchemaFile | None) -> None:
    """What is read prints as a text that is read as the same."""
    assert found is not None
    again = read_vschema(found.vschema.text.encode())
    assert not again.faults
    assert again.vschema == found.vschema


VSCHEMA_PATH = "schemas/shop/vschema.json"
VITESS_SPEC = SpecFile(
    path="specs/shop.yaml",
    keyspace="shop",
    schema_dir="schemas/shop",
    environments=(),
    kind=KeyspaceKind.VITESS,
)
VSCHEMA = b"""{
  "sharded": true, "foreignKeyMode": "managed",
  "vindexes": {"h": {"type": "xxhash"}, "l": {"type": "lookup", "params": {"from": "a"}}},
  "tables": {"users": {"columnVindexes": [{"column": "id", "name": "h"}],
    "auto_increment": {"column": "id", "sequence": "main.seq"},
    "columns": [{"name": "id", "type": 265, "size": "10", "nullable": true}]}}
}
"""
VSCHEMA_GROWN = (
    ("keys", _numbered('"k{}":0,', before="{", after='"z":0}')),
    ("tables", _numbered('"t{}":{{}},', before='{"tables":{', after='"z":{}}}')),
    ("vindexes", _numbered('"v{}":{{"owner":"x"}},', before='{"vindexes":{', after='"z":{}}}')),
    (
        "columns",
        _repeated(b'{"name":"a"},', before=b'{"tables":{"users":{"columns":[', after=b"1]}}}"),
    ),
    ("deep", _repeated(b"[")),
    ("deep objects", _repeated(b'{"tables":')),
    ("long key", _repeated(b"k", before=b'{"', after=b'":1}')),
    ("long name", _repeated(b"k", before=b'{"tables":{"', after=b'":1}}')),
)
READERS = (
    Reader(
        name="vschema-file",
        read=_vschema,
        seeds=(VSCHEMA,),
        words=(b'"tables"', b'"columns"', b'"column"', b'"pinned"', b"null", b"{}", b'"hash"'),
        check=_is_one_value,
        grown=VSCHEMA_GROWN,
    ),
    Reader(
        name="code-owners",
        read=_owners,
        seeds=(CODE_OWNERS,),
        words=(b"**/", b"/**", b"@a"),
        grown=CODE_OWNERS_GROWN,
    ),
    Reader(
        name="plan-json",
        read=_plan,
        seeds=(PLAN_JSON,),
        words=(b'"core"', b'"plan_id"', b'"meta"', b"sha256:", b'"sql"', b"{}", b"[]", b'"-40"'),
        check=_is_the_plan,
        grown=PLAN_GROWN,
    ),
    Reader(
        name="plan-sql",
        read=_readable,
        seeds=(PLAN_SQL,),
        words=(b"-- ", b"ALTER TABLE"),
        check=_is_readable,
    ),
    Reader(
        name="schema-file",
        read=_definition,
        seeds=(
            USERS.encode(),
            ORDERS.encode(),
            b"-- reconciler: rename column nick to name\n" + USERS.encode(),
        ),
        words=(b"CREATE TABLE", b"PRIMARY KEY", b"PARTITION BY", b"/*!50100", b"AS SELECT 1"),
        grown=DEFINITION_GROWN,
    ),
    Reader(
        name="spec",
        read=_spec,
        seeds=(SPEC,),
        words=(b"&a ", b"*a", b"<<: ", b"!!str", b"? ", b"- ", b": ", b"---\n", b"password"),
        grown=SPEC_GROWN,
    ),
    Reader(
        name="shards-file",
        read=_listed,
        seeds=(b"-80 one.internal:3307 shop_a # the first\n80- [2001:db8::7]\n",),
        words=(b"#", b"\xe2\x80\xa8", b"\x0b", b"-80 ", b":70000", b"[]", b"${A}", b"{shard}"),
        check=_is_whole,
        grown=(
            ("lines", _numbered("s{} h\n")),
            ("one line", _repeated(b"-\n")),
            ("words", _repeated(b"a ")),
            ("long host", _repeated(b"a.", before=b"- ", after=b"\n")),
            ("colons", _repeated(b":", before=b"- [", after=b"]\n")),
            ("blanks", _repeated(b" \t")),
            ("comments", _repeated(b"#\n")),
        ),
    ),
)
