"""The lattice of types: which changes keep every value, and what the others do to them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.policy import HazardKind
from reconciler.plan.hazards.column_type import Family, parse_column_type
from reconciler.plan.hazards.type_change import type_change_losses

KEEP = ""
NARROW, CHANGE = "narrow", "change"
_LETTER = {HazardKind.NARROW_TYPE: NARROW, HazardKind.CHANGE_VALUES: CHANGE}

CHANGES = [
    ("tinyint", "int", KEEP),
    ("int(11)", "int", KEEP),
    ("int unsigned", "bigint", KEEP),
    ("bigint unsigned", "bigint", NARROW),
    ("int", "bigint unsigned", NARROW),
    ("int(5) unsigned zerofill", "int unsigned", KEEP),
    ("int", "decimal(10,0)", KEEP),
    ("int", "decimal(10,2)", NARROW),
    ("int", "decimal(12,2) unsigned", NARROW),
    ("int", "double", KEEP),
    ("int", "float", NARROW),
    ("bigint", "double", NARROW),
    ("int", "varchar(11)", CHANGE),
    ("int", "varchar(10)", NARROW + CHANGE),
    ("int", "bit(32)", NARROW),
    ("int unsigned", "bit(32)", KEEP),
    ("bit(8)", "tinyint unsigned", KEEP),
    ("bit(8)", "tinyint", NARROW),
    ("bit(8)", "bit(9)", KEEP),
    ("bit(9)", "bit(8)", NARROW),
    ("int", "date", NARROW),
    ("int", "year", NARROW),
    ("year", "int", KEEP),
    ("year", "tinyint unsigned", NARROW),
    ("decimal(10,2)", "decimal(12,2)", KEEP),
    ("decimal(10,2)", "decimal(10,4)", NARROW),
    ("decimal(10,2)", "decimal(12,4)", KEEP),
    ("decimal(10,4)", "decimal(12,2)", NARROW),
    ("decimal(5,0)", "int", KEEP),
    ("decimal(10,0)", "int", NARROW),
    ("decimal(5,2)", "int", NARROW),
    ("decimal(20,2)", "double", NARROW + CHANGE),
    ("decimal(10,2)", "double", CHANGE),
    ("float", "double", CHANGE),
    ("double", "float", NARROW),
    ("double", "double(10,2)", NARROW),
    ("double", "decimal(30,10)", NARROW),
    ("double", "double unsigned", NARROW),
    ("date", "datetime", KEEP),
    ("date", "datetime(6)", KEEP),
    ("datetime", "date", NARROW),
    ("datetime", "datetime(3)", KEEP),
    ("datetime(3)", "datetime", NARROW),
    ("datetime", "timestamp", NARROW + CHANGE),
    ("timestamp", "datetime", CHANGE),
    ("timestamp(6)", "datetime", NARROW + CHANGE),
    ("timestamp", "date", NARROW),
    ("time", "time(3)", KEEP),
    ("time(3)", "time", NARROW),
    ("time", "datetime", CHANGE),
    ("datetime", "time", NARROW),
    ("date", "varchar(10)", CHANGE),
    ("date", "int", NARROW),
    ("char(10)", "varchar(10)", KEEP),
    ("varchar(10)", "char(10)", CHANGE),
    ("varchar(10)", "varchar(9)", NARROW),
    ("varchar(100)", "tinytext", NARROW),
    ("varchar(63)", "tinytext", KEEP),
    ("varchar(100)", "text", KEEP),
    ("tinytext", "varchar(255)", KEEP),
    ("text", "mediumtext", KEEP),
    ("mediumtext", "text", NARROW),
    ("text", "varchar(16000)", NARROW),
    ("varchar(10)", "int", NARROW),
    ("varchar(10)", "enum('a')", NARROW),
    ("varchar(10)", "varbinary(40)", CHANGE),
    ("varchar(10)", "varbinary(39)", NARROW + CHANGE),
    ("binary(4)", "varbinary(4)", KEEP),
    ("varbinary(4)", "binary(4)", CHANGE),
    ("binary(4)", "binary(5)", CHANGE),
    ("blob", "tinyblob", NARROW),
    ("varbinary(300)", "blob", KEEP),
    ("blob", "text", NARROW),
    ("json", "longtext", CHANGE),
    ("json", "text", NARROW + CHANGE),
    ("longtext", "json", NARROW + CHANGE),
    ("json", "int", NARROW),
    ("enum('a','b')", "enum('a','b','c')", KEEP),
    ("enum('a','b')", "enum('b','a')", CHANGE),
    ("enum('a','b')", "enum('a')", NARROW),
    ("enum('a','b','c')", "enum('a','c')", NARROW + CHANGE),
    ("enum('a','b')", "varchar(1)", KEEP),
    ("enum('a','bb')", "varchar(1)", NARROW),
    ("enum('it''s','a,b)')", "enum('it''s','a,b)','c')", KEEP),
    ("set('a','b')", "set('a','b','c')", KEEP),
    ("set('a','b')", "varchar(3)", KEEP),
    ("set('a','b')", "varchar(2)", NARROW),
    ("enum('a','b')", "set('a','b')", CHANGE),
    ("enum('a')", "int", NARROW),
    ("point", "geometry", KEEP),
    ("geometry", "point", NARROW),
    ("point", "polygon", NARROW),
    ("multipoint", "geomcollection", KEEP),
    ("vector(3)", "vector(4)", KEEP),
    ("vector(4)", "vector(3)", NARROW),
    ("vector(4)", "varbinary(16)", NARROW),
    ("uuid", "uuid", KEEP),
    ("uuid", "inet6", NARROW),
    ("uuid", "char(36)", NARROW + CHANGE),
]


def losses(old: str, new: str, old_charset: str = "utf8mb4", new_charset: str = "utf8mb4") -> str:
    found = type_change_losses(
        parse_column_type(old, old_charset), parse_column_type(new, new_charset)
    )
    kinds = {_LETTER[loss.kind] for loss in found}
    return "".join(letter for letter in (NARROW, CHANGE) if letter in kinds)


@pytest.mark.parametrize(("old", "new", "expected"), CHANGES)
def test_a_change_of_type_does_this_to_values(old: str, new: str, expected: str) -> None:
    assert losses(old, new) == expected


@pytest.mark.parametrize(
    ("old", "new", "text_type", "expected"),
    [
        ("latin1", "utf8mb4", "varchar(10)", KEEP),
        ("ascii", "utf8mb4", "text", KEEP),
        ("utf8mb3", "utf8mb4", "text", KEEP),
        ("latin1", "utf8mb4", "text", NARROW),  # 65,535 bytes of é are twice as many in utf8mb4
        ("utf8mb4", "utf8mb3", "varchar(10)", NARROW),
        ("utf8mb4", "latin1", "varchar(10)", NARROW),
        ("latin1", "latin2", "varchar(10)", NARROW),
        ("utf8mb4", "utf16", "varchar(10)", KEEP),
        ("ucs2", "utf8mb3", "varchar(10)", KEEP),
        ("utf8mb4", "gb18030", "enum('a')", KEEP),
        ("utf8mb4", "ascii", "enum('a')", NARROW),
    ],
)
def test_a_change_of_character_set(old: str, new: str, text_type: str, expected: str) -> None:
    assert losses(text_type, text_type, old, new) == expected


def test_every_family_keeps_its_values_under_its_own_type() -> None:
    for old, _, _ in CHANGES:
        assert losses(old, old) == KEEP


def test_every_pair_of_families_is_harmless_by_rule_or_a_loss() -> None:
    samples = {parse_column_type(old).family: old for old, _, _ in CHANGES}
    assert set(samples) == set(Family)
    for old in samples.values():
        for new in samples.values():
            for loss in type_change_losses(parse_column_type(old), parse_column_type(new)):
                assert loss.reason


@given(st.text(max_size=40))
def test_no_type_text_makes_it_raise_or_pass_for_a_known_one(text: str) -> None:
    unknown = parse_column_type(text)
    known = parse_column_type("int")
    if unknown.family is Family.OTHER:
        assert type_change_losses(unknown, known)
    else:
        type_change_losses(unknown, known)


INTEGERS = st.sampled_from(["tinyint", "smallint", "mediumint", "int", "bigint"])
SIGNS = st.sampled_from(["", " unsigned"])


@given(INTEGERS, SIGNS, INTEGERS, SIGNS, INTEGERS, SIGNS)
def test_two_harmless_changes_make_a_harmless_one(
    one: str, s1: str, two: str, s2: str, three: str, s3: str
) -> None:
    if not losses(one + s1, two + s2) and not losses(two + s2, three + s3):
        assert not losses(one + s1, three + s3)
