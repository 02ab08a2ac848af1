"""A shard's primary, reached over vtgate: one keyspace and shard is the database that is logged in
to, and vtgate then passes on what it is sent.

Rules: the version, the settings and the identity are those of the server behind, never vtgate's
(VT-13). vtgate takes SET without a word also for variables that it keeps to itself: each is read
back from the server, and one that did not arrive makes the shard unreachable. A primary that
changes while a shard is read makes nothing of what was read.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping

from reconciler.ddl.statement.rowless import reads_no_row
from reconciler.edges.client.target import Target
from reconciler.edges.mysql.connect import Link, connect
from reconciler.edges.mysql.limits import LOCK_ANSWER_S_MAX
from reconciler.edges.mysql.problems import as_unavailable, misread, server_changed
from reconciler.edges.mysql.processes import Process
from reconciler.edges.mysql.reach import database_of
from reconciler.edges.mysql.reading import text
from reconciler.edges.mysql.server_settings import ServerLook, look_at_server
from reconciler.edges.mysql.session_settings import Variables, set_session
from reconciler.edges.mysql.target import required_database
from reconciler.edges.mysql.vital_signs import measure_alone
from reconciler.edges.vitess.internal_tables import internal_names, is_internal
from reconciler.edges.vitess.limits import IN_PLACE_S_MAX, STATEMENT_S_MAX
from reconciler.edges.vitess.problems import session_not_set
from reconciler.errors import Unavailable
from reconciler.guard.health import Vitals
from reconciler.model.engine import EngineName
from reconciler.model.server import ServerError, ServerVersion
from reconciler.plan.model import Algorithm, ExecutionClass, PlannedStatement

# vtgate 24 takes these and does not pass them on, or does not know them. How long a statement may
# wait or run is vttablet's to bound (--queryserver-config-query-timeout).
_NOT_PASSED_ON = frozenset({"lock_wait_timeout", "max_execution_time", "wait_timeout"})
_NOT_KNOWN = frozenset({"show_gipk_in_create_table_and_information_schema"})
_ANY_SETTING = (("information_schema_stats_expiry", "0"),)
_SELECT_LIMIT = "sql_select_limit"
_SELECT_LIMIT_MIN = 2**63 - 1  # vtgate reads the value as a signed one

_DATABASE = "SELECT SCHEMA_NAME FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = DATABASE()"
# A variable of vtgate's, in ms; and what is said when such a time is over: by vtgate, by vttablet.
_QUERY_TIMEOUT = "query_timeout"
_ENDED_BY_VITESS = frozenset({1317, 3024})
# Words of `EngineName`.
_ENGINES = frozenset({"direct", "vitess"})
_DDL = re.compile(
    r"(?:\s+|/\*.*?\*/)*(?:alter|create|drop|rename|truncate)\b", re.IGNORECASE | re.DOTALL
)
_ON = {"1": "ON", "0": "OFF"}


class OverVtgate:
    """`Reach` of a shard of Vitess."""

    serves_many = False

    def open(self, target: Target, *, program: str) -> Link:
        required_database(target)
        link = connect(target, program=program)
        try:
            with as_unavailable(target.label):
                link.database = text(link.row(_DATABASE, width=1)[0])
                link.leaves_out = is_internal
                link.reads_into = False
        except Unavailable:
            link.close()
            raise
        return link

    def set_session(self, link: Link, variables: Variables) -> None:
        wanted = {name: value for name, value in variables if name not in _NOT_PASSED_ON}
        link.execute(set_session(_as_vtgate_takes_them(wanted)))
        found = _session_of(link, wanted)
        differing = sorted(n for n in wanted if not _is_as_wanted(n, wanted[n], found.get(n)))
        if differing:
            raise Unavailable(session_not_set(link.target.label, differing))

    def endpoint(self, target: Target) -> Hashable:
        return (*target.endpoint, target.database)  # each shard has a server of its own

    def open_for_locks(self, target: Target, *, program: str) -> Link:
        """vtgate gives a session a connection of its own to the server once a setting of it has
        been changed, and GET_LOCK to no other; vttablet ends one that is silent, with its locks."""
        link = self.open(target, program=program)
        try:
            with as_unavailable(target.label):
                link.wait_at_most(LOCK_ANSWER_S_MAX)
                link.execute(set_session(_ANY_SETTING))
        except BaseException:
            link.close()
            raise
        return link

    def lock_database(self, link: Link, target: Target) -> str:
        return database_of(link)

    def vitals(self, link: Link, version: ServerVersion) -> Vitals:
        """The replicas are Vitess' own: no login of vtgate's is taken to them."""
        return measure_alone(link, version)

    def runs(self, process: Process, sql: str, database: str) -> bool:
        """vtgate writes a statement in its own words, so any of them that is DDL may be this one;
        what vttablet does with its own tables, which it names, is not."""
        is_here = process.database.casefold() == database.casefold()
        found = process.statement
        is_vttablet_s = not internal_names(found) <= internal_names(sql)
        return is_here and _DDL.match(found) is not None and not is_vttablet_s

    def allows(self, engine: EngineName) -> bool:
        return engine in _ENGINES

    def lock_wait(self, statement: PlannedStatement, lock_wait_s: int) -> Variables:
        """vtgate keeps lock_wait_timeout to itself, and takes a limit for the whole statement: of
        one that is done once it has its lock, that is the same (VT-32). What takes longer has
        vttablet's own limit."""
        run_s = _run_s_max(statement)
        if run_s is None:
            return ()
        return ((_QUERY_TIMEOUT, str((max(1, lock_wait_s) + run_s) * 1000)),)

    def after_statement(self) -> Variables:
        return ((_QUERY_TIMEOUT, "0"),)  # vtgate's and vttablet's own

    def ended_between(self, error: ServerError) -> bool:
        """vtgate answers when its time is over, vttablet when it has told the server to stop."""
        return error.number in _ENDED_BY_VITESS

    def confirm(self, link: Link, server: ServerLook) -> None:
        if look_at_server(link) != server:
            raise Unavailable(server_changed(link.target.label))


def _run_s_max(statement: PlannedStatement) -> int | None:
    """Once it has its lock; None: that depends on the rows."""
    match statement.execution:
        case ExecutionClass(algorithm=None | Algorithm.INSTANT):
            return STATEMENT_S_MAX
        case ExecutionClass(algorithm=Algorithm.INPLACE, rebuilds=False):
            return IN_PLACE_S_MAX if reads_no_row(statement.sql) else None
        case _:
            return None


def _as_vtgate_takes_them(wanted: Mapping[str, str]) -> Variables:
    given = {name: value for name, value in wanted.items() if name not in _NOT_KNOWN}
    if _SELECT_LIMIT in given:
        given[_SELECT_LIMIT] = str(_SELECT_LIMIT_MIN)
    return tuple(given.items())


def _session_of(link: Link, names: Mapping[str, str]) -> dict[str, str]:
    """As the server behind has them; vtgate answers `@@session` itself for some."""
    listed = ", ".join(f"'{name}'" for name in sorted(names))
    rows = link.query(f"SHOW SESSION VARIABLES WHERE Variable_name IN ({listed})", width=2)
    return {text(name): text(value) for name, value in rows}


def _is_as_wanted(name: str, wanted: str, found: str | None) -> bool:
    if name in _NOT_KNOWN and found is None:
        return True  # nor does the server: it is older than the variable
    if found is None:
        return False
    if name == _SELECT_LIMIT:
        try:
            return int(found) >= _SELECT_LIMIT_MIN
        except ValueError:
            raise misread() from None
    if name == "sql_mode":
        return _modes(found) == _modes(wanted)
    return found == wanted or _ON.get(wanted) == found.upper()


def _modes(mode: str) -> frozenset[str]:
    return frozenset(part.upper() for part in mode.split(",") if part)
