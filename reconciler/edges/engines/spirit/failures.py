"""Why Spirit ended, in words that anybody may read, and whether it may go well another time.

Its exit code is 1 whatever happened, so its last words decide; those that are not known here are
for good.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from reconciler.edges.engines.spirit.log import SpiritSaid
from reconciler.edges.mysql.limits import SERVER_TEXT_CHARS_MAX
from reconciler.edges.mysql.problems import LOCK_WAIT_TIMEOUT, OF_LOCKS
from reconciler.edges.mysql.server_texts import server_error
from reconciler.model.server import ServerError
from reconciler.plan.visible import visible_line
from reconciler.ports.engine import Failed

AT_WORK = "a run of Spirit is at the table, here or elsewhere"

_UNKNOWN_ERROR = 1105
_INTERRUPTED = 1317
_LOCK_NOT_HAD = ServerError(
    number=LOCK_WAIT_TIMEOUT,
    message="Spirit waited for the table's lock, which another session holds, and gave up",
)

_OF_THE_SERVER = re.compile(r"Error (?P<number>\d{4}) \((?P<state>[0-9A-Z]{5})\): (?P<message>.*)")
_TRANSIENT = OF_LOCKS | frozenset({1040, 1053, 1203, _INTERRUPTED, 3024})
_TRANSIENT_WORDS = (
    "lock is held by another connection",
    "cutover failed",
    "timed out waiting for sentinel table",
    "-CONNECTION] ping failed",
    "-CONNECTION-FALLBACK] ping failed",
    "invalid connection",
    "bad connection",
    "connection refused",
    "i/o timeout",
    "context canceled",
    "continuous checksum failed",
)
_FOR_GOOD_WORDS = ("x509: ", "tls: ")
_DUPLICATES = (
    "checksum failed after several attempts. This is likely related to your statement adding"
)
_LOST_VALUE = re.compile(r".*unsafe warning: (?P<why>.*)")


def failed(said: SpiritSaid, *, database: str, readable: str) -> Failed:
    """`readable` is `said.error` without what must not leave."""
    if match := _OF_THE_SERVER.search(said.error):
        number = int(match["number"])
        if number == LOCK_WAIT_TIMEOUT:  # the server's own words are about transactions
            return Failed(error=_LOCK_NOT_HAD, transient=True)
        error = server_error(number, match["message"], state=match["state"], database=database)
        return Failed(error=error, transient=number in _TRANSIENT)
    return _of(_in_words(said.error, readable), transient=_may_pass(said.error))


def stopped(reason: str) -> Failed:
    error = ServerError(number=_INTERRUPTED, message=f"Spirit was stopped: {reason}")
    return Failed(error=error, transient=False)


def rows_may_meet(keys: Sequence[str]) -> Failed:
    return _of(
        f"rows that differ in the table may meet in unique key {', '.join(keys)} of the copy, where"
        " Spirit would replace one by the other; nothing was swapped",
        transient=False,
    )


def refused(reason: str, *, transient: bool = False) -> Failed:
    return _of(f"Spirit was not started: {reason}", transient=transient)


def _may_pass(error: str) -> bool:
    if any(words in error for words in _FOR_GOOD_WORDS):
        return False
    return any(words in error for words in _TRANSIENT_WORDS)


def _in_words(error: str, readable: str) -> str:
    if error.startswith(_DUPLICATES):
        return (
            "the copy did not come to hold the same rows as the table; the statement adds a unique"
            " key, so probably two rows have the same value in it"
        )
    shown = visible_line(readable, limit_chars=SERVER_TEXT_CHARS_MAX)
    if match := _LOST_VALUE.fullmatch(shown):
        return f"a row cannot be copied as it is: {match['why']}"
    return f"Spirit ended: {shown}"


def _of(message: str, *, transient: bool) -> Failed:
    error = ServerError(number=_UNKNOWN_ERROR, message=message)
    return Failed(error=error, transient=transient)
