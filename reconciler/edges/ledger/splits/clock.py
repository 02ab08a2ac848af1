"""The ledger server's clock, which everybody who asks it shares.

Rule: what a lease, or the time for which a source is kept, is measured by is this clock, and that
of no process (SP-106).
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, literal_column, select

# In microseconds since the epoch. Not UNIX_TIMESTAMP(), which takes a local time that a change of
# clocks makes ambiguous.
NOW_US = {
    "mysql": "TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6))",
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)",
}


def now_us(connection: Connection) -> ColumnElement[int]:
    return literal_column(NOW_US["sqlite" if connection.dialect.name == "sqlite" else "mysql"])


def read_now_s(connection: Connection) -> float:
    """Seconds since the epoch."""
    return int(connection.execute(select(now_us(connection))).scalar_one()) / 1e6
