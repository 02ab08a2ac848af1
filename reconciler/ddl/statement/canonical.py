"""One text for all ways to write the same tokens: what GD-3 forgives, and nothing else.

Only names and keywords are touched. A bare word that may be either is taken for a name where a name
can stand; when in doubt two texts stay different, which refuses, rather than become equal.
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.ddl.lexer import Token, TokenKind
from reconciler.ddl.quote import quote_identifier
from reconciler.ddl.words import MAYBE_KEYWORDS, RESERVED

# A name follows these, unless the word that follows is itself part of the clause.
_BEFORE_A_NAME = frozenset(
    """
    ADD AFTER ALTER AND BETWEEN CASE CHANGE CHECK COLUMN CONSTRAINT DIV DROP ELSE EXISTS IF IN
    INDEX INTO KEY LIKE MOD MODIFY NOT OR PARTITION REFERENCES REGEXP RENAME RLIKE SUBPARTITION
    TABLE THEN TO WHEN XOR
    """.strip().split()
)
# "ADD SYSTEM VERSIONING", "ADD PERIOD FOR", "VECTOR KEY": a word and what makes a keyword of it.
_CLAUSE_WORDS = {
    "SYSTEM": ("VERSIONING",),
    "PERIOD": ("FOR",),
    "VECTOR": ("KEY", "INDEX"),
    "SUBPARTITION": ("BY",),
}
_COUNTS = frozenset({"PARTITIONS", "SUBPARTITIONS"})
_OPENING = frozenset({"(", ","})
# Inside brackets a name may stand on either side of an operator; outside, only an option's value.
_NO_OPERATORS = frozenset({"(", ")", ",", ";"})


def canonical_text(tokens: Sequence[Token]) -> str:
    """`tokens` of one statement, with its comments."""
    if tokens and tokens[-1].is_punctuation(";"):
        tokens = tokens[:-1]
    parts: list[str] = []
    depth = 0
    names: list[bool] = []  # of each token: whether it was taken for a name
    for i, token in enumerate(tokens):
        depth += token.is_punctuation("(") - token.is_punctuation(")")
        is_name = _is_name(tokens, i, names, depth)
        names.append(is_name)
        if is_name:
            parts.append(quote_identifier(token.value))
        elif token.kind is TokenKind.WORD:
            parts.append(token.text.upper())
        elif token.kind is TokenKind.COMMENT:
            parts.append(f"{token.text}\n")  # the line's end is what ends a `--` comment
        else:
            parts.append(token.text)
    return " ".join(parts)


def _is_name(tokens: Sequence[Token], at: int, names: Sequence[bool], depth: int) -> bool:
    token = tokens[at]
    if token.kind is TokenKind.QUOTED_IDENTIFIER:
        return True
    if token.kind is not TokenKind.WORD:
        return False
    word = token.text.upper()
    before = tokens[at - 1] if at else None
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    if before is not None and before.is_punctuation("."):
        return True
    if word in RESERVED:
        return False
    if word not in MAYBE_KEYWORDS or before is None:
        return True
    if after is not None:
        if after.is_punctuation(".") or after.is_word(*_CLAUSE_WORDS.get(word, ())):
            return after.is_punctuation(".")
        if word in _COUNTS and after.kind is TokenKind.NUMBER:
            return False
        if depth and after.is_punctuation("(") and not _begins_column(tokens, at):
            return False  # a function, or a type with its length
    return _stands_where_names_do(tokens, at, names, depth)


def _begins_column(tokens: Sequence[Token], at: int) -> bool:
    """After ADD, MODIFY, CHANGE a name comes even if brackets follow: `ADD INDEX date (date)`."""
    return tokens[at - 1].is_word("INDEX", "KEY", "CONSTRAINT", "REFERENCES", "TABLE")


def _ends_list_item(tokens: Sequence[Token], at: int) -> bool:
    """In `DROP PARTITION first, last` both are names."""
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    return after is None or after.is_punctuation(",") or after.is_word("INTO")


def _stands_where_names_do(
    tokens: Sequence[Token], at: int, names: Sequence[bool], depth: int
) -> bool:
    before = tokens[at - 1]
    if before.kind is TokenKind.PUNCTUATION:
        if depth == 0:
            # Else a clause after a comma, or the value of an option.
            return before.text == "," and _ends_list_item(tokens, at)
        return before.text not in _NO_OPERATORS or before.text in _OPENING
    if not names[at - 1]:
        return before.kind is TokenKind.WORD and before.text.upper() in _BEFORE_A_NAME
    # CHANGE [COLUMN] old new: the only place where a name follows a name.
    first = at - 3 if at >= 3 and tokens[at - 2].is_word("COLUMN") else at - 2
    return first >= 0 and tokens[first].is_word("CHANGE")
