"""Line ends of programs that clients of other machines have made."""

from __future__ import annotations

import pytest

from reconciler.ddl.programs.facts import text_of
from reconciler.ddl.programs.line_ends import with_plain_line_ends
from reconciler.ddl.programs.routine import read_routine
from reconciler.errors import Refused
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.programs import CreatedWith
from reconciler.model.schema import OtherObject

MADE = CreatedWith(
    character_set_client="utf8mb4",
    collation_connection="utf8mb4_bin",
    sql_mode="",
    database_collation="utf8mb4_bin",
)


def live(body: str) -> str:
    head = "CREATE PROCEDURE `p`()\n    SQL SECURITY INVOKER\n"
    other = OtherObject(
        kind=ObjectKind.PROCEDURE, name="p", definition=f"{head}{body}", created_with=MADE
    )
    return text_of(other)


@pytest.mark.invariant("PG-19")
@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("BEGIN\r\n  SELECT 1; -- one\r\nEND", "BEGIN\n  SELECT 1; -- one\nEND"),
        ("/* a\r\nb */ SELECT `a`\r\n", "/* a\nb */ SELECT `a`\n"),
        ("SELECT 'a\r\nb',\r\n 1", "SELECT 'a\r\nb',\n 1"),
        ("SELECT 1\n", "SELECT 1\n"),
    ],
)
def test_only_those_of_strings_stay(text: str, plain: str) -> None:
    assert with_plain_line_ends(text) == plain


@pytest.mark.invariant("PG-19")
def test_a_body_with_other_line_ends_is_the_same_routine() -> None:
    about = ObjectId(ObjectKind.PROCEDURE, "p")
    body = "BEGIN\n  SELECT 1;\nEND"
    assert read_routine(live(body.replace("\n", "\r\n")), about) == read_routine(live(body), about)
    with pytest.raises(Refused, match="a carriage return stands in a string"):
        read_routine(live("SELECT 'a\r\nb'"), about)
