"""A routine as a text: what a server prints of it, strictly read; and the statements that make one.

Its body is verbatim, with its comments and its white space: servers keep it so. It is never run
here, and its text never reaches a server but as the statement that makes it.
"""

from __future__ import annotations

import re
from dataclasses import replace

from reconciler.ddl.fingerprint import value_fingerprint
from reconciler.ddl.lexer import UNREADABLE, TokenKind, tokenize
from reconciler.ddl.programs.accounts import Account
from reconciler.ddl.programs.facts import (
    CARRIAGE_RETURN,
    NO_TEXT,
    OTHER_LANGUAGE,
    kept_of_session,
    may_hold_any_text,
    not_understood,
    read_facts,
    with_facts,
)
from reconciler.ddl.programs.names import outside_names_in_body
from reconciler.ddl.programs.secrets import A_SECRET, holds_secret
from reconciler.ddl.quote import quote_identifier, unquote_identifier
from reconciler.ddl.scan import NAME
from reconciler.errors import Refused
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.programs import CreatedWith, Routine, Security
from reconciler.model.schema import OtherObject

HEAD = rf"(?P<aggregate>AGGREGATE )?(?P<kind>PROCEDURE|FUNCTION) (?P<name>{NAME})(?=\()"
_SHOWN = re.compile(rf"CREATE {HEAD}")
_RETURNS = re.compile(r" RETURNS [^\n]+")
_TRAIT = re.compile(
    r"    (NO SQL|READS SQL DATA|MODIFIES SQL DATA|DETERMINISTIC|SQL SECURITY INVOKER"
    r"|COMMENT '(?:[^'\\]|\\.|'')*+')\n",
    re.DOTALL,
)
_INVOKER = "SQL SECURITY INVOKER"
_COMMENT = "COMMENT "


def read_routine(text: str, about: ObjectId) -> Routine:
    """Raises Refused for what is in no form that is understood."""
    facts = read_facts(text)
    mode = facts.created_with.sql_mode if facts else None
    # Asked first: servers print its name as that mode quotes it.
    if modes := OTHER_LANGUAGE.intersection((mode or "").split(",")):
        raise _refused(about, f"it was made under sql_mode {', '.join(sorted(modes))}")
    head = _SHOWN.match(facts.shown) if facts else None
    if facts is None or head is None or mode is None:
        raise _refused(about, "its server prints it in a form that is not understood")
    found = ObjectId(ObjectKind(head["kind"].lower()), unquote_identifier(head["name"]))
    parts = _parts(facts.shown[head.end() :], found.kind)
    if found != about or parts is None:
        raise _refused(about, "its server prints it in a form that is not understood")
    signature, said, body = parts
    if NO_TEXT in facts.shown:
        raise _refused(about, "the server prints bytes of it that are no text")
    if "\r" in facts.shown:
        raise _refused(about, CARRIAGE_RETURN)
    security = Security.INVOKER if _INVOKER in said else Security.DEFINER
    routine = Routine(
        kind=found.kind,
        name=found.name,
        security=security,
        definer=facts.definer if security is Security.DEFINER else None,
        signature=signature,
        traits=tuple(trait for trait in said if trait != _INVOKER),
        body=body,
        created_with=facts.created_with,
        aggregate=head["aggregate"] is not None,
    )
    _check(routine)
    return routine


def _parts(rest: str, kind: ObjectKind) -> tuple[str, tuple[str, ...], str] | None:
    """Signature, what is said of it, and body, of what stands behind the name."""
    end = _closing(rest)
    if end is None:
        return None
    if kind is ObjectKind.FUNCTION:
        returns = _RETURNS.match(rest, end)
        if returns is None:
            return None
        end = returns.end()
    if rest[end : end + 1] != "\n":
        return None
    signature, at = rest[:end], end + 1
    said = []
    while (trait := _TRAIT.match(rest, at)) is not None:
        said.append(trait[1])
        at = trait.end()
    body = _to_its_end(rest[at:])
    return (signature, tuple(said), body) if body else None


def _to_its_end(body: str) -> str:
    """Without the semicolon and the comments behind it, which a server keeps of some clients and no
    file has."""
    tokens = [token for token in tokenize(body) if token.kind is not TokenKind.COMMENT]
    while tokens and tokens[-1].is_punctuation(";"):
        tokens.pop()
    return body[: tokens[-1].offset + len(tokens[-1].text)] if tokens else ""


def _closing(rest: str) -> int | None:
    """Behind the bracket that ends the parameters."""
    depth = 0
    for token in tokenize(rest):
        depth += token.is_punctuation("(") - token.is_punctuation(")")
        if depth == 0:
            return token.offset + 1
    return None


def _check(routine: Routine) -> None:
    about, text = routine.object_id, f"{routine.signature}\n{routine.body}"
    if any(token.kind in UNREADABLE for token in tokenize(text)):
        raise _refused(about, "it holds an executable comment, or text that has no end")
    if _is_of_another_language(routine.body):
        raise _refused(about, "it is written in another language than SQL")
    if not _is_one_statement(routine.body):
        raise _refused(about, "its body is more than one statement")
    if outside := outside_names_in_body(text):
        raise _refused(about, f"it uses {', '.join(outside)[:200]} of another database")
    if holds_secret(text):
        raise _refused(about, A_SECRET)
    if not may_hold_any_text(routine.created_with, text):
        client = routine.created_with.character_set_client
        raise _refused(about, f"it was made by a client of {client} beyond ASCII")


def _is_of_another_language(body: str) -> bool:
    """MySQL prints it behind all that is read above; a label may have the word for its name."""
    tokens = [token for token in tokenize(body) if token.kind is not TokenKind.COMMENT]
    return tokens[0].is_word("LANGUAGE") and not any(t.is_punctuation(":") for t in tokens[1:2])


def _is_one_statement(body: str) -> bool:
    """One with a semicolon in it is a block, and ends as blocks do. That nothing follows a block,
    a server sees to: no session of ours can have it run two statements."""
    tokens = [token for token in tokenize(body) if token.kind is not TokenKind.COMMENT]
    if not any(token.is_punctuation(";") for token in tokens):
        return True
    return any(token.is_word("END") for token in tokens[-3:])


def routine_text(routine: Routine) -> str:
    """The other way round."""
    return with_facts(_shown(routine), routine.definer, routine.created_with)


def routine_as_shown(routine: Routine) -> OtherObject:
    return OtherObject(
        kind=routine.kind,
        name=routine.name,
        definition=_shown(routine),
        definer=routine.definer,
        created_with=routine.created_with,
    )


def routine_fingerprint(routine: Routine) -> str:
    return value_fingerprint("reconciler/routine/v1", routine)


def routine_file_text(routine: Routine, usual: CreatedWith | None) -> str:
    """With DELIMITER lines, so that people's clients take it as well."""
    made = f"-- reconciler: created with {kept_of_session(routine.created_with)}\n"
    said = (
        ""
        if usual is not None and kept_of_session(usual) == kept_of_session(routine.created_with)
        else made
    )
    return f"{said}DELIMITER //\n{_shown(routine)}//\nDELIMITER ;\n"


def create_routine_sql(routine: Routine, definer: Account | None, *, replaces: bool) -> str:
    assert (definer is not None) == (routine.security is Security.DEFINER), "as the policy has it"
    account = f"DEFINER={definer.sql} " if definer is not None else ""
    return f"CREATE {'OR REPLACE ' if replaces else ''}{account}{_tail(routine)}"


def scratch_routine_sql(routine: Routine) -> tuple[str, ...]:
    """Over one that may be there, without anybody's rights."""
    bare = replace(routine, security=Security.INVOKER)
    drop = f"DROP {routine.kind.upper()} IF EXISTS {quote_identifier(routine.name)}"
    return (drop, create_routine_sql(bare, None, replaces=False))


def drop_routine_sql(about: ObjectId) -> str:
    return f"DROP {about.kind.upper()} {quote_identifier(about.name)}"


def _shown(routine: Routine) -> str:
    return f"CREATE {_tail(routine)}"


def _tail(routine: Routine) -> str:
    """As servers print it: whose rights it has stands before its comment."""
    said = [trait for trait in routine.traits if not trait.startswith(_COMMENT)]
    said += [_INVOKER] if routine.security is Security.INVOKER else []
    said += [trait for trait in routine.traits if trait.startswith(_COMMENT)]
    aggregate = "AGGREGATE " if routine.aggregate else ""
    head = f"{aggregate}{routine.kind.upper()} {quote_identifier(routine.name)}{routine.signature}"
    return f"{head}\n{''.join(f'    {trait}{chr(10)}' for trait in said)}{routine.body}"


def _refused(about: ObjectId, why: str) -> Refused:
    return not_understood("routine-not-understood", about.titled, why)
