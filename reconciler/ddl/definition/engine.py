"""Whether a definition says which engine its table has, or leaves that to the server's setting."""

from __future__ import annotations

from reconciler.ddl.lexer import tokenize


def names_its_engine(statement: str) -> bool:
    """Behind the columns, and outside of partitions, which have none of their own (1497)."""
    depth, is_behind_columns = 0, False
    for token in tokenize(statement):
        if token.is_punctuation("("):
            depth += 1
        elif token.is_punctuation(")"):
            depth -= 1
            is_behind_columns = True
        elif depth == 0 and is_behind_columns and token.is_word("ENGINE"):
            return True
    return False
