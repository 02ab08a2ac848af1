"""The session a statement needs, beyond what every session of ours has."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.programs import CreatedWith


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementSession:
    """Proven with, reviewed with and run with: the same values at each of the three."""

    foreign_key_checks: bool = True
    """Session value of foreign_key_checks."""

    zero_dates: bool = False
    """sql_mode without NO_ZERO_DATE and NO_ZERO_IN_DATE, without which the server would not take
    a table that has such a default."""

    alters_history: bool = False
    """MariaDB: system_versioning_alter_history=KEEP, which lets a system-versioned table be
    altered together with the earlier versions of its rows."""

    created_with: CreatedWith | None = None
    """What the server is to keep of the session that makes a program; None: as sessions are."""


DEFAULT_SESSION = StatementSession()
UNCHECKED = StatementSession(foreign_key_checks=False)
