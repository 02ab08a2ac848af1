"""All readers of foreign bytes, in the order of their names."""

from __future__ import annotations

from tests.property.fuzz import (
    job_files,
    ledger_rows,
    observation_files,
    repository_files,
    server_packets,
)

_ALL = (
    *job_files.READERS,
    *ledger_rows.READERS,
    *observation_files.READERS,
    *repository_files.READERS,
    *server_packets.READERS,
)
READERS = tuple(sorted(_ALL, key=lambda reader: reader.name))
