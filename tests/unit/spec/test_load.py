"""A keyspace is loaded whole or not at all, and a broken one hides no other."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from reconciler.errors import InvalidInput, ReconcilerError, Refused
from reconciler.limits import DEFINITION_BYTES_MAX
from reconciler.model.renames import RenameKind
from reconciler.spec.load import DesiredFiles, load_keyspace, load_keyspaces, load_repository
from reconciler.spec.tree import Entry, EntryKind, missing_file, too_large, unreadable

SPEC = """\
version: 1
keyspace: {name}
schema: schemas/{name}
environments: {{prod: {{connection: {{database: "d_{name}", user: u}}, shards: ["-"]}}}}
policy: {{ignore_tables: ["_*"]}}
"""


@dataclass(frozen=True)
class MemoryTree:
    """A `FileTree` of a dict; `locked` paths can be seen and not read."""

    files: Mapping[str, bytes]
    locked: frozenset[str] = field(default_factory=frozenset)

    def list_directory(self, path: str) -> tuple[Entry, ...] | None:
        inside = [
            name.removeprefix(f"{path}/") for name in self.files if name.startswith(f"{path}/")
        ]
        kinds = {
            name.partition("/")[0]: EntryKind.DIRECTORY if "/" in name else EntryKind.FILE
            for name in inside
        }
        return tuple(Entry(name=name, kind=kinds[name]) for name in sorted(kinds)) or None

    def read(self, path: str, *, bytes_max: int) -> bytes:
        if path in self.locked:
            raise Refused(unreadable(path, "permission denied"))
        if path not in self.files:
            raise InvalidInput(missing_file(path))
        if len(self.files[path]) > bytes_max:
            raise InvalidInput(too_large(path, bytes_max))
        return self.files[path]


def tree(files: Mapping[str, str | bytes], *, locked: frozenset[str] = frozenset()) -> MemoryTree:
    content = {k: v if isinstance(v, bytes) else v.encode() for k, v in files.items()}
    return MemoryTree(content, locked)


def keyspace(name: str = "k", **definitions: str) -> dict[str, str]:
    files = {f"specs/{name}.yaml": SPEC.format(name=name)}
    tables = definitions or {"a": "CREATE TABLE a (id int);\n"}
    return files | {f"schemas/{name}/{table}.sql": sql for table, sql in tables.items()}


def error_of(files: Mapping[str, str | bytes], **options: frozenset[str]) -> ReconcilerError:
    with pytest.raises(ReconcilerError) as caught:
        load_keyspace(tree(files, **options), "specs/k.yaml")
    return caught.value


def codes(error: ReconcilerError | DesiredFiles) -> list[str]:
    assert isinstance(error, ReconcilerError)
    return [problem.code for problem in error.problems]


def test_a_keyspace_is_its_spec_its_tables_and_every_file_s_digest() -> None:
    files = keyspace(b="CREATE TABLE b (id int);\n", a="CREATE TABLE A (id int);\n")
    loaded = load_keyspace(tree(files | {"schemas/k/README.md": "not read"}), "specs/k.yaml")
    assert [file.table for file in loaded.files] == ["A", "b"]
    assert loaded.digests == tuple(
        (path, hashlib.sha256(text.encode()).hexdigest()) for path, text in sorted(files.items())
    )


def test_a_directory_of_skeema_is_a_schema_folder_as_it_stands() -> None:
    made = (
        "CREATE TABLE `users` (\n  `id` bigint NOT NULL,\n  PRIMARY KEY (`id`)\n) ENGINE=InnoDB;\n"
    )
    routine = "DELIMITER //\nCREATE PROCEDURE do_it()\nBEGIN\n  SELECT 1;\nEND//\nDELIMITER ;\n"
    files = keyspace(users=made) | {"schemas/k/.skeema": "[production]\nhost=db\n"}
    loaded = load_keyspace(tree(files), "specs/k.yaml")
    assert [file.table for file in loaded.files] == ["users"]
    assert "schemas/k/.skeema" not in dict(loaded.digests)
    problem = error_of(files | {"schemas/k/do_it.sql": routine}).problems[0]
    assert problem.code == "definition-not-create-table"
    assert "`routines/`" in problem.recovery


@pytest.mark.invariant("RV-1")
@pytest.mark.parametrize("ends", ["\r\n", "\r"])
def test_line_ends_and_byte_order_marks_change_nothing(ends: str) -> None:
    text = "-- reconciler: rename column a to b\nCREATE TABLE a (\n  b int COMMENT 'x\ny'\n);\n"
    files = keyspace(a=text)
    other = {
        path: b"\xef\xbb\xbf" + text.replace("\n", ends).encode() for path, text in files.items()
    }
    plain, same = (load_keyspace(tree(each), "specs/k.yaml") for each in (files, other))
    assert same == plain
    assert [rename.kind for rename in same.files[0].renames] == [RenameKind.COLUMN]


@pytest.mark.invariant("RV-1")
def test_every_other_difference_changes_a_digest() -> None:
    before = dict(load_keyspace(tree(keyspace()), "specs/k.yaml").digests)
    edited = keyspace(a="CREATE TABLE a (id  int);\n")
    added = keyspace(a="CREATE TABLE a (id int);\n", b="CREATE TABLE b (id int);\n")
    renamed = keyspace(a2="CREATE TABLE a (id int);\n")
    spec = keyspace() | {"specs/k.yaml": SPEC.format(name="k") + "# comment\n"}
    for files in (edited, added, renamed, spec):
        assert dict(load_keyspace(tree(files), "specs/k.yaml").digests) != before


@pytest.mark.invariant("PL-10")
@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"schemas/k/a.sql": None}, "schema-directory-missing"),
        ({"schemas/k/a.sql": None, "schemas/k/.gitkeep": ""}, "schema-directory-empty"),
        ({"schemas/k/a.sql": None, "schemas/k/a.sql.bak": "x"}, "schema-directory-empty"),
        ({"schemas/k/sub/b.sql": "CREATE TABLE b (id int)"}, "schema-directory-nested"),
        ({"schemas/k/b.SQL": "CREATE TABLE b (id int)"}, "definition-file-suffix"),
        ({"schemas/k/b.sql": ""}, "definition-empty"),
        ({"schemas/k/b.sql": b"\xff\xfeC\x00"}, "file-not-utf8"),
        ({"schemas/k/b.sql": b"-- " + b"x" * DEFINITION_BYTES_MAX}, "file-too-large"),
        ({"schemas/k/b.sql": b"-- " + b"x" * 10_000_000}, "file-too-large"),
        ({"specs/k.yaml": None}, "file-missing"),
        ({"specs/k.yaml": b"version: 1 \xff"}, "file-not-utf8"),
        ({"specs/k.yaml": b""}, "yaml-syntax"),
    ],
)
def test_a_partial_view_is_an_error(change: Mapping[str, str | bytes | None], code: str) -> None:
    files: dict[str, str | bytes] = {**keyspace()}
    for path, content in change.items():
        files.pop(path, None)
        if content is not None:
            files[path] = content
    assert codes(error_of(files)) == [code]


@pytest.mark.invariant("PL-10")
def test_a_file_that_cannot_be_read_refuses_and_the_other_files_are_still_checked() -> None:
    files = keyspace(a="CREATE TABLE a (id int)", b="CREATE TABLE b (id int)", c="DROP TABLE c")
    error = error_of(files, locked=frozenset({"schemas/k/b.sql"}))
    assert isinstance(error, Refused)
    assert codes(error) == ["file-unreadable", "definition-not-create-table"]


@pytest.mark.parametrize(
    ("definitions", "code"),
    [
        ({"a": "CREATE TABLE x (id int)", "b": "CREATE TABLE x (id int)"}, "table-twice"),
        ({"a": "CREATE TABLE x (id int)", "b": "CREATE TABLE X (id int)"}, "table-twice"),
        ({"a": "CREATE TABLE _tmp (id int)"}, "table-ignored"),
        (
            {
                "a": "CREATE TABLE a (id int)",
                "b": "-- reconciler: rename table a to b\nCREATE TABLE b (id int)",
            },
            "rename-of-defined-table",
        ),
    ],
)
def test_files_that_contradict_each_other_are_an_error(
    definitions: dict[str, str], code: str
) -> None:
    assert codes(error_of(keyspace(**definitions))) == [code]


def test_a_broken_keyspace_hides_no_other() -> None:
    files = keyspace("good") | keyspace("bad", a="DROP TABLE a") | keyspace("worse")
    files["specs/worse.yaml"] = files["specs/worse.yaml"].replace("version", "verison")
    files["specs/unnamed.yml"] = "nothing: here"
    files["specs/README.md"] = "not a spec"
    loaded = load_repository(tree(files))
    assert list(loaded) == ["bad", "good", "specs/unnamed.yml", "worse"]
    assert isinstance(loaded["good"], DesiredFiles)
    assert codes(loaded["bad"]) == ["definition-not-create-table"]
    assert codes(loaded["worse"]) == ["spec-unknown-key"]


@pytest.mark.parametrize("other", ["k", "K"])
def test_a_keyspace_of_two_specs_is_an_error_at_both(other: str) -> None:
    files = keyspace() | {"specs/other.yaml": SPEC.format(name="k").replace("e: k", f"e: {other}")}
    loaded = load_repository(tree(files | keyspace("fine")))
    assert list(loaded) == ["fine", "k"]
    error = loaded["k"]
    assert codes(error) == ["keyspace-twice", "keyspace-twice"]
    assert isinstance(error, ReconcilerError)
    assert [str(problem.where) for problem in error.problems] == [
        "specs/k.yaml:2:11",
        "specs/other.yaml:2:11",
    ]


def test_no_specs_are_no_keyspaces_and_nested_ones_are_not_overlooked() -> None:
    assert load_repository(tree({})) == {}
    with pytest.raises(InvalidInput):
        load_repository(tree(keyspace() | {"specs/team/x.yaml": ""}))


def test_the_order_of_files_does_not_matter() -> None:
    files = keyspace("b") | keyspace("a", y="CREATE TABLE y (i int)", x="CREATE TABLE x (i int)")
    assert load_repository(tree(files)) == load_repository(tree(dict(reversed(files.items()))))


def test_a_broken_spec_and_its_broken_tables_are_reported_together() -> None:
    files = keyspace(a="DROP TABLE a", b="CREATE TABLE b (id int)")
    files["specs/k.yaml"] += "extra: 1\n"
    (loaded,) = load_keyspaces(tree(files))
    assert (loaded.name, loaded.tables) == ("k", 2)
    assert codes(loaded.result) == ["spec-unknown-key", "definition-not-create-table"]


def reaching(*, shards: str = "['-80', '80-']", **connection: str) -> str:
    said = ", ".join(f"{key}: '{value}'" for key, value in connection.items())
    return f"{{connection: {{user: u, {said}}}, shards: {shards}}}"


def two_specs(one: str, other: str) -> list[str]:
    head = "version: 1\nkeyspace: {name}\nschema: schemas/{name}\nenvironments: {{prod: {env}}}\n"
    files = {**keyspace("a"), **keyspace("b")}
    files["specs/a.yaml"] = head.format(name="a", env=one)
    files["specs/b.yaml"] = head.format(name="b", env=other)
    loaded = load_repository(tree(files))
    return [
        f"{name}: {problem.where} {problem.code}"
        for name, found in loaded.items()
        if isinstance(found, ReconcilerError)
        for problem in found.problems
    ]


SHARED = ["a: specs/a.yaml:4:22 spec-same-database", "b: specs/b.yaml:4:22 spec-same-database"]


@pytest.mark.threat("TM-WRITER-26")
@pytest.mark.invariant("GT-7")
@pytest.mark.parametrize(
    "other",
    [
        {"host": "m", "database": "d_{shard}"},
        {"host": "M.", "port": "3306", "database": "d_{shard}"},
        {"host": "m", "database": "d_80-", "shards": "['-']"},
    ],
)
def test_two_specs_that_reach_one_database_are_refused_both(other: dict[str, str]) -> None:
    assert two_specs(reaching(host="m", database="d_{shard}"), reaching(**other)) == SHARED


@pytest.mark.invariant("GT-7")
@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"host": "localhost"}, {"host": "127.0.0.1"}),
        ({}, {"host": "::1"}),
        ({"socket": "/run/{shard}/m.sock"}, {"socket": "/run//{shard}/m.sock"}),
        ({"host": "${SCHEMA_HOST}"}, {"host": "${SCHEMA_HOST}"}),
    ],
)
def test_one_address_written_in_two_ways_is_one(one: dict[str, str], other: dict[str, str]) -> None:
    found = two_specs(
        reaching(database="d_{shard}", **one), reaching(database="d_{shard}", **other)
    )
    assert found == SHARED


@pytest.mark.parametrize(
    "other",
    [
        {"host": "m", "database": "e_{shard}"},
        {"host": "m", "port": "3307", "database": "d_{shard}"},
        {"host": "n", "database": "d_{shard}"},
        {"socket": "/run/m.sock", "database": "d_{shard}"},
    ],
)
def test_specs_that_share_a_server_and_no_database_are_fine(other: dict[str, str]) -> None:
    assert two_specs(reaching(host="m", database="d_{shard}"), reaching(**other)) == []


@pytest.mark.invariant("GT-7")
def test_two_environments_of_one_spec_are_apart_too() -> None:
    files = keyspace("a")
    files["specs/a.yaml"] = (
        "version: 1\nkeyspace: a\nschema: schemas/a\nenvironments:\n"
        f"  prod: {reaching(host='m', database='d_{shard}')}\n"
        f"  staging: {reaching(host='m', database='d_{shard}')}\n"
    )
    found = load_repository(tree(files))["a"]
    assert isinstance(found, InvalidInput)
    assert [str(problem.where) for problem in found.problems] == [
        "specs/a.yaml:5:9",
        "specs/a.yaml:6:12",
    ]
    assert "of prod" in found.problems[1].message


CLASSED = """\
key_function: hash
tables: {{{classes}}}
"""


@pytest.mark.invariant("SP-5")
@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        ("a: {shard_by: id}, b: {reference: true}", []),
        ("a: {shard_by: id}, b: {excluded: true}, _tmp: {excluded: true}", []),
        ("a: {shard_by: id}", ["spec-table-unclassed"]),
        (
            "a: {shard_by: id}, bb: {reference: true}",
            ["spec-table-unknown", "spec-table-unclassed"],
        ),
        ("a: {shard_by: id}, b: {reference: true}, gone: {excluded: true}", ["spec-table-unknown"]),
    ],
)
def test_every_table_has_a_class_and_every_class_a_table(classes: str, expected: list[str]) -> None:
    files = keyspace(a="CREATE TABLE a (id int)", b="CREATE TABLE b (id int)")
    files["specs/k.yaml"] += CLASSED.format(classes=classes)
    if not expected:
        assert load_keyspace(tree(files), "specs/k.yaml").spec.tables
        return
    error = error_of(files)
    assert codes(error) == expected
    places = [
        (problem.where.line, problem.where.column) for problem in error.problems if problem.where
    ]
    assert {line for line, _ in places} == {7}
