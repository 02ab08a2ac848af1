"""One statement to a reader that shares no line of code with ours, too (DS-5).

A mistake in our lexer must not be enough to let a second statement through. sqlglot's tokens for
MySQL serve for that and for nothing else: its parser loses clauses that a definition may hold.
"""

from __future__ import annotations


def sees_one_statement(sql: str) -> bool:
    """False also where it cannot tell: a quote or a comment that is not closed."""
    if ";" not in sql.rstrip().removesuffix(";"):
        return True  # nothing in it could part two statements
    # Here and not above: few statements come so far, and the import takes 0.1 s.
    from sqlglot import TokenType
    from sqlglot.dialects.mysql import MySQL
    from sqlglot.errors import TokenError

    try:
        kinds = [token.token_type for token in MySQL().tokenize(sql)]
    except TokenError:
        return False
    if kinds and kinds[-1] is TokenType.SEMICOLON:
        kinds.pop()
    return bool(kinds) and TokenType.SEMICOLON not in kinds
