"""DS-5 and GD-3: what may reach a socket, and which texts are the same statement."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.ddl.lexer import TokenKind, tokenize
from reconciler.ddl.statement.check import canonical_statement, check_statement
from reconciler.ddl.statement.parts import StatementText, split_statement
from reconciler.ddl.words import RESERVED
from reconciler.errors import Refused
from tests.sections import CASES

STATEMENTS = CASES / "statements"
MANAGED = frozenset({"users", "orders"})


def read_cases(name: str) -> list[tuple[str, str]]:
    """(word behind `==`, text) of each case of a file."""
    text = (STATEMENTS / name).read_text(encoding="utf-8")
    blocks = re.split(r"^== (.*)\n", text, flags=re.MULTILINE)[1:]
    return [
        (word, body.removesuffix("\n"))
        for word, body in zip(blocks[::2], blocks[1::2], strict=True)
    ]


@pytest.mark.invariant("DS-5")
@pytest.mark.parametrize(("kind", "sql"), read_cases("accepted.case"))
def test_one_statement_on_a_managed_table_passes(kind: str, sql: str) -> None:
    assert check_statement(sql, tables=MANAGED) == kind


@pytest.mark.invariant("DS-5")
@pytest.mark.parametrize(("code", "sql"), read_cases("refused.case"))
def test_everything_else_is_refused(code: str, sql: str) -> None:
    with pytest.raises(Refused) as caught:
        check_statement(sql, tables=MANAGED)
    assert [problem.code for problem in caught.value.problems] == [code]


@pytest.mark.invariant("DS-5")
@pytest.mark.parametrize(
    "sql", [sql for code, sql in read_cases("refused.case") if code == "statement-second"]
)
def test_our_own_reader_alone_does_not_let_a_second_statement_through(
    sql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if it lost what stands behind the first statement."""

    def forgetful(text: str) -> StatementText:
        return replace(split_statement(text), behind=())

    monkeypatch.setattr("reconciler.ddl.statement.check.split_statement", forgetful)
    with pytest.raises(Refused) as caught:
        check_statement(sql, tables=MANAGED)
    assert [problem.code for problem in caught.value.problems] == ["statement-second"]


@pytest.mark.invariant("DS-5")
@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE users FORCE\0",
        "ALTER TABLE users COMMENT 'a\0b'",
        "ALTER TABLE users FORCE \x1c",
        # To the server these are other names: a no-break space and an Arabic digit are letters.
        "ALTER TABLE users\u00a0 FORCE",
        "ALTER TABLE users\u3000FORCE",
        "DROP TABLE users\u0661",
        "DROP TABLE ｕsers",
        # To the server no comment begins here.
        "ALTER TABLE users COMMENT '' --\u00a0, RENAME TO other.t",
    ],
)
def test_characters_that_only_look_harmless_are_refused(sql: str) -> None:
    with pytest.raises(Refused):
        check_statement(sql, tables=MANAGED)


@pytest.mark.invariant("DS-5")
def test_a_name_of_any_characters_is_checked_as_the_name_it_is() -> None:
    name = "we`ird.na;me -- é"
    quoted = "`" + name.replace("`", "``") + "`"
    check_statement(f"DROP TABLE {quoted}", tables=frozenset({name}))
    with pytest.raises(Refused):
        check_statement(f"DROP TABLE {quoted}", tables=MANAGED)


def pairs() -> list[tuple[str, str, str]]:
    found = []
    for word, body in read_cases("canonical.case"):
        one, other = body.split("\n---\n")
        found.append((word, one, other))
    return found


@pytest.mark.invariant("GD-3")
@pytest.mark.parametrize(("verdict", "one", "other"), pairs())
def test_only_white_space_quoting_keyword_case_and_the_last_semicolon_are_forgiven(
    verdict: str, one: str, other: str
) -> None:
    equal = canonical_statement(one) == canonical_statement(other)
    assert equal is (verdict == "same")


@pytest.mark.invariant("GD-3")
@pytest.mark.parametrize(("code", "sql"), read_cases("refused.case"))
def test_text_that_is_not_understood_equals_nothing(code: str, sql: str) -> None:
    if code == "statement-table" and "." not in sql.replace("`mysql.users`", ""):
        canonical_statement(sql)  # one plain table: whether it is managed is asked elsewhere
        return
    with pytest.raises(Refused):
        canonical_statement(sql)


ACCEPTED = st.sampled_from([sql for _, sql in read_cases("accepted.case")])


@given(sql=ACCEPTED, data=st.data())
def test_writing_it_otherwise_gives_the_same_canonical_text(sql: str, data: st.DataObject) -> None:
    written = []
    for token in tokenize(sql):
        text = token.text
        if token.kind is TokenKind.WORD and text.upper() in RESERVED:
            text = data.draw(st.sampled_from([text.lower(), text.upper(), text.title()]))
        gap = (
            "\n" if token.kind is TokenKind.COMMENT else data.draw(st.sampled_from([" ", "\n\t "]))
        )
        written.append(text + gap)
    assert canonical_statement("".join(written)) == canonical_statement(sql)


@given(sql=ACCEPTED)
def test_canonical_text_is_its_own_canonical_text_and_as_permitted(sql: str) -> None:
    canonical = canonical_statement(sql)
    assert canonical_statement(canonical) == canonical
    assert check_statement(canonical, tables=MANAGED) == check_statement(sql, tables=MANAGED)


@given(sql=ACCEPTED, data=st.data())
def test_any_token_changed_gives_another_canonical_text(sql: str, data: st.DataObject) -> None:
    tokens = list(tokenize(sql.rstrip(";")))
    at = data.draw(st.integers(0, len(tokens) - 1))
    change = data.draw(st.sampled_from(["drop", "repeat", "swap"]))
    changed = list(tokens)
    match change:
        case "drop":
            del changed[at]
        case "repeat":
            changed.insert(at, tokens[at])
        case _:
            changed[at], changed[at - 1] = changed[at - 1], changed[at]
    before, after = (canonical_words([t.text for t in side]) for side in (tokens, changed))
    if before == after:
        return
    with suppress(Refused):
        assert canonical_statement("\n".join(t.text for t in changed)) != canonical_statement(sql)


def canonical_words(words: list[str]) -> list[str]:
    """So that swapping `x` with X of the same meaning is no change."""
    return [word.strip("`").upper() for word in words if word != ";"]


@given(st.text(alphabet="aA`'\"\\;-/*!#.,() \n\x00\u00a0é0=", max_size=30))
def test_no_tail_smuggles_anything_in(tail: str) -> None:
    """Whatever follows a statement, what passes has the one table and nothing behind its end."""
    try:
        check_statement(f"DROP TABLE users {tail}", tables=MANAGED)
    except Refused:
        return
    kinds = [token for token in tokenize(tail) if token.kind is not TokenKind.COMMENT]
    assert [token.text for token in kinds] in ([], [";"])
