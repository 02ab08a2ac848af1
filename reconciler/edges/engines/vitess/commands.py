"""What is said to Vitess about one shard's migrations, over a connection to that shard alone.

A session that has chosen one shard ignores @@ddl_strategy: its ALTER TABLE runs at once. So the
statement carries what vtgate itself writes into it for the tablets, whose words are these (Vitess
24.0): with them the tablet queues it, and without would run it.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.edges.engines.vitess.limits import (
    CUT_OVER_S_MAX,
    CUT_OVER_S_MIN,
    THROTTLE_EXPIRES_S,
)
from reconciler.edges.engines.vitess.record import MigrationRecord
from reconciler.edges.mysql.connect import Link
from reconciler.edges.mysql.problems import misread
from reconciler.edges.mysql.reading import text
from reconciler.ports.engine import EngineWork

_BEGINS = "ALTER TABLE "


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategy:
    """As in @@ddl_strategy."""

    name: str
    options: str


def online(work: EngineWork) -> Strategy:
    """Vitess copies the rows, and swaps when it is told to. It refuses to queue the statement while
    another one for the same table is open, and waits for none of another table."""
    options = ["--postpone-completion", "--singleton-table", "--allow-concurrent"]
    options.append(f"--cut-over-threshold={_lock_wait_s(work)}s")
    if work.keeps_old:
        options.append(f"--retain-artifacts={work.keep_old_s}s")
    return Strategy(name="vitess", options=" ".join(options))


def _lock_wait_s(work: EngineWork) -> int:
    return min(CUT_OVER_S_MAX, max(CUT_OVER_S_MIN, work.lock_wait_s))


def is_submittable(sql: str) -> bool:
    return sql.startswith(_BEGINS)


def submit(link: Link, record: MigrationRecord, sql: str, strategy: Strategy) -> None:
    """Raises ServerRefusal or LinkLost."""
    assert is_submittable(sql), "no other statement is prepared"
    given = {
        "uuid": record.uuid,
        "context": record.context,
        "table": record.table,
        "strategy": strategy.name,
        "options": strategy.options,
    }
    words = " ".join(f'{name}="{value.encode().hex()}"' for name, value in given.items())
    link.execute(f"ALTER /*vt+ {words} */ TABLE {sql.removeprefix(_BEGINS)}")


def complete(link: Link, uuid: str) -> None:
    link.execute(f"ALTER VITESS_MIGRATION '{uuid}' COMPLETE")


def postpone(link: Link, uuid: str) -> None:
    """Vitess says so after a try to swap that goes on, never within one."""
    link.execute(f"ALTER VITESS_MIGRATION '{uuid}' POSTPONE COMPLETE")


def cancel(link: Link, uuid: str) -> None:
    link.execute(f"ALTER VITESS_MIGRATION '{uuid}' CANCEL")


def clean_up(link: Link, uuid: str) -> None:
    """Its tables are Vitess' to take away, soon."""
    link.execute(f"ALTER VITESS_MIGRATION '{uuid}' CLEANUP")


def throttle(link: Link, uuid: str) -> None:
    link.execute(f"ALTER VITESS_MIGRATION '{uuid}' THROTTLE EXPIRE '{THROTTLE_EXPIRES_S}s' RATIO 1")


def unthrottle(link: Link, uuid: str) -> None:
    link.execute(f"ALTER VITESS_MIGRATION '{uuid}' UNTHROTTLE")


def vitess_version(link: Link) -> str:
    """vtgate's, such as "24.0.0"; '' for a server that is none. Raises ServerRefusal or
    LinkLost."""
    said = text(link.row("SELECT @@version_comment", width=1)[0])
    words = said.split()
    if words[:1] != ["Version:"]:
        return ""
    if len(words) < 2:
        raise misread()
    return words[1]
