"""How a statement that is not sent is told, whatever it is of."""

from __future__ import annotations

from reconciler.ddl.lexer import Token
from reconciler.errors import Problem, Refused


def statement_refused(code: str, message: str, token: Token | None = None) -> Refused:
    place = f" (line {token.line}, column {token.column})" if token is not None else ""
    return Refused(
        Problem(
            code=code,
            message=f"the statement is refused, nothing was sent: {message}{place}",
            recovery="run `reconciler plan` again and have the new plan reviewed",
        )
    )
