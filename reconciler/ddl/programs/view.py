"""A view as a text: what a server prints of it, strictly read; and the statements that make one.

Its text is two lines: what the server keeps of its making, and SHOW CREATE VIEW without the account
and without the shard's own database. All that is compared is in it, and it is the same wherever it
stands: in a plan, in a report, in what a session reads back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate

from reconciler.ddl.fingerprint import value_fingerprint
from reconciler.ddl.foreign import foreign_object
from reconciler.ddl.lexer import Token, TokenKind, tokenize
from reconciler.ddl.programs.accounts import Account
from reconciler.ddl.programs.facts import (
    NO_TEXT,
    may_hold_any_text,
    not_understood,
    read_facts,
    with_facts,
)
from reconciler.ddl.programs.names import outside_names
from reconciler.ddl.programs.secrets import A_SECRET, holds_secret
from reconciler.ddl.quote import quote_identifier, quote_identifiers, unquote_identifier
from reconciler.ddl.scan import NAME
from reconciler.errors import Refused
from reconciler.model.object_id import ObjectKind
from reconciler.model.programs import CreatedWith, Security, View
from reconciler.model.schema import OtherObject

_SHOWN = re.compile(
    r"CREATE ALGORITHM=(?P<algorithm>UNDEFINED|MERGE|TEMPTABLE)"
    r" SQL SECURITY (?P<security>DEFINER|INVOKER)"
    rf" VIEW (?P<name>{NAME})(?: \((?P<columns>{NAME}(?:,{NAME})*+)\))? AS (?P<query>.+)",
    re.DOTALL,
)
_COLUMN = re.compile(NAME)


def read_view(text: str, name: str) -> View:
    """The view `name`. Raises Refused for what is in no form that is understood."""
    facts = read_facts(text)
    shown = _SHOWN.fullmatch(facts.shown) if facts else None
    if facts is None or shown is None or unquote_identifier(shown["name"]) != name:
        raise _refused(name, "its server prints it in a form that is not understood")
    if NO_TEXT in shown["query"]:
        raise _refused(
            name, "the server prints bytes of it that are no text (write such a literal as x'..')"
        )
    other = OtherObject(kind=ObjectKind.VIEW, name=name, definition=facts.shown)
    if foreign_object(other) is None:
        raise _refused(name, "it holds what is never run on scratch, so nothing can be proven")
    security = Security(shown["security"])
    view = View(
        name=name,
        algorithm=shown["algorithm"],
        security=security,
        definer=facts.definer if security is Security.DEFINER else None,
        columns=tuple(map(unquote_identifier, _COLUMN.findall(shown["columns"] or ""))),
        query=shown["query"],
        created_with=facts.created_with,
    )
    if holds_secret(view.query):
        raise _refused(name, A_SECRET)
    if outside := outside_names(view.query):
        raise _refused(name, f"it uses {', '.join(outside)} of another database")
    if not may_hold_any_text(view.created_with, text):
        raise _refused(
            name,
            f"it was made by a client of {view.created_with.character_set_client} beyond ASCII",
        )
    return view


def view_text(view: View) -> str:
    """The other way round: the text of a view that is known."""
    return with_facts(_shown(view), view.definer, view.created_with)


def view_as_shown(view: View) -> OtherObject:
    """As a server would show it."""
    return OtherObject(
        kind=ObjectKind.VIEW,
        name=view.name,
        definition=_shown(view),
        definer=view.definer,
        created_with=view.created_with,
    )


def view_fingerprint(view: View) -> str:
    """Over the fields, not over the text."""
    return value_fingerprint("reconciler/view/v1", view)


def view_file_text(view: View, usual: CreatedWith | None) -> str:
    """A definition file for it. `usual` is what the server keeps of a session that says nothing
    (None: not known): a file says it only where the view has something else. Whose rights it has
    the spec says."""
    made = f"-- reconciler: created with {view.created_with}\n"
    name = quote_identifier(view.name)
    columns = f" ({quote_identifiers(view.columns)})" if view.columns else ""
    algorithm = "" if view.algorithm == "UNDEFINED" else f"ALGORITHM={view.algorithm} "
    head = f"CREATE {algorithm}SQL SECURITY {view.security} VIEW {name}{columns} AS\n"
    return f"{'' if view.created_with == usual else made}{head}{view.query};\n"


def create_view_sql(view: View, definer: Account | None, *, replaces: bool) -> str:
    """`definer` is the account that the spec names, for a view that has its definer's rights."""
    assert (definer is not None) == (view.security is Security.DEFINER), "as the policy has it"
    account = f" DEFINER={definer.sql}" if definer is not None else ""
    head = f"CREATE{' OR REPLACE' if replaces else ''} ALGORITHM={view.algorithm}{account}"
    return f"{head} {_tail(view)}"


def scratch_view_sql(view: View, *, replaces: bool) -> str:
    """The same without anybody's rights: whose they are is not on scratch, and a view on a view of
    somebody who is not there cannot be made (error 1449)."""
    return create_view_sql(replace(view, security=Security.INVOKER), None, replaces=replaces)


def drop_view_sql(name: str) -> str:
    return f"DROP VIEW {quote_identifier(name)}"


def without_rights(view: View) -> View:
    """As scratch has it."""
    return replace(view, security=Security.INVOKER, definer=None)


def view_columns(view: View) -> tuple[str, ...]:
    """Those of its list, or else the names that a server prints behind each thing selected."""
    if view.columns:
        return view.columns
    tokens = [*tokenize(view.query)]
    depths = [*accumulate(t.is_punctuation("(") - t.is_punctuation(")") for t in tokens)]
    begins = [i for i, token in enumerate(tokens) if token.is_word("SELECT", "VALUES")]
    first = min(begins, key=lambda i: (depths[i], i))
    if tokens[first].is_word("VALUES"):
        return _columns_of_rows(tokens[first + 1 :])
    found = []
    for i in range(first + 1, len(tokens)):
        if depths[i] < depths[first]:
            break
        if depths[i] == depths[first]:
            if tokens[i].is_word("FROM", "UNION", "EXCEPT", "INTERSECT"):
                break
            if tokens[i - 1].is_word("AS") and tokens[i].kind is TokenKind.QUOTED_IDENTIFIER:
                found.append(tokens[i].value)
    return tuple(found)


def _columns_of_rows(tokens: Sequence[Token]) -> tuple[str, ...]:
    """Of VALUES no names are printed: MySQL, which prints ROW, calls columns by their number, and
    MariaDB by what the first row has in them."""
    numbered = tokens[0].is_word("ROW")
    names = [""]
    depth = 0
    for token in tokens[numbered:]:
        depth += token.is_punctuation("(") - token.is_punctuation(")")
        if depth == 0:
            break
        if depth == 1 and token.is_punctuation(","):
            names.append("")
        elif depth > 1 or not token.is_punctuation("("):
            names[-1] += token.value if token.kind is TokenKind.STRING else token.text
    return tuple(f"column_{at}" if numbered else name for at, name in enumerate(names))


def _shown(view: View) -> str:
    return f"CREATE ALGORITHM={view.algorithm} {_tail(view)}"


def _tail(view: View) -> str:
    columns = f" ({quote_identifiers(view.columns)})" if view.columns else ""
    name = quote_identifier(view.name)
    return f"SQL SECURITY {view.security} VIEW {name}{columns} AS {view.query}"


def _refused(name: str, why: str) -> Refused:
    return not_understood("view-not-understood", f"view {name}", why)
