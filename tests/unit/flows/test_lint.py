"""`lint` over files: rules put to what changed, the baseline, edits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from reconciler.errors import InvalidInput
from reconciler.flows.lint import (
    branch_start,
    fix_files,
    lint_change,
    lint_files,
    lint_work,
    write_baselines,
)
from reconciler.outcomes.ends import lint_code
from reconciler.outcomes.exit_code import ExitCode
from reconciler.report.compose.lint import lint_document
from reconciler.report.write.text import write_text
from reconciler.spec.load import DesiredFiles, load_repository
from reconciler.spec.tree import FileTree
from tests.offline_fleet import Files

SPEC = """version: 1
keyspace: commerce
schema: schemas/commerce
environments:
  production:
    connection: {host: db, database: "d_{shard}", user: u}
    shards: ["-80", "80-"]
lint: {baseline: specs/commerce.baseline}
"""
OLD = "CREATE TABLE log (at datetime, n int(11));\n"
NEW = "CREATE TABLE carts (at datetime);\n"


def files(**tables: str) -> Files:
    content = {"specs/commerce.yaml": SPEC.encode()}
    content |= {f"schemas/commerce/{name}.sql": text.encode() for name, text in tables.items()}
    return Files(content)


def rules(tree: FileTree, before: FileTree | None = None) -> list[tuple[str, str]]:
    return [(one.rule, one.about) for one in lint_files(tree, before)[0].remarks]


@dataclass
class Commits:
    """`BranchedHistory` of two commits: `main`, and `work` that left it."""

    main: Files
    work: Files

    def resolve(self, ref: str) -> str:
        return ref

    def tree(self, commit: str) -> FileTree:
        return self.main if commit == "main" else self.work

    def protected_tip(self) -> str | None:
        return "main"

    def contains(self, tip: str, commit: str) -> bool:
        return commit == "main" or tip == commit

    def fork_point(self, tip: str, commit: str) -> str | None:
        return "main"

    def versions_of(self, path: str) -> Iterator[bytes]:
        return iter(())


def test_a_branch_is_told_of_its_own_tables() -> None:
    commits = Commits(files(log=OLD), files(log=OLD, carts=NEW))
    outcomes, since = lint_work(commits.work, commits, "work")
    assert since == "main"
    assert [(one.rule, one.about, one.new) for one in outcomes[0].remarks] == [
        ("primary-key", "carts", True)
    ]
    assert (outcomes[0].looked_at, outcomes[0].tables) == (1, 2)
    assert lint_code(outcomes[0]) is ExitCode.ERROR


def test_a_plan_is_told_of_the_tables_that_its_branch_changes() -> None:
    commits = Commits(files(log=OLD), files(log=OLD, carts=NEW))
    began = branch_start(commits, "work")
    assert began is not None
    outcome = lint_change(load_repository_of(commits.work), commits.work, began)
    assert [(one.rule, one.about, one.new) for one in outcome.remarks] == [
        ("primary-key", "carts", True)
    ]
    assert (outcome.looked_at, outcome.tables) == (1, 2)


def load_repository_of(tree: FileTree) -> DesiredFiles:
    loaded = load_repository(tree)["commerce"]
    assert isinstance(loaded, DesiredFiles)
    return loaded


def test_on_the_protected_branch_every_table_is_looked_at_unless_one_changed() -> None:
    commits = Commits(files(log=OLD), files())
    outcomes, since = lint_work(commits.main, commits, "main")
    assert since is None
    assert outcomes[0].looked_at == 1
    outcomes, since = lint_work(files(log=OLD, carts=NEW), commits, "main")
    assert since == "main"
    assert outcomes[0].looked_at == 1


def test_a_spec_that_was_broken_before_has_every_table_looked_at() -> None:
    before = files(log=OLD)
    before.content["specs/commerce.yaml"] = b"version: 1\n"
    assert rules(files(log=OLD), before) == rules(files(log=OLD))


def test_a_baseline_takes_what_is_there_and_leaves_what_comes() -> None:
    tree = files(log=OLD)
    assert write_baselines(lint_files(tree), tree) == ("specs/commerce.baseline",)
    assert rules(tree) == []
    tree.content["schemas/commerce/carts.sql"] = NEW.encode()
    assert rules(tree) == [("primary-key", "carts")]
    assert len(lint_files(tree)[0].listed) == 2
    write_baselines(lint_files(tree), tree)
    assert rules(tree) == []


def test_a_baseline_that_cannot_be_read_is_a_problem_and_not_an_empty_one() -> None:
    tree = files(log=OLD)
    tree.content["specs/commerce.baseline"] = b"version: 7\n"
    (outcome,) = lint_files(tree)
    assert [problem.code for problem in outcome.problems] == ["lint-baseline-unreadable"]
    assert lint_code(outcome) is ExitCode.ERROR


def test_a_baseline_needs_a_place_in_the_spec_before_anything_is_written() -> None:
    tree = files(log=OLD)
    tree.content["specs/commerce.yaml"] = SPEC.replace("lint:", "# lint:").encode()
    with pytest.raises(InvalidInput) as raised:
        write_baselines(lint_files(tree), tree)
    assert raised.value.problems[0].code == "lint-baseline-unnamed"


@pytest.mark.invariant("LN-3")
def test_a_fix_writes_the_files_it_has_to_and_no_others() -> None:
    tree = files(log=f"-- since 2019, int(11) here stays\n{OLD}", carts=NEW)
    assert fix_files(tree, lint_files(tree), tree) == ("schemas/commerce/log.sql",)
    text = tree.content["schemas/commerce/log.sql"].decode()
    assert text == "-- since 2019, int(11) here stays\nCREATE TABLE log (at datetime, n int);\n"
    assert fix_files(tree, lint_files(tree), tree) == ()


@pytest.mark.invariant("LN-3")
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_fix_leaves_line_ends_and_what_an_editor_put_first(mark: str, end: str) -> None:
    lines = (
        "CREATE TABLE log (",
        "  a int (11)  NOT NULL,",
        "  KEY a (a),",
        "  KEY b (a)",
        ");",
        "",
    )
    gone = ["  "] if end == "\r" else []  # an end that nobody writes any more: a line is left
    fixed = ["CREATE TABLE log (", "  a int  NOT NULL,", "  KEY a (a)", *gone, ");", ""]
    tree = files(log=mark + end.join(lines))
    fix_files(tree, lint_files(tree), tree)
    assert tree.content["schemas/commerce/log.sql"].decode() == mark + end.join(fixed)


def test_a_schema_that_is_older_than_its_rules_is_told_how_to_begin() -> None:
    def said(tree: FileTree, before: FileTree | None = None) -> str:
        return " ".join(write_text(lint_document(lint_files(tree, before))).split())

    strict = SPEC.replace("lint: {", "lint: {rules: {primary-key: error}, ")
    there = files(log=OLD)
    there.content["specs/commerce.yaml"] = strict.encode()
    assert "or run `reconciler lint --write-baseline`" in said(there)
    unnamed = strict.replace(", baseline: specs/commerce.baseline", "")
    there.content["specs/commerce.yaml"] = unnamed.encode()
    assert "put `lint: {baseline: specs/commerce.baseline}` into the spec and run" in said(there)
    assert "--write-baseline" not in said(files(orders="CREATE TABLE orders (id int PRIMARY KEY);"))
