"""What is asked of the file of every program, whatever its kind, and how it is told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.ddl.definition.program_file import at, file_problem
from reconciler.ddl.lexer import Token
from reconciler.ddl.programs.facts import may_hold_any_text
from reconciler.ddl.programs.names import outside_names_in_body
from reconciler.ddl.programs.secrets import holds_secret
from reconciler.errors import InvalidInput, Location, Problem
from reconciler.limits import IDENTIFIER_CHARS_MAX
from reconciler.model.programs import CreatedWith


def refuse_nul(text: str, path: str, message: str) -> None:
    """Raises InvalidInput at the first of them."""
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        where = Location(path=path, line=line, column=1)
        raise InvalidInput(file_problem("definition-unreadable", message, "remove it", where))


def empty_file(path: str, message: str, recovery: str) -> InvalidInput:
    where = Location(path=path, line=1, column=1)
    return InvalidInput(
        file_problem(code="definition-empty", message=message, recovery=recovery, where=where)
    )


def may_be_a_name(name: str) -> bool:
    return 0 < len(name) <= IDENTIFIER_CHARS_MAX and name == name.strip()


def says_a_database(whose: str, where: Location) -> InvalidInput:
    message = f"{whose} name says a database"
    recovery = "write its name alone: the shard says the database"
    return InvalidInput(file_problem("definition-other-database", message, recovery, where))


def cannot_stand(token: Token, path: str, *, where: str, recovery: str) -> Problem:
    message = (
        f"{token.text[:30]!r} cannot stand {where}: an executable comment, or text that has no end"
    )
    return file_problem(
        code="definition-unreadable", message=message, recovery=recovery, where=at(token, path)
    )


def body_problems(kind: str, one: str, body: str, where: Location) -> Iterator[Problem]:
    """Of what has a file of its own, and a body. `one`: with its article."""
    yield from outside_problems(
        kind,
        outside_names_in_body(body),
        where,
        recovery=f"write names of the shard's own database alone; {one} on another database is not"
        " managed: delete the file and leave it alone with `policy.ignore_tables`",
    )
    yield from secret_problems(
        kind,
        body,
        where,
        recovery=f"take it out of the body; {one} that must have it is not managed: delete the file"
        " and leave it alone with `policy.ignore_tables`",
    )


def outside_problems(
    kind: str, outside: Sequence[str], where: Location, *, recovery: str
) -> Iterator[Problem]:
    if outside:
        yield file_problem(
            code="definition-other-database",
            message=f"the {kind} uses {', '.join(outside)[:200]}, which says a database",
            recovery=recovery,
            where=where,
        )


def secret_problems(kind: str, text: str, where: Location, *, recovery: str) -> Iterator[Problem]:
    if holds_secret(text):
        yield file_problem(
            code="definition-secret",
            message=f"a password may stand in the {kind}, which every plan and report would show",
            recovery=recovery,
            where=where,
        )


def client_problems(
    one: str, made: CreatedWith | None, text: str, where: Location
) -> Iterator[Problem]:
    """Under the client that it is made with. `one`: with its article."""
    if made is not None and not may_hold_any_text(made, text):
        yield file_problem(
            "annotation-invalid",
            f"text beyond ASCII, in {one} that is made with"
            f" character_set_client={made.character_set_client}",
            "have it made with character_set_client=utf8mb4, or write it in ASCII",
            where,
        )
