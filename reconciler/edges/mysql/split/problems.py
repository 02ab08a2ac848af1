"""What keeps rows from moving, and what stands where a split's own things should, in words."""

from __future__ import annotations

from reconciler.errors import Problem

_AGAIN = "then run `reconciler plan` again"


def helper_foreign(label: str, name: str) -> Problem:
    return Problem(
        code="split-helper-foreign",
        message=f"{label}: `{name}` is there and is not what this split makes under that name",
        recovery="find out who made it; if nobody needs it, drop it, then run `reconciler apply`"
        " again",
    )


def mark_gone(label: str, trigger: str) -> Problem:
    return _mark_gone(
        label,
        trigger,
        "drop the triggers and tables whose names begin alike, if no other split uses this"
        " database",
    )


def target_mark_gone(label: str, trigger: str, guard: str) -> Problem:
    """Where the triggers alone were dropped, nobody could tell any more whose the tables are."""
    return _mark_gone(
        label, trigger, f"make `{guard}` and its row again, as another target of the split has them"
    )


def _mark_gone(label: str, trigger: str, what_to_do: str) -> Problem:
    return Problem(
        code="split-mark-gone",
        message=f"{label}: trigger `{trigger}` of a split stands, and the mark that says whose it"
        " is has been taken away: writes may be refused",
        recovery=f"find out who took it; {what_to_do}, then run `reconciler apply` again",
    )


def wrong_shard(label: str) -> Problem:
    return Problem(
        code="split-wrong-shard",
        message=f"{label}: its database does not have the mark of this split",
        recovery="see that the spec's connection leads to the right database, then run"
        " `reconciler apply` again",
    )


def driven_elsewhere(label: str, connection_id: int | None) -> Problem:
    who = "another session" if connection_id is None else f"session {connection_id}"
    return Problem(
        code="split-driven-elsewhere",
        message=f"{label}: {who} of an earlier `reconciler apply` still drives the split here, and"
        " has not ended when it was told to",
        recovery="see that the earlier process is gone, and end what it left on the server (`KILL`,"
        " by an account that may); then run `reconciler apply` again",
    )


def target_not_empty(label: str, found: str) -> Problem:
    return Problem(
        code="split-target-not-empty",
        message=f"{label}: a target of a split must be empty, and its database has {found}",
        recovery="name another database for the shard in the spec, or drop what stands there,"
        f" {_AGAIN}",
    )


def table_unfit(label: str, table: str, why: str, what_to_do: str) -> Problem:
    return Problem(
        code="split-table-unfit",
        message=f"{label}: the rows of table {table} cannot be moved: {why}",
        recovery=f"{what_to_do}, {_AGAIN}",
    )


def server_unfit(label: str, why: str, what_to_do: str) -> Problem:
    return Problem(
        code="split-server-unfit",
        message=f"{label}: no rows can be moved here: {why}",
        recovery=f"{what_to_do}, {_AGAIN}",
    )


def made_otherwise(label: str, table: str) -> Problem:
    return Problem(
        code="split-table-differs",
        message=f"{label}: table {table} is not what its source has",
        recovery="find out who has changed it; `reconciler status` says what the split can do now",
    )


def orphans(label: str, key: str, table: str) -> Problem:
    return Problem(
        code="split-orphans",
        message=f"{label}: rows of table {table} refer by {key} to rows that are on another shard",
        recovery="shard both tables by the same values, or drop the foreign key by a change of its"
        f" own, {_AGAIN}",
    )


def not_hashed(label: str, table: str) -> Problem:
    return Problem(
        code="split-rows-not-compared",
        message=f"{label}: the server could not hash all rows of table {table}",
        recovery="look for rows longer than its max_allowed_packet and raise it, then run"
        " `reconciler apply` again",
    )


def target_serves(label: str) -> Problem:
    return Problem(
        code="split-target-serves",
        message=f"{label}: the target has been opened, and its rows may be the only ones",
        recovery="let `reconciler apply` clean up; nothing of it is dropped",
    )


def unwatched(label: str, table: str) -> Problem:
    return Problem(
        code="split-table-unwatched",
        message=f"{label}: InnoDB does not show its number of table {table}, so nobody would see a"
        " TRUNCATE of it",
        recovery="grant the login PROCESS, and see that the table is there, then run"
        " `reconciler apply` again",
    )
