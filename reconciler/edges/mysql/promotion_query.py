"""A check of `promote_if` as a query: one row with one number, of each shard.

Rule (RG-72): it runs where rows are asked (PF-3): read-only, and ended by the server itself. What
it answered is compared, and never shown (PL-12).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path

from reconciler.edges.mysql.deadline import Overdue, Patience, map_with_deadline
from reconciler.edges.mysql.limits import PROBE_OVERTIME_S, PROMOTION_STATEMENT_S_MAX
from reconciler.edges.mysql.probe_session import NotAnswered, TookTooLong, probe_session
from reconciler.edges.mysql.problems import LinkLost, ServerRefusal, look_failed
from reconciler.edges.mysql.target import resolve
from reconciler.errors import ReconcilerError
from reconciler.rollout.promotion import CheckAnswer, Measured, Unmeasured
from reconciler.spec.model import ShardSpec

_TOO_LATE = f"no answer in {PROMOTION_STATEMENT_S_MAX} s"


def ask_shards(
    sql: str,
    shards: Sequence[ShardSpec],
    *,
    parallel: int,
    environ: Mapping[str, str],
    root: Path,
) -> tuple[CheckAnswer, ...]:
    """`root` is the repository, where relative TLS paths start."""

    def limit_s(shard: ShardSpec) -> float:
        session_s = 2.0 * (PROMOTION_STATEMENT_S_MAX + PROBE_OVERTIME_S)
        return shard.connection.connect_timeout_s + session_s

    ask = partial(_ask, sql, environ, root)
    found = map_with_deadline(ask, shards, parallel=parallel, limit_s=limit_s)
    return tuple(
        Unmeasured(_TOO_LATE, shard.name) if isinstance(answer, Overdue) else answer
        for shard, answer in zip(shards, found, strict=True)
    )


def _ask(
    sql: str, environ: Mapping[str, str], root: Path, shard: ShardSpec, patience: Patience
) -> CheckAnswer:
    try:
        target = resolve(shard.connection, environ=environ, root=root, shard=shard.name)
        with probe_session(target, patience, statement_s=PROMOTION_STATEMENT_S_MAX) as session:
            session.execute("SET SESSION sql_select_limit = 2")
            [value] = session.row(sql, width=1)
    except TookTooLong:
        return Unmeasured(_TOO_LATE, shard.name)
    except NotAnswered as error:
        return Unmeasured(error.reason, shard.name)
    except ReconcilerError as error:
        message = error.problems[0].message.removeprefix(f"shard {shard.name}: ")
        return Unmeasured(message, shard.name)
    except ServerRefusal as refusal:
        because = f"the server refuses the session (error {refusal.error.number})"
        return Unmeasured(because, shard.name)
    except LinkLost as lost:
        return Unmeasured(lost.reason, shard.name)
    except Exception as error:  # whatever a server made of it, it is this shard's alone
        return Unmeasured(look_failed(f"shard {shard.name}", error).message, shard.name)
    if not isinstance(value, int | float | Decimal):
        return Unmeasured("the answer is no number", shard.name)
    return Measured(float(value), shard.name)
