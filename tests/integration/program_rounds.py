"""Cases of programs, several of them in one pair of databases: what it costs to make a database, to
look at it and to prove from it is paid once for all of them.

The objects of each case have names of their own there. A table that a case leaves alone is there
once, for all cases that say the same of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pymysql
import pytest
from _pytest.mark import ParameterSet

from reconciler.ddl.lexer import TokenKind, tokenize
from reconciler.ddl.quote import quote_identifier
from tests.sections import CaseText

CASES_IN_A_ROUND = 24
#: Of servers, by the fixtures that start them.
FLAVORS = {"mysql_server": "mysql", "mariadb_server": "mariadb", "mariadb_10_server": "mariadb"}
_NAMES = (TokenKind.WORD, TokenKind.QUOTED_IDENTIFIER)
_MAKES = ("TABLE", "VIEW", "SEQUENCE", "PROCEDURE", "FUNCTION", "TRIGGER", "EVENT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A case in a round; `names` leads from the names of its own objects to those they have
    there."""

    case: CaseText
    names: Mapping[str, str]

    def renamed(self, text: str) -> str:
        for token in reversed([*tokenize(text)]):
            name = self.names.get(token.value) if token.kind in _NAMES else None
            if name is not None:
                behind = text[token.offset + len(token.text) :]
                text = text[: token.offset] + quote_identifier(name) + behind
        return text

    def statements(self, section: str) -> list[str]:
        return [self.renamed(statement) for statement in self.case.statements(section)]

    def has(self, name: str) -> bool:
        return not self.names or name in self.names.values()


@dataclass(frozen=True, slots=True)
class Round:
    members: tuple[Member, ...]

    def statements(self, section: str) -> list[str]:
        """What cases share is said once."""
        found: list[str] = []
        for member in self.members:
            for statement in member.statements(section):
                if not statement.startswith("CREATE TABLE") or statement not in found:
                    found.append(statement)
        return found


def rounds(cases: Sequence[CaseText], *, shares_tables: bool = True) -> Iterator[Round]:
    """A case that is refused or renames, or whose statements are built from strings, stands
    alone."""
    shared: dict[str, str] = {}
    members = [
        Member(case=case, names=_names_in_a_round(case, number, shared if shares_tables else None))
        for number, case in enumerate(cases)
        if not stands_alone(case)
    ]
    for first in range(0, len(members), CASES_IN_A_ROUND):
        yield Round(tuple(members[first : first + CASES_IN_A_ROUND]))
    for case in cases:
        if stands_alone(case):
            yield alone(case)


def in_rounds(cases: Sequence[CaseText], server: str) -> Iterator[ParameterSet]:
    """For `parametrize`, each case on that server: those of a round in a row, for one process."""
    for number, found in enumerate(rounds(cases)):
        for member in found.members:
            case = member.case
            name = f"{case.name}-{server.removesuffix('_server')}"
            marks = pytest.mark.together(server, number)
            yield pytest.param(case, server, id=name, marks=marks)


def cases_of(cases: Iterable[CaseText], flavor: str) -> list[CaseText]:
    return [one for one in cases if flavor in one.headers.get("flavor", "mysql mariadb").split()]


def cases_by_server(cases: Sequence[CaseText]) -> list[ParameterSet]:
    return [
        one
        for server, flavor in FLAVORS.items()
        for one in in_rounds(cases_of(cases, flavor), server)
    ]


class Outcomes:
    """What came of each case on one server, by its name; cases of a round in which one fails are
    run again, each alone."""

    def __init__(self, found: Iterable[Round], converge: Callable[[Round], None]) -> None:
        """`converge` raises AssertionError, or what a server's refusal is to its driver."""
        self._converge = converge
        self._rounds = {one.case.name: each for each in found for one in each.members}
        self._done: dict[str, AssertionError | None] = {}

    def check(self, case: CaseText) -> None:
        if case.name not in self._done:
            self._run(self._rounds[case.name])
        failed = self._done[case.name]
        if failed is not None:
            raise failed

    def _run(self, found: Round) -> None:
        try:
            self._converge(found)
        except (AssertionError, pymysql.Error) as failed:
            if len(found.members) == 1:
                self._done[found.members[0].case.name] = AssertionError(str(failed))
                return
            for member in found.members:
                self._run(alone(member.case))
        else:
            self._done |= {member.case.name: None for member in found.members}


def alone(case: CaseText) -> Round:
    return Round((Member(case=case, names={}),))


def stands_alone(case: CaseText) -> bool:
    texts = "".join(case.sections.values())
    return not {"expect", "renames"}.isdisjoint(case.headers) or "PREPARE " in texts


def _names_in_a_round(case: CaseText, number: int, shared: dict[str, str] | None) -> dict[str, str]:
    """`shared` are tables that a case before has left alone, with what makes them."""
    before, after = ({_made(s): s for s in case.statements(end)} for end in ("from", "to"))
    names = {}
    for name in filter(None, dict.fromkeys((*before, *after))):
        sql = before.get(name)
        is_left_alone = shared is not None and sql == after.get(name) and " TABLE " in (sql or "")
        if shared is None or not is_left_alone or shared.setdefault(name, sql or "") != sql:
            names[name] = f"{name}_{number}"
    return names


def _made(statement: str) -> str | None:
    """The name of what the statement makes."""
    tokens = [*tokenize(statement)]
    if not tokens or not tokens[0].is_word("CREATE"):
        return None
    at = next(i for i, token in enumerate(tokens) if token.is_word(*_MAKES))
    return tokens[at + 1].value
