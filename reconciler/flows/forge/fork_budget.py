"""What the job of a fork may spend: a stranger's files decide what it reads and tries.

The base branch has grown with the repository's consent, so that a fork may have as much as that and
some more. What goes beyond is refused by name; a maintainer who brings the change into a branch of
the repository has no such bound.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from reconciler.ddl.foreign import ForeignDefinition
from reconciler.diff.session import DEFAULT_SESSION, StatementSession
from reconciler.errors import Problem, Refused
from reconciler.flows.limits import (
    FORK_BYTES_MORE_MAX,
    FORK_FILES_MORE_MAX,
    FORK_S_MAX,
    FORK_SHARDS_MORE_MAX,
    FORK_TABLES_MAX,
)
from reconciler.model.object_id import ObjectId, ObjectKind
from reconciler.model.observation import CrossDatabaseChild
from reconciler.model.schema import OtherObject
from reconciler.model.server import ServerError, ServerSettings
from reconciler.ports.clock import Clock
from reconciler.ports.scratch import Scratch, ScratchDatabase
from reconciler.spec.load import DesiredFiles
from reconciler.spec.model import Environment
from reconciler.spec.tree import Entry, FileTree


class ForkBudget:
    """Of one job, from the time it is made. What it gives out raises Refused when it is spent."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._until_s = clock.monotonic_s() + FORK_S_MAX
        self._base, self._fork = _Amount(), _Amount()
        self._tables = 0
        self._spent: Problem | None = None

    def base_tree(self, tree: FileTree) -> FileTree:
        return _Counted(tree, self._base, self.check)

    def fork_tree(self, tree: FileTree) -> FileTree:
        return _Counted(tree, self._fork, self._check_amount)

    def scratch(self, scratch: Scratch) -> Scratch:
        return _Timed(scratch, self.check)

    def check(self) -> None:
        """Raises Refused from the moment on when anything is spent."""
        if self._spent is None and self._clock.monotonic_s() > self._until_s:
            self._spent = _too_slow()
        if self._spent is not None:
            raise Refused(self._spent)

    def take(
        self,
        before: DesiredFiles,
        after: DesiredFiles,
        known: Environment,
        asked: Environment,
    ) -> None:
        """The definitions that the fork has otherwise than the base are the ones that a plan
        tries; each shard is planned for."""
        self._tables += len(set(after.digests) - set(before.digests))
        if self._tables > FORK_TABLES_MAX:
            self._spend(f"{self._tables} changed files", f"{FORK_TABLES_MAX}")
        more = len(asked.shards) - len(known.shards)
        if more > FORK_SHARDS_MORE_MAX:
            self._spend(f"{more} more shards than the base", f"{FORK_SHARDS_MORE_MAX}")
        self.check()

    def _check_amount(self) -> None:
        files = self._fork.files - self._base.files
        if files > FORK_FILES_MORE_MAX:
            self._spend(f"{files} more files than the base", f"{FORK_FILES_MORE_MAX}")
        size_bytes = self._fork.size_bytes - self._base.size_bytes
        if size_bytes > FORK_BYTES_MORE_MAX:
            self._spend(f"{size_bytes} more bytes than the base", f"{FORK_BYTES_MORE_MAX}")
        self.check()

    def _spend(self, what: str, most: str) -> None:
        self._spent = self._spent or _too_large(what, most)


class _Amount:
    """Of files that were read, each once however often that was."""

    def __init__(self) -> None:
        self._paths: set[str] = set()
        self.size_bytes = 0

    @property
    def files(self) -> int:
        return len(self._paths)

    def add(self, path: str, size_bytes: int) -> None:
        if path not in self._paths:
            self._paths.add(path)
            self.size_bytes += size_bytes


class _Counted:
    """A tree whose files are counted when they are read."""

    def __init__(self, tree: FileTree, amount: _Amount, check: Callable[[], None]) -> None:
        self._tree, self._amount, self._check = tree, amount, check

    def list_directory(self, path: str) -> tuple[Entry, ...] | None:
        self._check()
        return self._tree.list_directory(path)

    def read(self, path: str, *, bytes_max: int) -> bytes:
        self._check()
        content = self._tree.read(path, bytes_max=bytes_max)
        self._amount.add(path, len(content))
        self._check()
        return content


class _Timed:
    """A scratch server that is asked only as long as there is time."""

    def __init__(self, scratch: Scratch, check: Callable[[], None]) -> None:
        self._scratch, self._check = scratch, check

    def keep_off(self, servers: Collection[str]) -> None:
        self._scratch.keep_off(servers)

    @contextmanager
    def database(self, settings: ServerSettings) -> Iterator[ScratchDatabase]:
        self._check()
        with self._scratch.database(settings) as database:
            yield _TimedDatabase(database, self._check)


class _TimedDatabase:
    def __init__(self, database: ScratchDatabase, check: Callable[[], None]) -> None:
        self._database, self._check = database, check

    def execute(self, sql: str, session: StatementSession = DEFAULT_SESSION) -> ServerError | None:
        self._check()
        return self._database.execute(sql, session)

    def make(
        self, definition: ForeignDefinition, session: StatementSession = DEFAULT_SESSION
    ) -> ServerError | None:
        self._check()
        return self._database.make(definition, session)

    def resolves(self, view: str) -> ServerError | None:
        self._check()
        return self._database.resolves(view)

    def definitions(self) -> Mapping[str, str]:
        self._check()
        return self._database.definitions()

    def definition(self, table: str) -> str | None:
        self._check()
        return self._database.definition(table)

    def programs(self, kinds: Collection[ObjectKind]) -> Mapping[ObjectId, OtherObject]:
        self._check()
        return self._database.programs(kinds)

    def program(self, about: ObjectId) -> OtherObject | None:
        self._check()
        return self._database.program(about)

    def table_ids(self, table: str) -> frozenset[int]:
        self._check()
        return self._database.table_ids(table)

    def add_outside_parents(
        self, parents: Sequence[tuple[str, ForeignDefinition]]
    ) -> ServerError | None:
        self._check()
        return self._database.add_outside_parents(parents)

    def add_cross_database_children(
        self, children: Sequence[CrossDatabaseChild]
    ) -> ServerError | None:
        self._check()
        return self._database.add_cross_database_children(children)


_RECOVERY = (
    "make the pull request smaller, or have a maintainer bring it into a branch of the repository,"
    " where there is no such bound"
)


def _too_large(what: str, most: str) -> Problem:
    return Problem(
        code="fork-too-large",
        message=f"the fork's change is not looked at: {what}, of which a fork may have {most}",
        recovery=_RECOVERY,
    )


def _too_slow() -> Problem:
    return Problem(
        code="fork-too-slow",
        message=f"the fork's change is not looked at any further: it took {FORK_S_MAX} s",
        recovery=_RECOVERY,
    )
