"""A trigger as a text: what a server keeps of it, strictly read; and the statements that make one.

Its text is that of every program: a line of facts, and the statement that makes it, without the
account and without the shard's own database. Where it stands among the triggers that fire at the
same moment is said by the one that it FOLLOWS; the first of them follows none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.ddl.fingerprint import value_fingerprint
from reconciler.ddl.lexer import UNREADABLE, Token, TokenKind, tokenize
from reconciler.ddl.programs.accounts import Account
from reconciler.ddl.programs.facts import (
    CARRIAGE_RETURN,
    NO_TEXT,
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
from reconciler.model.object_id import ObjectKind
from reconciler.model.programs import CreatedWith, Trigger
from reconciler.model.schema import OtherObject

_TEXT = re.compile(
    rf"CREATE TRIGGER (?P<name>{NAME}) (?P<timing>BEFORE|AFTER) (?P<event>INSERT|UPDATE|DELETE)"
    rf" ON (?P<table>{NAME}) FOR EACH ROW (?:FOLLOWS (?P<follows>{NAME}) )?(?P<body>.+)",
    re.DOTALL,
)
# Under these a text means something else to its server than it does to us.
_MODES_OF_ANOTHER_TEXT = frozenset({"ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "ORACLE"})
_COMPOUND = ("BEGIN", "IF", "CASE", "LOOP", "WHILE", "REPEAT")
_EACH_ROW = ("FOR", "EACH", "ROW")
_ENDS = ("IF", "CASE", "LOOP", "WHILE", "REPEAT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """The trigger of the same moment that one is made beside; None: there is no other."""

    follows: str | None = None
    precedes: str | None = None

    @property
    def sql(self) -> str:
        if self.follows is not None:
            return f"FOLLOWS {quote_identifier(self.follows)} "
        return f"PRECEDES {quote_identifier(self.precedes)} " if self.precedes else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownTrigger:
    """SHOW CREATE TRIGGER, as far as the catalogue does not say it: whose it is, as a server spells
    it, at which moments it fires, and what it does. MariaDB keeps the head as it was typed."""

    definer: str
    moments: str
    body: str


def read_shown(text: str) -> ShownTrigger | None:
    """None for what is no such text."""
    tokens = [token for token in tokenize(text) if token.kind is not TokenKind.COMMENT]
    words = [token.text.upper() for token in tokens]
    body = _body_at(tokens)
    made = words.index("TRIGGER") if "TRIGGER" in words else 0
    if body is None or words[:3] != ["CREATE", "DEFINER", "="] or made > body:
        return None
    definer = text[tokens[3].offset : tokens[made].offset].strip()
    return ShownTrigger(
        definer=definer,
        moments=_moments(words[made + 2 : body]),
        body=body_of_text(text[tokens[body].offset :]),
    )


def _moments(words: Sequence[str]) -> str:
    """From BEFORE or AFTER to ON: MariaDB 12 has several events there, and OF columns."""
    begins = next((at for at, word in enumerate(words) if word in ("BEFORE", "AFTER")), 0)
    ends = words.index("ON", begins) if "ON" in words[begins:] else len(words)
    return " ".join(words[begins:ends])


def with_beside(text: str, beside: Beside) -> str:
    """What a server shows of a trigger, to be made again in its place."""
    tokens = [token for token in tokenize(text) if token.kind is not TokenKind.COMMENT]
    body = _body_at(tokens)
    assert body is not None, "a server showed it"
    offset = tokens[body].offset
    return f"{text[:offset]}{beside.sql}{text[offset:]}"


def _body_at(tokens: Sequence[Token]) -> int | None:
    """Which of the tokens begins what it does: behind FOR EACH ROW, and where it stands."""
    for at in range(3, len(tokens)):
        ahead = tokens[at - 3 : at]
        if all(token.is_word(word) for token, word in zip(ahead, _EACH_ROW, strict=True)):
            is_beside = tokens[at].is_word("FOLLOWS", "PRECEDES") and at + 2 < len(tokens)
            return at + 2 if is_beside else at
    return None


def body_of_text(text: str) -> str:
    """Without what ends it: a server may keep the semicolon behind the last statement, and comments
    there, which in a file are the next trigger's."""
    tokens = [token for token in tokenize(text) if token.kind is not TokenKind.COMMENT]
    while tokens and tokens[-1].text == ";":
        tokens.pop()
    return text[: tokens[-1].offset + len(tokens[-1].text)] if tokens else ""


def read_trigger(text: str, name: str) -> Trigger:
    """The trigger `name`. Raises Refused for what is in no form that is understood."""
    facts = read_facts(text)
    shown = _TEXT.fullmatch(facts.shown) if facts else None
    if facts is None or shown is None or unquote_identifier(shown["name"]) != name:
        raise _refused(name, "its server prints it in a form that is not understood")
    made, body = facts.created_with, shown["body"]
    if NO_TEXT in body:
        raise _refused(name, "the server prints bytes of it that are no text")
    if "\r" in body:
        raise _refused(name, CARRIAGE_RETURN)
    if holds_secret(body):
        raise _refused(name, A_SECRET)
    if not is_one_statement(body):
        raise _refused(name, "what it does is not one statement that is understood")
    if foreign := _MODES_OF_ANOTHER_TEXT.intersection((made.sql_mode or "").upper().split(",")):
        raise _refused(name, f"it was made under sql_mode {min(foreign)}")
    if not may_hold_any_text(made, body):
        raise _refused(name, f"it was made by a client of {made.character_set_client} beyond ASCII")
    if outside := outside_names_in_body(body):
        raise _refused(name, f"it uses {', '.join(outside)} of another database")
    return Trigger(
        name=name,
        table=unquote_identifier(shown["table"]),
        timing=shown["timing"],
        event=shown["event"],
        follows=unquote_identifier(shown["follows"]) if shown["follows"] else None,
        definer=facts.definer,
        body=body,
        created_with=made,
    )


def is_one_statement(body: str) -> bool:
    """Whether nothing can begin behind what a trigger does. The server splits nothing: whatever
    follows is an error there (DS-6)."""
    tokens = [token for token in tokenize(body) if token.kind is not TokenKind.COMMENT]
    if not tokens or any(token.kind in UNREADABLE for token in tokens):
        return False
    if not any(token.text == ";" for token in tokens):
        return True
    labelled = len(tokens) > 2 and tokens[1].text == ":"
    first = tokens[2] if labelled else tokens[0]
    return first.is_word(*_COMPOUND) and _ends(tokens)


def _ends(tokens: Sequence[Token]) -> bool:
    """END, and what may stand behind it: the word of what ends, or a label."""
    last = [i for i, token in enumerate(tokens) if token.is_word("END")]
    if not last:
        return False
    behind = [token for token in tokens[last[-1] + 1 :] if not token.is_word(*_ENDS)]
    return len(behind) <= 1 and not any(token.text == ";" for token in behind)


def trigger_text(trigger: Trigger) -> str:
    """The other way round: the text of a trigger that is known."""
    follows = f"FOLLOWS {quote_identifier(trigger.follows)} " if trigger.follows else ""
    shown = f"CREATE {_head(trigger)}{follows}{trigger.body}"
    return with_facts(shown, trigger.definer, trigger.created_with)


def trigger_as_shown(trigger: Trigger) -> OtherObject:
    """As a server would show it."""
    return OtherObject(
        kind=ObjectKind.TRIGGER,
        name=trigger.name,
        definition=f"CREATE {_head(trigger)}{trigger.body}",
        table=trigger.table,
        definer=trigger.definer,
        created_with=trigger.created_with,
        follows=trigger.follows,
    )


def trigger_fingerprint(trigger: Trigger) -> str:
    """Over the fields, not over the text."""
    return value_fingerprint("reconciler/trigger/v1", trigger)


def trigger_file_text(trigger: Trigger, usual: CreatedWith | None) -> str:
    """What stands behind its table in a definition file; whose rights it has the spec says."""
    made = trigger.created_with
    said = (
        ""
        if usual is not None and kept_of_session(made) == kept_of_session(usual)
        else f"-- reconciler: created with {kept_of_session(made)}\n"
    )
    sql = f"{said}CREATE {_head(trigger).rstrip()}\n{trigger.body}"
    if ";" not in trigger.body:
        return f"{sql};\n"
    mark = next(mark for mark in delimiters() if mark not in sql)
    return f"DELIMITER {mark}\n{sql}{mark}\nDELIMITER ;\n"


def trigger_of_file(statement: str, follows: str | None, made: CreatedWith | None) -> Trigger:
    """As a definition file has it, whose head was read; what it does not say is left empty."""
    found = _TEXT.fullmatch(statement)
    assert found is not None, "made of what was read"
    return Trigger(
        name=unquote_identifier(found["name"]),
        table=unquote_identifier(found["table"]),
        timing=found["timing"],
        event=found["event"],
        follows=follows,
        definer=None,
        body=found["body"],
        created_with=made or UNSAID,
    )


UNSAID = CreatedWith(character_set_client="", collation_connection="")
"""Of a trigger whose file says nothing of the session that makes it."""


def delimiters() -> Iterator[str]:
    """Marks that other clients know as well; one of them is in no text."""
    yield from ("//", "$$", "||")
    count = 3
    while True:
        yield "$" * count
        count += 1


def create_trigger_sql(trigger: Trigger, definer: Account, beside: Beside) -> str:
    """`definer` is the account that the spec names."""
    return _made("CREATE", trigger, definer, beside)


def replace_trigger_sql(trigger: Trigger, definer: Account, beside: Beside) -> str:
    """MariaDB; without a neighbour it would come to stand behind all others (10.11, 11.8)."""
    return _made("CREATE OR REPLACE", trigger, definer, beside)


def swap_trigger_sql(trigger: Trigger, definer: Account, beside: Beside) -> str:
    """MySQL, which replaces no trigger: dropped and made under a lock, so that no write passes in
    between. What is gone already, because a run died on its way, is made as well."""
    table, name = quote_identifier(trigger.table), quote_identifier(trigger.name)
    return (
        f"LOCK TABLES {table} WRITE;\nDROP TRIGGER IF EXISTS {name};\n"
        f"{create_trigger_sql(trigger, definer, beside)};\nUNLOCK TABLES"
    )


def scratch_trigger_sql(trigger: Trigger, beside: Beside, *, replaces: bool) -> str:
    """Without an account: whose rights it has is not there, and nothing fires it."""
    return _made("CREATE OR REPLACE" if replaces else "CREATE", trigger, None, beside)


def drop_trigger_sql(name: str) -> str:
    return f"DROP TRIGGER {quote_identifier(name)}"


def _made(verb: str, trigger: Trigger, definer: Account | None, beside: Beside) -> str:
    account = f"DEFINER={definer.sql} " if definer is not None else ""
    return f"{verb} {account}{_head(trigger)}{beside.sql}{trigger.body}"


def _head(trigger: Trigger) -> str:
    name, table = quote_identifier(trigger.name), quote_identifier(trigger.table)
    return f"TRIGGER {name} {trigger.timing} {trigger.event} ON {table} FOR EACH ROW "


def _refused(name: str, why: str) -> Refused:
    return not_understood("trigger-not-understood", f"trigger {name}", why)
