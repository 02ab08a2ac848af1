"""One batch of rows into a target, with its acknowledgement, in one transaction.

Rule: a batch is taken if it is the one after the last, and else nothing is (SP-32). Keys go before
rows come: a row may find another under its key that is spelled otherwise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.ddl.quote import quote_string
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.problems import ServerRefusal, as_unavailable
from reconciler.edges.mysql.split.limits import KEYS_PER_STATEMENT, STATEMENT_BYTES_MAX
from reconciler.edges.mysql.split.row_reading import pieces
from reconciler.edges.mysql.split.session import SplitSession
from reconciler.errors import Unavailable
from reconciler.reshard.row_sql import delete_sql, replace_sql
from reconciler.reshard.rows import Key, MovedTable, Row, render_cursor


def take(
    session: SplitSession,
    acks: str,
    turn: tuple[int, int, Key | None],
    table: MovedTable,
    *,
    replaced: Sequence[Row],
    deleted: Sequence[Key],
) -> int | None:
    """`turn` is bracket, batch and cursor. None: taken; else the last batch that was. Raises
    Unavailable."""
    with as_unavailable(session.label):
        link = session.rows
        link.execute("START TRANSACTION")
        try:
            stored = _stored(link, acks, turn[0])
            if turn[1] != stored + 1:
                link.execute("ROLLBACK")
                return stored
            _acknowledge(link, acks, turn, len(replaced))
            for keys in pieces(deleted, KEYS_PER_STATEMENT):
                link.change(delete_sql(table, keys))
            for rows in _fitting(replaced):
                link.change(replace_sql(table, rows))
            link.execute("COMMIT")
        except (ServerRefusal, Unavailable):
            # Else the next START TRANSACTION would commit what there is of it.
            link.execute("ROLLBACK")
            raise
    return None


def _stored(link: Link, acks: str, bracket: int) -> int:
    """With a lock: of two that bring the same batch one waits, and then is out of turn. The row is
    made first, for a lock on none holds nobody up."""
    link.change(
        f"INSERT IGNORE INTO {acks} (`bracket`, `batch`, `cursor_json`, `row_count`) VALUES"
        f" ({_id(bracket)}, 0, {quote_string(render_cursor(None))}, 0)"
    )
    sql = f"SELECT `batch` FROM {acks} WHERE `bracket` = {_id(bracket)} FOR UPDATE"
    ((batch,),) = link.query_bytes(sql.encode())
    return int(batch or 0)


def _acknowledge(link: Link, acks: str, turn: tuple[int, int, Key | None], rows: int) -> None:
    bracket, batch, cursor = turn
    kept = quote_string(render_cursor(cursor))
    link.change(
        f"UPDATE {acks} SET `batch` = {batch}, `cursor_json` = {kept},"
        f" `row_count` = `row_count` + {rows} WHERE `bracket` = {_id(bracket)}"
    )


def _id(bracket: int) -> str:
    return quote_string(str(bracket))


def _fitting(rows: Sequence[Row]) -> Iterator[Sequence[Row]]:
    """Stretches whose values fit into one statement; a row that is longer stands alone."""
    start, taken_bytes = 0, 0
    for place, row in enumerate(rows):
        size = sum(len(value) for value in row.values if value is not None)
        if place > start and taken_bytes + size > STATEMENT_BYTES_MAX:
            yield rows[start:place]
            start, taken_bytes = place, 0
        taken_bytes += size
    if start < len(rows):
        yield rows[start:]
