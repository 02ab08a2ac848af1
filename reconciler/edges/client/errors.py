"""What an error of PyMySQL's says: its number, its words, and whose they are."""

from __future__ import annotations

from pymysql.constants import CR


def error_state(error: Exception) -> str:
    """The SQLSTATE that came with an error; HY000, "a general error", where none did."""
    return str(error.args[2]) if len(error.args) > 2 else "HY000"


def is_the_servers(number: int) -> bool:
    """Whether an error's number is one that a server gives, and not PyMySQL itself."""
    return number >= 1000 and not CR.CR_ERROR_FIRST <= number <= CR.CR_ERROR_LAST


def number_and_message(error: Exception) -> tuple[int, str]:
    match error.args:
        case (int(number), message, *_):
            return number & 0xFFFF, str(message)  # PyMySQL reads it as a signed one
        case _:
            return 0, str(error)
