"""What of a shard's server, and of the connection to it, an engine's program cannot work with.

One rule for each thing that a program refuses, cannot reach, or loses rows by: seen with gh-ost
1.1.10, Spirit 0.15.1 and pt-online-schema-change 3.2.1. The plan asks about every shard, so does
an apply before each statement, and the engine's adapter once more before it starts the program:
all of them in these words (EN-55). Reasons go on "gh-ost cannot work there: ".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import assert_never

from reconciler.model.access import EngineGround, LockSight, LoginTrait
from reconciler.model.engine import EngineName
from reconciler.plan.engines.pt_osc import is_nameable
from reconciler.plan.engines.spirit_names import cuts_lock_in

LOCK_INSTRUMENT = "wait/lock/metadata/sql/mdl"


class Concern(Enum):
    """Who can put it right."""

    SERVER = auto()
    CONNECTION = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfit:
    """`fix` goes on ", or name another engine"."""

    concern: Concern
    reason: str
    fix: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wants:
    """A global variable, and the values with which the engine works. `otherwise` is what happens
    with any other. A server without the variable has no such feature."""

    variable: str
    values: tuple[str, ...]
    otherwise: str


_ON, _OFF = ("1", "ON"), ("0", "OFF")
_FOLLOWS = "it follows what is written meanwhile by the server's binary log, "
_ROWS = (
    _Wants(variable="log_bin", values=_ON, otherwise=f"{_FOLLOWS}which is off"),
    _Wants(variable="binlog_format", values=("ROW",), otherwise=f"{_FOLLOWS}which is not of rows"),
    _Wants(
        variable="binlog_row_image",
        values=("FULL",),
        otherwise=f"{_FOLLOWS}which does not hold whole rows",
    ),
    # Of parts of JSON documents every UPDATE is an event of its own kind, of any table. Compressed,
    # all events of a transaction are one. gh-ost 1.1.10 comes to no end, Spirit 0.15.1 sees nothing
    # of either, swaps, and loses what was written (seen where one session alone had it on).
    _Wants(
        variable="binlog_row_value_options",
        values=("",),
        otherwise=f"{_FOLLOWS}and cannot read changes of parts of JSON documents",
    ),
    _Wants(
        variable="binlog_transaction_compression",
        values=_OFF,
        otherwise=f"{_FOLLOWS}and cannot read compressed transactions",
    ),
    _Wants(
        variable="log_bin_compress",
        values=_OFF,
        otherwise=f"{_FOLLOWS}and cannot read compressed events",
    ),
)
_WANTS: Mapping[EngineName, tuple[_Wants, ...]] = {
    EngineName.DIRECT: (),
    EngineName.GH_OST: _ROWS,
    EngineName.SPIRIT: (
        *_ROWS,
        _Wants(
            variable="log_replica_updates",
            values=_ON,
            otherwise=f"{_FOLLOWS}which leaves out what replication brings",
        ),
        _Wants(
            variable="binlog_order_commits",
            values=_ON,
            otherwise=f"{_FOLLOWS}which is not in the order of commits",
        ),
        _Wants(
            variable="performance_schema", values=_ON, otherwise="it asks the performance schema"
        ),
    ),
    EngineName.PT_OSC: (),
    EngineName.VITESS: (),  # what its tablets run on is for its operators
}
_FOLLOW_THE_LOG = frozenset({EngineName.GH_OST, EngineName.SPIRIT})
# Its sessions have none of these, and without them the same text is another definition.
_SPIRIT_LACKS = frozenset(
    {
        "HIGH_NOT_PRECEDENCE",
        "IGNORE_SPACE",
        "NO_UNSIGNED_SUBTRACTION",
        "PIPES_AS_CONCAT",
        "REAL_AS_FLOAT",
    }
)
# It writes the name into addresses and statements alike, as if nothing needed quoting.
_GH_OST_DATABASE = re.compile(r"[\w.~-]+", re.ASCII)


def unfit(name: EngineName, ground: EngineGround, database: str) -> Iterator[Unfit]:
    """Every reason, those of the server first. `database` is looked at, never shown."""
    for wants in _WANTS[name]:
        value = ground.variable(wants.variable)
        if value is not None and value.upper() not in wants.values:
            yield _set_otherwise(wants, value)
    if name in _FOLLOW_THE_LOG and ground.log_is_whole is False:
        yield Unfit(
            concern=Concern.SERVER,
            reason=f"{_FOLLOWS}which leaves out databases (binlog_do_db or binlog_ignore_db)",
            fix="start the server without these filters",
        )
    match name:
        case EngineName.DIRECT | EngineName.VITESS:
            return
        case EngineName.GH_OST:
            yield from _of_locks(ground.locks)
            yield from _of_gh_ost(ground.login, database)
        case EngineName.SPIRIT:
            yield from _of_sql_mode(ground.variable("sql_mode") or "")
            yield from _of_spirit(ground.login, database)
        case EngineName.PT_OSC:
            yield from _of_pt_osc(ground.login, database)
        case _:
            assert_never(name)


def _set_otherwise(wants: _Wants, value: str) -> Unfit:
    wanted = wants.values[-1] or "''"
    return Unfit(
        concern=Concern.SERVER,
        reason=f"{wants.otherwise} ({wants.variable} is {value}, not {wanted})",
        fix=f"set {wants.variable} = {wanted} on the shard's server",
    )


def _of_locks(locks: LockSight) -> Iterator[Unfit]:
    """By these it sees that its RENAME stands before every write that waits for the table."""
    sees = "it must see who waits for the table, or writes are lost as it swaps, and "
    instrument = f"the instrument {LOCK_INSTRUMENT}"
    concern = Concern.SERVER
    match locks:
        case LockSight.SHOWN:
            return
        case LockSight.OFF:
            reason = "performance_schema is off"
            fix = f"start the server with performance_schema = ON and {instrument} on"
        case LockSight.INSTRUMENT_OFF:
            reason = f"{instrument} is not both enabled and timed"
            fix = f"set ENABLED and TIMED of {instrument} to YES, also in the server's options"
        case LockSight.HIDDEN:
            concern, reason = Concern.CONNECTION, "the login may not ask the server for it"
            fix = "grant the login SELECT on performance_schema.*"
        case _:
            assert_never(locks)
    yield Unfit(concern=concern, reason=sees + reason, fix=fix)


def _of_sql_mode(sql_mode: str) -> Iterator[Unfit]:
    modes = sorted(set(sql_mode.upper().split(",")) & _SPIRIT_LACKS)
    if modes:
        yield Unfit(
            concern=Concern.SERVER,
            reason=f"the server's sql_mode has {', '.join(modes)}, and its sessions do not",
            fix=f"take {', '.join(modes)} out of the server's sql_mode",
        )


def _of_gh_ost(login: frozenset[LoginTrait], database: str) -> Iterator[Unfit]:
    yield from _over_tcp(login)
    yield from _no_colon(login)
    if _GH_OST_DATABASE.fullmatch(database) is None:
        yield _database("it takes databases of letters, digits, _, ., ~ and - alone")


def _of_spirit(login: frozenset[LoginTrait], database: str) -> Iterator[Unfit]:
    yield from _over_tcp(login)
    yield from _no_colon(login)
    if LoginTrait.CLIENT_CERTIFICATE in login:
        yield _connection("it shows no client certificate", "leave out `tls.cert` and `tls.key`")
    if LoginTrait.NO_AUTHORITIES in login:
        reason = "this machine has no file of authorities for the server's certificate"
        yield _connection(reason, "name one in `tls.ca`")
    if LoginTrait.CONTROL_CHARACTER in login:
        yield _CONTROL_CHARACTER
    if LoginTrait.VARIABLE in login:
        yield _connection("it takes %( in the login for a variable", "give the login other words")
    if "`" in database:
        yield _database("it does not quote a backquote in the database's name")
    if cuts_lock_in(database):
        yield _database("it cuts the database's name inside a character for the lock it takes")
    if any(ord(char) < ord(" ") for char in database) or "%(" in database:
        yield _database("its file of a login cannot hold the database's name")


def _of_pt_osc(login: frozenset[LoginTrait], database: str) -> Iterator[Unfit]:
    if LoginTrait.CONTROL_CHARACTER in login:
        yield _CONTROL_CHARACTER
    if not is_nameable(database):
        yield _database("it takes databases of letters, digits, _, $ and - alone")


def _over_tcp(login: frozenset[LoginTrait]) -> Iterator[Unfit]:
    if LoginTrait.SOCKET in login:
        reason = "it connects over TCP alone, and the connection is a unix socket"
        yield _connection(reason, "give the connection `host` and `port`")


def _no_colon(login: frozenset[LoginTrait]) -> Iterator[Unfit]:
    if LoginTrait.COLON_IN_USER in login:
        reason = "it takes a colon in the user's name for the end of it"
        yield _connection(reason, "use a login without one")


def _connection(reason: str, fix: str) -> Unfit:
    return Unfit(concern=Concern.CONNECTION, reason=reason, fix=fix)


def _database(reason: str) -> Unfit:
    return _connection(reason, "give the shard's database another name")


_CONTROL_CHARACTER = _connection(
    "the login has a character that no line of a file can hold", "give the login other words"
)
