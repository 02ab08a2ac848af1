"""What is told of what rules find: weights, exceptions, the baseline, and what is new."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.ddl.definition.file import read_definition_file
from reconciler.ddl.outline.model import Place
from reconciler.ddl.outline.read import read_outline
from reconciler.lint.baseline import baseline_keys, baseline_text
from reconciler.lint.edits import edited
from reconciler.lint.judge import judge, key_of
from reconciler.lint.model import Ground, Keyspace, NamedProgram, Severity
from reconciler.lint.settings import LintException, LintSettings, RuleSetting
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.spec.yaml_text import read_yaml

LOG = "CREATE TABLE log (at datetime)"


def keyspace(*statements: str, ground: Ground = Ground.MYSQL, sharded: bool = False) -> Keyspace:
    files = [read_definition_file(sql, "schemas/log.sql") for sql in statements]
    tables = {file.table.lower(): read_outline(file) for file in files}
    return Keyspace(tables=tables, ground=ground, sharded=sharded)


def only(rule: str, severity: Severity, new: Severity | None = None) -> LintSettings:
    return LintSettings(rules=((rule, RuleSetting(severity=severity, new=new)),))


def test_what_is_there_weighs_less_than_what_a_change_brings() -> None:
    there = judge(keyspace(LOG), LintSettings()).remarks
    brought = judge(keyspace(LOG), LintSettings(), before=keyspace()).remarks
    assert [(one.rule, one.severity, one.new) for one in there] == [
        ("primary-key", Severity.WARNING, False)
    ]
    assert [(one.rule, one.severity, one.new) for one in brought] == [
        ("primary-key", Severity.ERROR, True)
    ]


def test_what_a_rule_found_before_is_not_new_in_a_table_that_changed() -> None:
    changed = keyspace("CREATE TABLE log (at datetime, line double)")
    told = judge(changed, LintSettings(), before=keyspace(LOG)).remarks
    assert [(one.rule, one.severity, one.new) for one in told] == [
        ("primary-key", Severity.WARNING, False),
        ("float", Severity.WARNING, True),
    ]


def test_tables_that_did_not_change_are_not_looked_at() -> None:
    judgement = judge(keyspace(LOG), LintSettings(), before=keyspace(LOG))
    assert (judgement.tables, judgement.remarks) == (0, ())


def test_what_the_spec_says_of_a_rule_goes_before_all_that_the_rule_says() -> None:
    settings = only("foreign-key", severity=Severity.INFO)
    vitess = keyspace(
        "CREATE TABLE c (id int PRIMARY KEY, p int, KEY (p),"
        " CONSTRAINT fk FOREIGN KEY (p) REFERENCES p (id))",
        ground=Ground.VITESS,
        sharded=True,
    )
    by_rule = {one.rule: one.severity for one in judge(vitess, LintSettings()).remarks}
    by_spec = {one.rule: one.severity for one in judge(vitess, settings).remarks}
    assert (by_rule["foreign-key"], by_spec["foreign-key"]) == (Severity.ERROR, Severity.INFO)


def test_a_rule_that_is_off_for_what_is_there_may_be_on_for_what_is_new() -> None:
    settings = only("primary-key", severity=Severity.OFF, new=Severity.ERROR)
    assert judge(keyspace(LOG), settings).remarks == ()
    assert len(judge(keyspace(LOG), settings, before=keyspace()).remarks) == 1


@pytest.mark.invariant("LN-2")
def test_an_exception_covers_its_rule_at_its_place_alone_and_is_told_where_it_covers_nothing() -> (
    None
):
    meant = LintException(rule="primary-key", table="lo*", reason="written once, read never")
    other = LintException(rule="primary-key", table="orders", reason="an older one")
    narrow = LintException(rule="primary-key", table="log", object="at", reason="of a column")
    judgement = judge(keyspace(LOG), LintSettings(allow=(meant, other, narrow)))
    assert judgement.remarks == ()
    assert [one.rule for one in judgement.excepted] == ["primary-key"]
    assert judgement.unused == (other, narrow)


@pytest.mark.invariant("LN-2")
def test_a_rule_of_changes_is_asked_where_something_changed_and_so_are_its_exceptions() -> None:
    now = keyspace("CREATE TABLE log (day date, at datetime)")
    meant = LintException(rule="column-inside", table="log", reason="read by name alone")
    changed = judge(now, LintSettings(allow=(meant,)), before=keyspace(LOG))
    assert [one.rule for one in changed.excepted] == ["column-inside"]
    whole = judge(now, LintSettings(allow=(meant,)))
    assert (whole.excepted, whole.unused) == ((), ())
    created = judge(now, LintSettings(), before=keyspace())
    assert "column-inside" not in {one.rule for one in created.remarks}


def test_what_was_found_under_a_tables_old_name_is_not_new() -> None:
    now = keyspace("-- reconciler: rename table log to journal\nCREATE TABLE journal (at datetime)")
    told = judge(now, LintSettings(), before=keyspace(LOG)).remarks
    assert [(one.rule, one.new) for one in told] == [("primary-key", False)]


def test_of_exceptions_nothing_is_said_where_only_what_changed_is_looked_at() -> None:
    other = LintException(rule="primary-key", table="orders", reason="an older one")
    judgement = judge(keyspace(LOG), LintSettings(allow=(other,)), before=keyspace())
    assert judgement.unused == ()


def test_a_baseline_reads_back_as_what_was_found_and_lists_it() -> None:
    names = keyspace('CREATE TABLE `a "b\\` (`x: y` int(4))', LOG)
    found = judge(names, LintSettings()).remarks
    text = baseline_text(found)
    keys = baseline_keys(read_yaml(text, "specs/x.baseline").value)
    assert keys == frozenset(map(key_of, found))
    judgement = judge(names, LintSettings(), baseline=keys)
    assert judgement.remarks == ()
    assert judgement.listed == found


def test_no_name_breaks_a_baseline_or_reads_back_as_another() -> None:
    """A raw line end was read as a blank, and any other control character stopped all of lint."""
    named = "CREATE TABLE `t\nu` (id int PRIMARY KEY, a int, KEY `{}` (a), KEY b (a))"
    for name in ("p\nq", "p\u0007", "\x7f\x85p", "p\u2028q\ufeff", "\u202ep", "\U000e0041", " p"):
        found = judge(keyspace(named.format(name)), LintSettings()).remarks
        assert found
        keys = baseline_keys(read_yaml(baseline_text(found), "specs/x.baseline").value)
        assert keys == frozenset(map(key_of, found))


def test_a_file_that_is_no_baseline_is_not_read_as_an_empty_one() -> None:
    others: list[object] = [{}, {"version": 2, "known": {}}, {"version": 1, "known": []}, [], None]
    assert [baseline_keys(value) for value in others] == [None] * len(others)
    assert baseline_keys({"version": 1, "known": {"float": {"t": [1]}}}) is None
    assert baseline_keys({"version": 1, "known": {}}) == frozenset()


def test_the_name_of_a_program_is_looked_at_where_it_is_new_or_was_there() -> None:
    at = Place(line=2, column=1, start=0, end=0)
    about = ObjectId(ObjectKind.VIEW, "rank")
    view = NamedProgram(about=about, path="views/rank.sql", at=at)
    free = replace(view, about=ObjectId(ObjectKind.PROCEDURE, "ranks"))
    now = replace(keyspace(), programs=(free, view))
    settings = only("reserved-word", severity=Severity.WARNING, new=Severity.ERROR)
    for before, told in (
        (None, [(Severity.WARNING, False)]),
        (keyspace(), [(Severity.ERROR, True)]),
        (now, []),
        (replace(now, programs=(replace(view, path="views/r.sql"),)), [(Severity.WARNING, False)]),
    ):
        remarks = judge(now, settings, before=before).remarks
        assert [(one.severity, one.new) for one in remarks] == told
        assert all((one.about, one.path, one.line) == ("rank", view.path, 2) for one in remarks)
    allowed = replace(
        settings, allow=(LintException(rule="reserved-word", table="rank", reason="meant"),)
    )
    assert judge(now, allowed).remarks == ()


def test_edits_take_away_what_was_found_and_leave_every_other_character() -> None:
    text = """-- orders, since 2019
CREATE TABLE orders (
  id bigint(20) NOT NULL, -- counted elsewhere
  shop int(11) NOT NULL, -- the key is below
  KEY a (shop),
  PRIMARY KEY (id),
  KEY shop (shop) -- twice
) ENGINE=InnoDB;
"""
    expected = """-- orders, since 2019
CREATE TABLE orders (
  id bigint NOT NULL, -- counted elsewhere
  shop int NOT NULL, -- the key is below
  KEY a (shop),
  PRIMARY KEY (id)
   -- twice
) ENGINE=InnoDB;
"""
    table = read_outline(read_definition_file(text, "schemas/orders.sql"))
    found = judge(Keyspace(tables={"orders": table}), LintSettings()).remarks
    assert edited(text, [edit for remark in found for edit in remark.edits]) == expected


@pytest.mark.parametrize(
    ("keys", "left"),
    [
        (["KEY b (b)", "KEY c (b)"], ["KEY b (b)"]),
        (["KEY c (b)", "KEY b (b, a)", "KEY d (b)"], ["KEY b (b, a)"]),
        (["KEY c (b)", "KEY d (b)", "KEY b (b, a)"], ["KEY b (b, a)"]),
        (["KEY b (b, a)", "KEY c (b)", "KEY d (b)"], ["KEY b (b, a)"]),
        (
            ["KEY c (b)", "KEY b (b, a)", "CHECK (a > 0)", "KEY d (b)"],
            ["KEY b (b, a)", "CHECK (a > 0)"],
        ),
    ],
)
def test_a_line_that_an_edit_empties_goes_with_one_comma(keys: list[str], left: list[str]) -> None:
    def written(lines: list[str]) -> str:
        inside = ",\n  ".join(["a int PRIMARY KEY", "b int", *lines])
        return f"CREATE TABLE t (\n  {inside}\n)"

    text = written(keys)
    table = read_outline(read_definition_file(text, "schemas/t.sql"))
    found = judge(Keyspace(tables={"t": table}), LintSettings()).remarks
    assert edited(text, [edit for remark in found for edit in remark.edits]) == written(left)
